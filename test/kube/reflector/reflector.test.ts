import { afterEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { boat } from '../boat.ts';
import { bookmark, event, page, reflecting, type Reflecting, type Script } from './reflecting.ts';
import { refusal, Stream } from '../scripted-api.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function started(script: Script): Promise<Reflecting> {
  const made = await reflecting(script);
  closing.push(made.close);
  await made.reflector.start();
  return made;
}

function versionsOf({ watches }: Reflecting): (string | undefined)[] {
  return watches().map(({ query }) => query['resourceVersion']);
}

describe('a list', () => {
  test('is read page by page, and is in the store when the start is over', async () => {
    const { reflector, changes, lists } = await started({
      lists: [
        page([boat({ name: 'a' })], { next: 'two' }),
        page([boat({ name: 'b' })], { next: 'three' }),
        page([boat({ name: 'c' })]),
      ],
    });
    expect(lists().map(({ path, query }) => [path, query])).toEqual([
      ['/apis/canal.test/v1/boats', { limit: '500' }],
      ['/apis/canal.test/v1/boats', { limit: '500', continue: 'two' }],
      ['/apis/canal.test/v1/boats', { limit: '500', continue: 'three' }],
    ]);
    expect(changes).toEqual(['added canal/a@1', 'added canal/b@1', 'added canal/c@1']);
    expect(reflector.store.get('canal/b')).toEqual(boat({ name: 'b' }));
  });

  test('that expires in the middle is told of and read anew, and nothing counts as gone before its end', async () => {
    const { changes, lists, troubles } = await started({
      lists: [
        page([boat({ name: 'a' }), boat({ name: 'gone' })], { next: 'two' }),
        refusal(410, 'Expired', 'The provided continue parameter is too old'),
        page([boat({ name: 'a' })]),
      ],
    });
    expect(changes).toEqual(['added canal/a@1', 'added canal/gone@1', 'deleted canal/gone@1']);
    expect(lists().map(({ query }) => query['continue'])).toEqual([undefined, 'two', undefined]);
    expect(troubles).toMatchObject([{ code: 'Gone' }]);
  });

  test('is asked for again until it comes', async () => {
    const { changes, troubles, lists } = await started({
      lists: [
        refusal(403, 'Forbidden', 'boats is forbidden'),
        { body: { hello: 'world' } },
        page([boat({ name: 'a' })]),
      ],
    });
    expect(changes).toEqual(['added canal/a@1']);
    expect(troubles).toMatchObject([
      { code: 'Forbidden', message: 'GET /apis/canal.test/v1/boats: boats is forbidden' },
      { code: 'Malformed', message: 'list boats: the answer is not a list' },
    ]);
    expect(lists()).toHaveLength(3);
  });
});

test('the facts hold what went wrong last until something is heard', async () => {
  const refused = await reflecting({ lists: [refusal(403, 'Forbidden', 'no'), page([])] });
  closing.push(refused.close);
  expect(refused.reflector.facts().lastFailure).toBeUndefined();
  const start = refused.reflector.start();
  await eventually('it is refused', () => refused.reflector.facts().lastFailure === 'Forbidden');
  await start;
  expect(refused.reflector.facts().lastFailure).toBeUndefined();
});

describe('a watch', () => {
  test('keeps the store equal to the server', async () => {
    const stream = new Stream();
    const { reflector, changes } = await started({
      lists: [page([boat({ name: 'a' })], { version: 10 })],
      watches: [stream],
      indexOf: ({ harbour }) => [harbour],
    });
    stream.write(
      event('ADDED', boat({ name: 'b', version: 11 })),
      event('MODIFIED', boat({ name: 'a', version: 12, harbour: 'Delft' })),
      event('DELETED', boat({ name: 'b', version: 13 })),
    );
    await eventually('all events are told', () => changes.length === 4);
    expect(changes).toEqual([
      'added canal/a@1',
      'added canal/b@11',
      'updated canal/a@12',
      'deleted canal/b@11',
    ]);
    expect([...reflector.store.keys()]).toEqual(['canal/a']);
    expect(reflector.store.indexed('Delft')).toEqual(['canal/a']);
  });

  test('begins where the list was, asks for bookmarks, and ends within ten minutes', async () => {
    const made = await started({ lists: [page([], { version: 77 })] });
    await eventually('it watches', () => made.watches().length === 1);
    const [{ path, query } = { path: '', query: {} }] = made.watches();
    expect([path, query]).toEqual([
      '/apis/canal.test/v1/boats',
      {
        watch: 'true',
        resourceVersion: '77',
        allowWatchBookmarks: 'true',
        timeoutSeconds: expect.stringMatching(/^[3-6]\d\d$/),
      },
    ]);
  });

  test.each<[string, (stream: Stream) => Stream]>([
    ['the server ended it', (stream) => stream.end()],
    ['the connection was lost', (stream) => stream.lose()],
    ['half an event came', (stream) => stream.write('{"type":"ADDED","obj').end()],
    ['an error came', (stream) => stream.write(event('ERROR', { code: 500, message: 'etcd is slow' }))],
  ])('goes on behind the last event when %s, without a new list', async (_, end) => {
    const made = await started({
      lists: [page([], { version: 10 })],
      watches: [end(new Stream().write(event('ADDED', boat({ version: 11 }))))],
    });
    await eventually('it watches again', () => made.watches().length === 2);
    await eventually('the watch before is over', () => made.api.pending() === 1);
    expect([versionsOf(made), made.lists().length, made.changes]).toEqual([
      ['10', '11'],
      1,
      ['added canal/anna@11'],
    ]);
  });

  test.each<[string, (stream: Stream) => Stream]>([
    ['the server ended it', (stream) => stream.end()],
    ['the connection was lost', (stream) => stream.lose()],
  ])('goes on behind the last bookmark when %s', async (_, end) => {
    const made = await started({ watches: [end(new Stream().write(bookmark(20), bookmark(25)))] });
    await eventually('it watches again', () => made.watches().length === 2);
    expect([versionsOf(made), made.changes]).toEqual([['10', '25'], []]);
  });

  test('passes over an event that cannot be read, tells of it without repeating it, and takes the next one', async () => {
    const made = await started({
      watches: [
        new Stream().write(
          'canary {\n',
          { type: 'SUNK', object: { name: 'canary' } },
          event('ADDED', boat({ version: 12 })),
        ),
      ],
    });
    await eventually('the good one is told', () => made.changes.length === 1);
    expect(made.troubles).toMatchObject([
      { code: 'Malformed', message: 'watch boats: an event cannot be read' },
      { code: 'Malformed', message: 'watch boats: an event cannot be read' },
    ]);
  });

  test('takes an event that comes in pieces, cut in a character', async () => {
    const bytes = Buffer.from(`${JSON.stringify(event('ADDED', boat({ harbour: 'Århus' })))}\n`);
    const stream = new Stream();
    const { reflector, changes } = await started({ watches: [stream] });
    const cut = bytes.indexOf('Å') + 1;
    stream.write(bytes.subarray(0, cut), bytes.subarray(cut));
    await eventually('it is told', () => changes.length === 1);
    expect(reflector.store.get('canal/anna')?.harbour).toBe('Århus');
  });
});

