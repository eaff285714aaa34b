import { describe, expect, jest, test } from '@jest/globals';
import { KubeError } from '../../../src/kube/errors.ts';
import { boat } from '../boat.ts';
import { bookmark, end, event } from './reflecting.ts';
import { listOf, startedInTime, timedReflecting, useTimedApi } from './timed-api.ts';

/** Something between us and the server may let a watch open and keep what comes of it. */

useTimedApi();

const second = 1_000;

const nothing = () => listOf([]);
const changed = () => listOf([boat({ version: 11 })], 12);

describe.each(['end', 'lose'] as const)('where watches open, bring nothing and %s after a minute', (how) => {
  test('all is read anew when they have brought nothing for three minutes together', async () => {
    const { reflector, lists, watches, changes } = await startedInTime([nothing, changed]);
    for (let minute = 1; minute <= 4; minute += 1) {
      await jest.advanceTimersByTimeAsync(60 * second);
      if (changes.length > 0) break;
      expect(reflector.staleMs()).toBeGreaterThanOrEqual(minute * 60 * second);
      watches.at(-1)?.[how]();
      await jest.advanceTimersByTimeAsync(5 * second);
    }
    expect(changes).toEqual(['added canal/anna@11']);
    expect(lists).toHaveLength(2);
    await reflector.stop();
  });

  test('a word in any of them begins the three minutes anew', async () => {
    const { reflector, lists, watches, troubles } = await startedInTime([nothing, changed]);
    for (let minute = 1; minute <= 10; minute += 1) {
      await jest.advanceTimersByTimeAsync(55 * second);
      if (minute % 2 === 0) watches.at(-1)?.write(bookmark(10 + minute));
      await jest.advanceTimersByTimeAsync(5 * second);
      watches.at(-1)?.[how]();
      await jest.advanceTimersByTimeAsync(5 * second);
    }
    expect(lists).toHaveLength(1);
    expect(troubles.every((trouble) => Object(trouble).code === 'Unavailable')).toBe(true);
    await reflector.stop();
  });
});

test('a single watch may be silent for three minutes, whenever that begins', async () => {
  const { reflector, lists, watches } = await startedInTime([nothing, changed]);
  await jest.advanceTimersByTimeAsync(179 * second);
  watches.at(-1)?.write(bookmark(20));
  await jest.advanceTimersByTimeAsync(179 * second);
  expect(lists).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(2 * second);
  expect(lists).toHaveLength(2);
  await reflector.stop();
});

test('a watch that brings bookmarks is not silent, however long it lasts', async () => {
  const { reflector, lists, watches, troubles } = await startedInTime([nothing, changed]);
  for (let time = 1; time <= 10; time += 1) {
    await jest.advanceTimersByTimeAsync(100 * second);
    watches.at(-1)?.write(bookmark(10 + time));
    await jest.advanceTimersByTimeAsync(second);
  }
  expect([lists.length, watches.length, troubles]).toEqual([1, 1, []]);
  await reflector.stop();
});

test('the first word of a watch is waited for as long as is left of the three minutes, and the next one for three again', async () => {
  const { reflector, lists, watches } = await startedInTime([nothing, changed]);
  await jest.advanceTimersByTimeAsync(100 * second);
  watches.at(-1)?.lose();
  await jest.advanceTimersByTimeAsync(second);
  watches.at(-1)?.write(bookmark(20));
  await jest.advanceTimersByTimeAsync(179 * second);
  expect([lists.length, watches.length]).toEqual([1, 2]);
  await jest.advanceTimersByTimeAsync(2 * second);
  expect(lists).toHaveLength(2);
  await reflector.stop();
});

test('a stream that reads all anew after a silence is given its time', async () => {
  const noPages = (): never => {
    throw new KubeError('Unavailable', 'lists do not get through');
  };
  const { reflector, lists, watches, changes } = await startedInTime([noPages], { initial: 'stream' });
  watches[0]?.write(end(10));
  await jest.advanceTimersByTimeAsync(185 * second);
  expect(watches.map(({ query }) => query['sendInitialEvents'])).toEqual(['true', 'true']);
  await jest.advanceTimersByTimeAsync(30 * second);
  watches[1]?.write(event('ADDED', boat({ version: 11 })), end(12));
  await jest.advanceTimersByTimeAsync(0);
  expect([changes, lists.length, watches.length]).toEqual([['added canal/anna@11'], 0, 2]);
  await reflector.stop();
});

test('what was silent may tell of another history: the same version is not trusted to be the same object', async () => {
  const before = () => listOf([boat({ version: 5, harbour: 'Ghent' })]);
  const after = () => listOf([boat({ version: 5, harbour: 'Bruges' })]);
  const { reflector, changes } = await startedInTime([before, after]);
  await jest.advanceTimersByTimeAsync(185 * second);
  expect(changes).toEqual(['added canal/anna@5', 'updated canal/anna@5']);
  expect(reflector.store.get('canal/anna')?.harbour).toBe('Bruges');
  await reflector.stop();
});

test('once all was read anew after a silence, the same version is the same object again', async () => {
  const { reflector, lists, watches, changes } = await startedInTime([() => listOf([boat()])]);
  await jest.advanceTimersByTimeAsync(185 * second);
  expect(changes.splice(0)).toEqual(['added canal/anna@1', 'updated canal/anna@1']);
  watches.at(-1)?.write(event('ERROR', { kind: 'Status', code: 410 }));
  await jest.advanceTimersByTimeAsync(5 * second);
  expect([lists.length, changes]).toEqual([3, []]);
  await reflector.stop();
});

test('that a watch has opened proves nothing, what comes of it does', async () => {
  const { reflector, watches } = await startedInTime([nothing]);
  await jest.advanceTimersByTimeAsync(30 * second);
  watches.at(-1)?.lose();
  await jest.advanceTimersByTimeAsync(second);
  expect(watches).toHaveLength(2);
  expect(reflector.staleMs()).toBe(31 * second);
  expect(reflector.facts()).toMatchObject({ isPermitted: true, isServed: true, lastFailure: undefined });
  watches.at(-1)?.write(event('ADDED', boat({ version: 11 })));
  await jest.advanceTimersByTimeAsync(0);
  expect(reflector.staleMs()).toBe(0);
  await reflector.stop();
});

test('the server is heeded when it asks to wait, for half a minute at most', async () => {
  const busy = (): never => {
    throw new KubeError('TooManyRequests', 'busy', { retryAfterMs: 3_600_000 });
  };
  const timed = timedReflecting([busy, nothing]);
  const start = timed.reflector.start();
  await jest.advanceTimersByTimeAsync(20 * second);
  expect(timed.lists).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(20 * second);
  await start;
  await timed.reflector.stop();
});
