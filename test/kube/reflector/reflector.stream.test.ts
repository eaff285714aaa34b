import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { boat } from '../boat.ts';
import { bookmark, end, event, page, reflecting, type Reflecting, type Script } from './reflecting.ts';
import { refusal, Stream, type Answer, type Asked } from '../scripted-api.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function made(script: Script): Promise<Reflecting> {
  const each = await reflecting({ initial: 'stream', firstDelayMs: 10, ...script });
  closing.push(each.close);
  return each;
}

/** Of each watch whether it was to begin with all objects. */
const streamed = (watches: readonly Asked[]): boolean[] =>
  watches.map(({ query }) => query['sendInitialEvents'] === 'true');

test('all objects are read as the beginning of the watch, and then it goes on', async () => {
  const stream = new Stream();
  const { reflector, changes, lists, watches } = await made({ watches: [stream] });
  const start = reflector.start();
  // An object may be newer than the one before it, and older than what ends them.
  stream.write(
    event('ADDED', boat({ name: 'b', version: 7 })),
    event('ADDED', boat({ name: 'a', version: 3 })),
  );
  await eventually('they are told', () => changes.length === 2);
  expect(reflector.hasSynced).toBe(false);
  stream.write(bookmark(8)); // an ordinary one ends nothing
  stream.write(end(10));
  await start;
  stream.write(event('MODIFIED', boat({ name: 'a', version: 11 })));
  await eventually('it is told', () => changes.length === 3);
  expect(changes).toEqual(['added canal/b@7', 'added canal/a@3', 'updated canal/a@11']);
  expect([reflector.hasSynced, lists().length, watches().length]).toEqual([true, 0, 1]);
  expect(watches()[0]?.query).toMatchObject({
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
    allowWatchBookmarks: 'true',
  });
  expect(watches()[0]?.query).not.toHaveProperty('resourceVersion');
});

test('a stream that breaks before its end is begun anew, and nothing counts as gone before that', async () => {
  const { reflector, changes, watches } = await made({
    watches: [
      new Stream().write(event('ADDED', boat({ name: 'a' })), event('ADDED', boat({ name: 'b' }))).lose(),
      new Stream().write(event('ADDED', boat({ name: 'a' })), end(10)),
    ],
  });
  await reflector.start();
  expect(changes).toEqual(['added canal/a@1', 'added canal/b@1', 'deleted canal/b@1']);
  expect(watches().map(({ query }) => query['sendInitialEvents'])).toEqual(['true', 'true']);
});

test.each<[string, () => Stream, string]>([
  ['ends', () => new Stream().write(event('ADDED', boat({ name: 'a' }))).end(), 'Unavailable'],
  ['brings nothing', () => new Stream(), 'Timeout'],
])('where a stream %s before all objects have come they are read in pages', async (_, stream, code) => {
  const { reflector, lists, watches, troubles, changes } = await made({
    lists: [page([boat({ name: 'a' }), boat({ name: 'b' })])],
    watches: [stream()],
    silenceMs: 500,
  });
  await reflector.start();
  await eventually('it is followed', () => watches().length >= 2);
  expect(troubles[0]).toMatchObject({ code });
  expect(changes).toEqual(['added canal/a@1', 'added canal/b@1']);
  expect(lists()).toHaveLength(1);
  expect(watches()[1]?.query).not.toHaveProperty('sendInitialEvents');
});

/** One that is refused, as by a server that is overloaded. */
const unavailable = refusal(503, 'ServiceUnavailable', 'busy');
const brokenOff = (): Stream =>
  new Stream().write(event('ADDED', boat({ name: 'a' })), '{"type": "AD').lose();
const forgotten = (): Stream => new Stream().write(event('ERROR', { code: 410, message: 'too old' }));

describe('where no stream comes to its end', () => {
  test.each<[string, () => Answer]>([
    ['the connection breaks before the answer', () => 'lost'],
    ['the connection breaks in the middle of it', brokenOff],
    ['there is no head of the answer', () => 'never'],
    ['the server says 503', () => unavailable],
    ['the server has forgotten', forgotten],
  ])('all are read in pages after the second time: %s', async (_, answer) => {
    const { reflector, lists, watches, changes } = await made({
      lists: [page([boat({ name: 'a' }), boat({ name: 'b' })])],
      watches: [answer(), answer()],
      watchHeadMs: 300,
    });
    await reflector.start();
    await eventually('it is followed', () => watches().length === 3);
    expect(changes).toEqual(['added canal/a@1', 'added canal/b@1']);
    expect(lists()).toHaveLength(1);
    expect(streamed(watches())).toEqual([true, true, false]);
  });

  test('pages are kept to from then on', async () => {
    const { reflector, lists, watches } = await made({ watches: ['lost', 'lost', forgotten()] });
    await reflector.start();
    await eventually('it is followed again', () => watches().length === 4);
    expect(lists()).toHaveLength(2);
    expect(streamed(watches())).toEqual([true, true, false, false]);
  });

  test('streams are tried again when pages fail twice too', async () => {
    const tooLate = refusal(410, 'Expired', 'too old');
    const { reflector, lists, watches } = await made({
      lists: [tooLate],
      watches: ['lost', 'lost', new Stream().write(end(10))],
    });
    await reflector.start();
    expect(lists()).toHaveLength(2);
    expect(streamed(watches())).toEqual([true, true, true]);
  });

  test('nothing is changed by what the server would say to both', async () => {
    const to = [401, 403, 404, 429].map((status) => refusal(status, 'Refused', 'no'));
    // Asked once more with the token read anew.
    const watches = [to[0] ?? 'lost', ...to, 'lost', new Stream().write(end(10))] as const;
    const { reflector, lists, watches: asked } = await made({ watches });
    await reflector.start();
    expect(lists()).toHaveLength(0);
    expect(asked()).toHaveLength(watches.length);
  }, 15_000);

  test('one that came to its end makes the next failure the first', async () => {
    const whole = new Stream().write(end(10), event('ERROR', { code: 410, message: 'too old' }));
    const { reflector, lists, watches } = await made({
      watches: ['lost', whole, 'lost', new Stream().write(end(12))],
    });
    await reflector.start();
    await eventually('it is followed again', () => watches().length === 4);
    expect(lists()).toHaveLength(0);
  });
});

