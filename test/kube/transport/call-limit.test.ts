import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { CallLimit } from '../../../src/kube/transport/call-limit.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const forever = new AbortController().signal;

/** Ten a second, two saved up. */
function tenASecond(): CallLimit {
  return new CallLimit({ perSecond: 10, burst: 2 });
}

/** Asks for a turn for each name; gives the names whose turn has come, in order, with the time. */
function line(limit: CallLimit, names: string, signal: AbortSignal = forever): string[] {
  const began = performance.now();
  const served: string[] = [];
  for (const name of names) {
    const told = (): void => void served.push(`${name}@${Math.round(performance.now() - began)}`);
    const turn = limit.turn(signal);
    if (turn === undefined) told();
    else turn.then(told, () => served.push(`${name} gone`));
  }
  return served;
}

test('what was saved up is given at once, then one after the other, in order', async () => {
  const served = line(tenASecond(), 'abcde');
  expect(served).toEqual(['a@0', 'b@0']);
  await jest.advanceTimersByTimeAsync(100);
  expect(served).toEqual(['a@0', 'b@0', 'c@100']);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(served).toEqual(['a@0', 'b@0', 'c@100', 'd@200', 'e@300']);
  expect(jest.getTimerCount()).toBe(0);
});

test('a quiet time saves up no more than the burst', async () => {
  const limit = tenASecond();
  line(limit, 'ab');
  await jest.advanceTimersByTimeAsync(60_000);
  expect(line(limit, 'abc')).toEqual(['a@0', 'b@0']);
});

test('who comes when a turn is due, but the timer is late, goes behind those who wait', async () => {
  const limit = tenASecond();
  const first = line(limit, 'abc');
  const late = jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 150);
  const last = line(limit, 'd');
  expect([first, last]).toEqual([['a@0', 'b@0'], []]);
  late.mockRestore();
  await jest.advanceTimersByTimeAsync(1_000);
  expect([first, last]).toEqual([['a@0', 'b@0', 'c@100'], [expect.stringMatching(/^d@/)]]);
});

test('who leaves gives its place to the next', async () => {
  const limit = tenASecond();
  const leaving = new AbortController();
  line(limit, 'ab');
  const gone = line(limit, 'cde', leaving.signal);
  const served = line(limit, 'fg');
  expect(limit.waitMs()).toBe(600);
  leaving.abort(new Error('enough'));
  expect(limit.waitMs()).toBe(300);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(gone).toEqual(['c gone', 'd gone', 'e gone']);
  expect(served).toEqual(['f@100', 'g@200']);
});

test('says how long the wait would be', async () => {
  const limit = tenASecond();
  expect(limit.waitMs()).toBe(0);
  line(limit, 'ab');
  expect(limit.waitMs()).toBe(100);
  line(limit, 'cd');
  expect(limit.waitMs()).toBe(300);
  await jest.advanceTimersByTimeAsync(150);
  expect(limit.waitMs()).toBe(150);
});

test('leaves no timer and no listener when all have left', () => {
  const limit = tenASecond();
  const leaving = new AbortController();
  line(limit, 'abcd', leaving.signal);
  expect([jest.getTimerCount(), getEventListeners(leaving.signal, 'abort').length]).toEqual([1, 2]);
  leaving.abort();
  expect([jest.getTimerCount(), getEventListeners(leaving.signal, 'abort').length]).toEqual([0, 0]);
});

test('ten thousand who wait are served at its pace, and keep no listener', async () => {
  const limit = new CallLimit({ perSecond: 1_000, burst: 1 });
  const waiting = new AbortController();
  const served = line(limit, 'x'.repeat(10_001), waiting.signal);
  await jest.advanceTimersByTimeAsync(5_000);
  expect(served).toHaveLength(5_001);
  await jest.advanceTimersByTimeAsync(5_000);
  expect(served).toHaveLength(10_001);
  expect(getEventListeners(waiting.signal, 'abort')).toEqual([]);
});

test('nobody waits for one that is closed', async () => {
  const limit = tenASecond();
  const served = line(limit, 'abcd');
  limit.close();
  await jest.advanceTimersByTimeAsync(0);
  expect(served).toEqual(['a@0', 'b@0', 'c@0', 'd@0']);
  expect(line(limit, 'efg')).toEqual(['e@0', 'f@0', 'g@0']);
  expect([jest.getTimerCount(), limit.waitMs()]).toEqual([0, 0]);
});
