import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { boat } from '../boat.ts';
import { bookmark, event, page, reflecting, type Reflecting, type Script } from './reflecting.ts';
import { refusal, Stream, type Answer } from '../scripted-api.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function made(script: Script): Promise<Reflecting> {
  const each = await reflecting(script);
  closing.push(each.close);
  return each;
}

async function started(script: Script): Promise<Reflecting> {
  const each = await made(script);
  await each.reflector.start();
  return each;
}

describe('when the server has forgotten where the watch was', () => {
  test.each<[string, Answer]>([
    ['an answer', refusal(410, 'Expired', 'too old resource version: 10 (99)')],
    ['an event', new Stream().write(event('ERROR', { code: 410, reason: 'Expired', message: 'too old' }))],
  ])('and says so by %s, it is listed again, and only what is different is told', async (_, forgotten) => {
    const { changes, watches, troubles } = await started({
      lists: [
        page([boat({ name: 'a' }), boat({ name: 'b' }), boat({ name: 'c', version: 3 })]),
        page([boat({ name: 'a' }), boat({ name: 'c', version: 9 }), boat({ name: 'd' })], { version: 99 }),
      ],
      watches: [forgotten],
    });
    await eventually('it watches again', () => watches().length === 2);
    expect(changes.slice(3)).toEqual(['updated canal/c@9', 'added canal/d@1', 'deleted canal/b@1']);
    expect(watches().map(({ query }) => query['resourceVersion'])).toEqual(['10', '99']);
    expect(troubles).toEqual([]);
  });
});

describe('a watch that cannot be opened', () => {
  test.each<[string, Answer, string]>([
    ['429', refusal(429, 'TooManyRequests', 'busy'), 'TooManyRequests'],
    ['500', refusal(500, 'InternalError', 'no'), 'Unavailable'],
    ['401', refusal(401, 'Unauthorized', 'Unauthorized'), 'Unauthorized'],
    ['403', refusal(403, 'Forbidden', 'no'), 'Forbidden'],
    ['a lost connection', 'lost', 'Unavailable'],
  ])('because of %s is told of and opened again from the same place', async (_, answer, code) => {
    const stream = new Stream();
    const { changes, troubles, lists, watches } = await started({
      // A refused token is tried twice by itself.
      watches: code === 'Unauthorized' ? [answer, answer, stream] : [answer, stream],
    });
    stream.write(event('ADDED', boat({ version: 11 })));
    await eventually('it is told', () => changes.length === 1);
    expect(troubles).toMatchObject([{ code }]);
    expect(lists()).toHaveLength(1);
    expect(new Set(watches().map(({ query }) => query['resourceVersion']))).toEqual(new Set(['10']));
  });

  test('because its version is not taken is told of, and all is read anew', async () => {
    const { lists, watches, troubles } = await started({
      lists: [page([]), page([], { version: 20 })],
      watches: [refusal(400, 'BadRequest', 'what version is that?')],
    });
    await eventually('it watches again', () => watches().length === 2);
    expect(watches().map(({ query }) => query['resourceVersion'])).toEqual(['10', '20']);
    expect([lists().length, troubles]).toMatchObject([2, [{ code: 'Invalid' }]]);
  });

  test('is not opened again and again without a pause, also when it seems to open', async () => {
    const { troubles, watches } = await started({
      watches: [new Stream().end(), new Stream().end(), new Stream()],
    });
    const began = performance.now();
    await eventually('it is opened a third time', () => watches().length === 3);
    // A quarter and half of a second, either a third less by chance.
    expect(performance.now() - began).toBeGreaterThan(450);
    expect(troubles).toMatchObject([
      { code: 'Unavailable', message: 'watch boats: ended as soon as it began' },
      { code: 'Unavailable' },
    ]);
  });
});

describe('a watch that is silent', () => {
  test('is cut, and all is read anew', async () => {
    const { api, changes, troubles, watches } = await started({
      lists: [page([]), page([boat()], { version: 8 })],
      watches: [new Stream()],
      silenceMs: 300,
    });
    await eventually('it is opened again', () => watches().length === 2);
    expect(changes).toEqual(['added canal/anna@1']);
    expect(troubles).toMatchObject([{ code: 'Timeout', message: 'watch boats: nothing came for 300 ms' }]);
    expect(api.pending()).toBe(1);
  });

  test('after it has said something, too', async () => {
    const { watches } = await started({ watches: [new Stream().write(bookmark(20))], silenceMs: 300 });
    await eventually('it is opened again', () => watches().length === 2);
    expect(watches().map(({ query }) => query['resourceVersion'])).toEqual(['10', '10']);
  });

  test('before it is open, too', async () => {
    const { troubles, watches } = await started({ watches: ['never'], silenceMs: 300 });
    await eventually('it is opened again', () => watches().length === 2);
    expect(troubles).toMatchObject([{ code: 'Timeout' }]);
  });
});

/** What keeps the process from ending by itself. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
}

describe('stopping', () => {
  test.each<[string, Script, (each: Reflecting) => boolean]>([
    ['a list', { lists: ['never'] }, ({ lists }) => lists().length === 1],
    [
      'a list, at its second page,',
      { lists: [page([], { next: 'two' }), 'never'] },
      ({ lists }) => lists().length === 2,
    ],
    [
      'a list that is to be tried again',
      { lists: [refusal(429, 'TooManyRequests', 'busy', { retryAfterSeconds: 30 })] },
      ({ lists }) => lists().length === 1,
    ],
    [
      'the pause after a failure',
      { lists: [refusal(403, 'Forbidden', 'no')] },
      ({ troubles }) => troubles.length === 1,
    ],
    ['the opening of a watch', { watches: ['never'] }, ({ watches }) => watches().length === 1],
    ['a watch', { watches: [new Stream()] }, ({ watches }) => watches().length === 1],
    [
      'a watch with events',
      { watches: [new Stream().write(event('ADDED', boat()))] },
      ({ changes }) => changes.length === 1,
    ],
  ])('during %s leaves no request and no timer', async (_, script, isThere) => {
    const before = timers();
    const each = await made(script);
    const start = each.reflector.start().catch((thrown: unknown) => thrown);
    await eventually('it is there', () => isThere(each));
    await each.reflector.stop();
    expect(timers()).toBeLessThanOrEqual(before);
    await eventually('all requests are over', () => each.api.pending() === 0);
    await start;
  });

  test('before the first list is there rejects who waits for it', async () => {
    const { reflector } = await made({ lists: ['never'] });
    const start = reflector.start();
    start.catch(() => undefined);
    await reflector.stop();
    await expect(start).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('twice, or what was never started, does nothing', async () => {
    const { api, reflector } = await made({});
    await reflector.stop();
    await reflector.stop();
    await expect(reflector.start()).rejects.toMatchObject({ name: 'AbortError' });
    expect(api.asked).toEqual([]);
  });

  test('keeps what was known', async () => {
    const { reflector } = await started({ lists: [page([boat()])] });
    await reflector.stop();
    expect(reflector.store.get('canal/anna')).toEqual(boat());
  });
});

test('starting twice starts once', async () => {
  const { reflector, lists, watches } = await made({ lists: [page([boat()])] });
  await Promise.all([reflector.start(), reflector.start()]);
  await reflector.start();
  await eventually('it watches', () => watches().length === 1);
  expect([lists().length, watches().length]).toEqual([1, 1]);
});