test('what the server has forgotten is read anew, and only what is different is told', async () => {
  const { reflector, changes, watches, troubles } = await made({
    watches: [
      new Stream().write(
        event('ADDED', boat({ name: 'a' })),
        event('ADDED', boat({ name: 'b' })),
        event('ADDED', boat({ name: 'c', version: 3 })),
        end(10),
        event('ERROR', { code: 410, reason: 'Expired', message: 'too old' }),
      ),
      new Stream().write(
        event('ADDED', boat({ name: 'a' })),
        event('ADDED', boat({ name: 'b', version: 98, uid: 'another' })),
        event('ADDED', boat({ name: 'd' })),
        end(99),
      ),
    ],
  });
  await reflector.start();
  await eventually('all is told', () => changes.length >= 7);
  expect(changes.slice(3)).toEqual([
    'deleted canal/b@1',
    'added canal/b@98',
    'added canal/d@1',
    'deleted canal/c@3',
  ]);
  expect(watches()).toHaveLength(2);
  expect(troubles).toEqual([]);
});

test.each([
  [400, 'BadRequest'],
  [422, 'Invalid'],
])('a server that refuses such a stream with %d is listed in pages, from then on', async (status, reason) => {
  const refused = refusal(status, reason, 'sendInitialEvents is forbidden for watch');
  const forgotten = new Stream().write(event('ERROR', { code: 410, message: 'too old' }));
  const { reflector, lists, watches, troubles } = await made({
    lists: [page([boat()]), page([boat()], { version: 20 })],
    watches: [refused, forgotten],
  });
  await reflector.start();
  await eventually('it watches again', () => watches().length === 3);
  expect(lists()).toHaveLength(2);
  expect(watches().map(({ query }) => query['sendInitialEvents'])).toEqual(['true', undefined, undefined]);
  expect(troubles).toEqual([]);
});

describe('a server that was put back to an older state', () => {
  test('is read anew when a watch shows it', async () => {
    const { reflector, changes, watches, troubles } = await made({
      watches: [
        new Stream().write(
          event('ADDED', boat({ name: 'a', version: 90 })),
          end(100),
          event('MODIFIED', boat({ name: 'a', version: 70 })),
        ),
        new Stream().write(event('ADDED', boat({ name: 'b', version: 60 })), end(71)),
      ],
    });
    await reflector.start();
    await eventually('all is told', () => changes.includes('deleted canal/a@70'));
    expect(watches().map(({ query }) => query['sendInitialEvents'])).toEqual(['true', 'true']);
    expect(troubles).toMatchObject([
      { code: 'Gone', message: 'boats: the server is at version 70 and was at 100 before' },
    ]);
  });

  test('may say something else under the same version', async () => {
    const was = boat({ name: 'a', version: 15, harbour: 'Ghent' });
    const is = boat({ name: 'a', version: 15, harbour: 'Bruges' });
    const { reflector, changes } = await made({
      watches: [
        new Stream().write(event('ADDED', was), end(20), bookmark(16)),
        new Stream().write(event('ADDED', is), end(16), event('ADDED', boat({ name: 'b', version: 17 }))),
      ],
    });
    await reflector.start();
    await eventually('all is told', () => changes.includes('added canal/b@17'));
    expect(changes).toEqual(['added canal/a@15', 'updated canal/a@15', 'added canal/b@17']);
    expect(reflector.store.get('canal/a')).toEqual(is);
  });

  test('is read anew when it comes back after a lost connection', async () => {
    const { reflector, changes, watches } = await made({
      now: 71,
      watches: [
        new Stream().write(event('ADDED', boat({ name: 'a', version: 90 })), end(100)).lose(),
        new Stream().write(event('ADDED', boat({ name: 'b', version: 60 })), end(71)),
      ],
    });
    await reflector.start();
    await eventually('all is told', () => changes.length === 3);
    expect(changes).toEqual(['added canal/a@90', 'added canal/b@60', 'deleted canal/a@90']);
    expect(watches().map(({ query }) => query['sendInitialEvents'])).toEqual(['true', 'true']);
  });
});

test('after an event that cannot be read the watch goes on for a while, and then all is read anew', async () => {
  const stream = new Stream().write(event('ADDED', boat({ name: 'a' })), end(10), '{"type": "ADD', '\n');
  const { reflector, changes, watches, troubles } = await made({
    watches: [
      stream,
      new Stream().write(
        event('ADDED', boat({ name: 'b', version: 11 })),
        event('ADDED', boat({ name: 'c', version: 12 })),
        end(12),
      ),
    ],
    rereadMs: 300,
  });
  await reflector.start();
  await eventually('it is told', () => troubles.length === 1);
  stream.write(event('ADDED', boat({ name: 'c', version: 12 })));
  await eventually('all is told', () => changes.length === 4);
  expect(changes).toEqual(['added canal/a@1', 'added canal/c@12', 'added canal/b@11', 'deleted canal/a@1']);
  expect(watches().map(({ query }) => query['sendInitialEvents'])).toEqual(['true', 'true']);
  expect(troubles).toMatchObject([
    { code: 'Malformed', message: 'watch boats: an event cannot be read' },
    { code: 'Malformed', message: 'watch boats: all is read anew, as an event could not be read' },
  ]);
});
