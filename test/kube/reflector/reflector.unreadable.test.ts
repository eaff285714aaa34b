import { describe, expect, jest, test } from '@jest/globals';
import { KubeError } from '../../../src/kube/errors.ts';
import { boat } from '../boat.ts';
import { bookmark, end, event } from './reflecting.ts';
import { listOf, startedInTime, useTimedApi, type TimedWatch } from './timed-api.ts';

/** What cannot be read may have been the only news of any object. */

useTimedApi();

const second = 1_000;

const garbled = { type: 'SUNK', object: {} };

describe.each<[string, (watch: TimedWatch | undefined) => void]>([
  ['the connection breaks', (watch) => watch?.lose()],
  ['the server says that it failed', (watch) => watch?.write(event('ERROR', { kind: 'Status', code: 500 }))],
  ['the server ends the watch', (watch) => watch?.end()],
])('when %s before all would have been read anew for it', (_, ended) => {
  test.each<[string, object]>([
    ['another object came after it', event('ADDED', boat({ name: 'b', version: 12 }))],
    ['a bookmark came after it', bookmark(20)],
  ])('all is read anew though %s', async (__, after) => {
    const { reflector, lists, watches } = await startedInTime([
      () => listOf([]),
      () => listOf([boat({ name: 'a', version: 11 }), boat({ name: 'b', version: 12 })], 21),
    ]);
    watches[0]?.write(garbled, after);
    await jest.advanceTimersByTimeAsync(second);
    ended(watches[0]);
    await jest.advanceTimersByTimeAsync(second);
    expect(lists).toHaveLength(2);
    expect([...reflector.store.keys()].toSorted()).toEqual(['canal/a', 'canal/b']);
    await reflector.stop();
  });
});

test('all is read anew in time, however often a line cannot be read meanwhile', async () => {
  const { reflector, watches, lists } = await startedInTime([() => listOf([])]);
  for (let seconds = 0; seconds < 27; seconds += 9) {
    watches[0]?.write(garbled);
    await jest.advanceTimersByTimeAsync(9 * second);
  }
  expect(lists).toHaveLength(2);
  await reflector.stop();
});

test('a stop while all is to be read anew leaves no timer', async () => {
  const { reflector, watches, troubles } = await startedInTime([() => listOf([])]);
  watches[0]?.write(garbled, garbled);
  await jest.advanceTimersByTimeAsync(second);
  expect(troubles).toHaveLength(2);
  await reflector.stop();
  expect(jest.getTimerCount()).toBe(0);
});

test('what could not be read while all is read anew does not count as gone, and what is gone does so at the next reading', async () => {
  const { reflector, watches, changes } = await startedInTime([], { initial: 'stream' });
  const all = ['a', 'b', 'c'].map((name) => event('ADDED', boat({ name })));
  watches[0]?.write(...all, end(10), event('ERROR', { kind: 'Status', code: 410 }));
  await jest.advanceTimersByTimeAsync(second);
  expect(changes.splice(0)).toEqual(['added canal/a@1', 'added canal/b@1', 'added canal/c@1']);
  watches[1]?.write(event('ADDED', boat({ name: 'a' })), garbled, end(20));
  await jest.advanceTimersByTimeAsync(second);
  expect(changes).toEqual([]);
  await jest.advanceTimersByTimeAsync(15 * second);
  expect(watches).toHaveLength(3);
  watches[2]?.write(event('ADDED', boat({ name: 'a' })), event('ADDED', boat({ name: 'b' })), end(30));
  await jest.advanceTimersByTimeAsync(second);
  expect(changes).toEqual(['deleted canal/c@1']);
  await reflector.stop();
});

test.each(['ADDED', 'MODIFIED', 'DELETED'] as const)(
  '%s of what has no name, or no version, is as a line that cannot be read',
  async (type) => {
    for (const metadata of [{ resourceVersion: '11' }, { name: 'anna', namespace: 'canal' }]) {
      const { reflector, watches, lists, troubles } = await startedInTime([() => listOf([boat()])]);
      watches[0]?.write({ type, object: { kind: 'Boat', metadata } });
      await jest.advanceTimersByTimeAsync(15 * second);
      expect(lists).toHaveLength(2);
      expect(troubles).toMatchObject([
        { code: 'Malformed', message: 'watch boats: an event cannot be read' },
        { code: 'Malformed', message: 'watch boats: all is read anew, as an event could not be read' },
      ]);
      await reflector.stop();
    }
  },
);

describe('a page of a list that is too large', () => {
  /** A server whose pages are too large when they hold more than so many. */
  function upTo(most: number, all: readonly ReturnType<typeof boat>[]) {
    return (query: Readonly<Record<string, string>>): object => {
      const limit = Number(query['limit']);
      if (limit > most) throw new KubeError('TooLarge', 'the answer is larger than it may be');
      const from = Number(query['continue'] ?? 0);
      const next = from + limit < all.length ? { continue: String(from + limit) } : {};
      return {
        kind: 'BoatList',
        metadata: { resourceVersion: '10', ...next },
        items: all.slice(from, from + limit),
      };
    };
  }
  const all = Array.from({ length: 200 }, (_, index) => boat({ name: `b${index}` }));

  test('is asked for in halves until it fits, and the others after it are as small', async () => {
    const { reflector, lists, troubles } = await startedInTime([upTo(100, all)]);
    await jest.advanceTimersByTimeAsync(0);
    expect(reflector.store.size).toBe(200);
    expect(lists.map(({ limit }) => limit)).toEqual(['500', '250', '125', '62', '62', '62', '62']);
    expect(lists.map((query) => query['continue']).slice(4)).toEqual(['62', '124', '186']);
    expect(troubles).toEqual([]);
    await reflector.stop();
  });

  test('may hold a single object, and when that is too large it is told of', async () => {
    const { reflector, lists, troubles } = await startedInTime([upTo(0, all)]);
    expect(lists.map(({ limit }) => limit)).toEqual(['500', '250', '125', '62', '31', '15', '7', '3', '1']);
    expect(troubles).toMatchObject([{ code: 'TooLarge' }]);
    expect(reflector.hasSynced).toBe(false);
    await reflector.stop();
  });
});

test('streams are tried again where pages fail, though one of them ended early', async () => {
  const broken = (): never => {
    throw new KubeError('Malformed', 'the answer is not a list');
  };
  const { reflector, watches, lists } = await startedInTime([broken], { initial: 'stream' });
  watches[0]?.end();
  await jest.advanceTimersByTimeAsync(5 * second);
  expect(lists).toHaveLength(2);
  expect(watches.map(({ query }) => query['sendInitialEvents'])).toEqual(['true', 'true']);
  watches[1]?.write(end(10));
  await jest.advanceTimersByTimeAsync(0);
  expect(reflector.hasSynced).toBe(true);
  await reflector.stop();
});