describe('an object that was replaced by another of its name', () => {
  const first = boat({ uid: 'a', version: 5 });
  const second = boat({ uid: 'b', version: 12 });
  const expected = ['added canal/anna@5', 'deleted canal/anna@5', 'added canal/anna@12'];

  test('while nobody watched is a deletion and an addition', async () => {
    const { changes } = await started({
      lists: [page([first]), page([second], { version: 12 })],
      watches: [refusal(410, 'Expired', 'too old resource version')],
    });
    await eventually('it is told', () => changes.length === 3);
    expect(changes).toEqual(expected);
  });

  test('is so too when only the second one is seen', async () => {
    const { changes } = await started({
      lists: [page([first])],
      watches: [new Stream().write(event('ADDED', second))],
    });
    await eventually('it is told', () => changes.length === 3);
    expect(changes).toEqual(expected);
  });
});

describe('an object that cannot be kept', () => {
  const kept = z.object({ metadata: z.looseObject({ name: z.string() }), harbour: z.string() });
  const project = (object: unknown) => {
    kept.parse(object);
    return object as ReturnType<typeof boat>; // as far as the test reads it
  };
  const broken = (version: number) => ({ ...boat({ name: 'b', version }), harbour: 7 });

  test('is left out of the list and told of by its name', async () => {
    const { changes, troubles } = await started({
      lists: [page([boat({ name: 'a' }), broken(2)])],
      project,
    });
    expect(changes).toEqual(['added canal/a@1']);
    expect(troubles).toMatchObject([
      { code: 'Malformed', message: expect.stringMatching(/^boats canal\/b is left out: .*harbour/) },
    ]);
  });

  test('leaves the store, as a list would leave it out', async () => {
    const { changes, reflector } = await started({
      lists: [page([boat({ name: 'b' })])],
      watches: [new Stream().write(event('MODIFIED', broken(12)))],
      project,
    });
    await eventually('it is told', () => changes.length === 2);
    expect([changes.at(-1), reflector.store.size]).toEqual(['deleted canal/b@1', 0]);
  });

  test('leaves the store when it is deleted', async () => {
    const { changes, troubles } = await started({
      lists: [page([boat({ name: 'b' })])],
      watches: [new Stream().write(event('DELETED', broken(12)))],
      project,
    });
    await eventually('it is told', () => changes.length === 2);
    expect([changes.at(-1), troubles]).toEqual(['deleted canal/b@1', []]);
  });

  test('for the names by which it would be found is left out and told of, and the watch goes on', async () => {
    const { changes, troubles, watches } = await started({
      lists: [page([boat({ name: 'a' })])],
      watches: [
        new Stream().write(
          event('MODIFIED', boat({ name: 'a', version: 11, harbour: '' })),
          event('ADDED', boat({ name: 'b', version: 12 })),
        ),
      ],
      indexOf: ({ harbour, metadata }) => {
        if (harbour === '') throw new Error(`${metadata.name} is nowhere`);
        return [harbour];
      },
    });
    await eventually('the next one is told', () => changes.length === 3);
    expect(changes).toEqual(['added canal/a@1', 'deleted canal/a@1', 'added canal/b@12']);
    expect(troubles).toMatchObject([{ message: 'boats canal/a is left out: a is nowhere' }]);
    expect(watches()).toHaveLength(1);
  });
});

test('a reader who throws is told of, and misses nothing that follows', async () => {
  const { changes, troubles } = await started({
    lists: [page([boat({ name: 'a' }), boat({ name: 'b' })])],
    watches: [
      new Stream().write(
        event('ADDED', boat({ name: 'c', version: 11 })),
        event('ADDED', boat({ name: 'd', version: 12 })),
      ),
    ],
    onChange: ({ key }) => {
      if (key !== 'canal/b') throw new Error(`no ${key}`);
    },
  });
  await eventually('all are told', () => changes.length === 4);
  expect(troubles).toEqual([new Error('no canal/a'), new Error('no canal/c'), new Error('no canal/d')]);
});
