import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Queue } from '../../../src/kube/queue/queue.ts';
import { pass, takenBy } from './workers.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

const keysOf = (namespace: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${namespace}/${index + 1}`);

test('what failed together comes back as a hundred and then a hundred a second, each once', async () => {
  const queue = new Queue();
  const taken = takenBy(queue);
  for (const key of keysOf('a', 400)) queue.addAfterFailure(key);
  await pass(560);
  const burst = taken.length;
  expect(burst).toBeGreaterThanOrEqual(100);
  // Their backoffs end within a tenth of a second of each other.
  expect(burst).toBeLessThanOrEqual(111);
  await pass(1_000);
  expect(taken.length - burst).toBeGreaterThanOrEqual(99);
  expect(taken.length - burst).toBeLessThanOrEqual(101);
  await pass(60_000);
  expect(taken.toSorted()).toEqual(keysOf('a', 400).toSorted());
  expect(jest.getTimerCount()).toBe(0);
});

test('a tenant whose keys all fail does not keep another one waiting', async () => {
  const queue = new Queue();
  const taken = takenBy(queue);
  for (const key of keysOf('many', 5_000)) queue.addAfterFailure(key);
  await pass(5_000);
  taken.length = 0;
  queue.addAfterFailure('few/1');
  // Its own backoff, and two turns: one that may have begun, and one of the others.
  await pass(550 + 200);
  expect(taken).toContain('few/1');
});

test('what is added while it waits for its turn comes at once, and the turn is left to another', async () => {
  const queue = new Queue();
  const taken = takenBy(queue);
  const keys = keysOf('a', 300);
  for (const key of keys) queue.addAfterFailure(key);
  await pass(600);
  const waiting = keys.filter((key) => !taken.includes(key));
  taken.length = 0;
  for (const key of waiting.slice(0, -10)) queue.add(key);
  await pass();
  expect(taken).toEqual(waiting.slice(0, -10));
  await pass(1_200);
  expect(taken.toSorted()).toEqual(waiting.toSorted());
  expect(jest.getTimerCount()).toBe(0);
});

test('plain adds and delays are not held back by what failed', async () => {
  const queue = new Queue();
  const taken = takenBy(queue);
  for (const key of keysOf('a', 1_000)) queue.addAfterFailure(key);
  await pass(600);
  taken.length = 0;
  for (const key of keysOf('b', 500)) queue.add(key);
  for (const key of keysOf('c', 500)) queue.addAfter(key, 50);
  await pass(60);
  expect(taken.filter((key) => !key.startsWith('a/'))).toHaveLength(1_000);
});

test('a delay is kept beside a failure whose turn is far off', async () => {
  const queue = new Queue();
  const taken = takenBy(queue);
  for (const key of keysOf('a', 1_000)) queue.addAfterFailure(key);
  await pass(600);
  const last = keysOf('a', 1_000).findLast((key) => !taken.includes(key)) ?? '';
  queue.addAfter(last, 2_000);
  await pass(2_001);
  expect(taken.filter((key) => key === last)).toHaveLength(1);
  await pass(200_000);
  expect(taken.toSorted()).toEqual(keysOf('a', 1_000).toSorted());
});

test('what failed does not come before the time that it was given', async () => {
  const queue = new Queue();
  const taken = takenBy(queue);
  for (const key of keysOf('a', 20)) queue.addAfterFailure(key, { notBeforeMs: 10_000 });
  await pass(9_998);
  expect(taken).toEqual([]);
  await pass(1_003);
  expect(taken).toHaveLength(20);
});

test('a key that was asked to wait for an hour has as many failures behind it after that as before', async () => {
  const queue = new Queue();
  const taken = takenBy(queue);
  for (let failure = 1; failure <= 9; failure += 1) queue.addAfterFailure('a/1', { notBeforeMs: 3_600_000 });
  for (let minute = 1; minute <= 66; minute += 1) {
    queue.addAfterFailure('b/1');
    await pass(60_000);
  }
  expect(taken).toContain('a/1');
  taken.length = 0;
  queue.addAfterFailure('b/1');
  queue.addAfterFailure('a/1');
  await pass(100_000);
  expect(taken).not.toContain('a/1');
  await pass(32_100);
  expect(taken).toContain('a/1');
});

test('a key that shall come soon does, and its backoff neither grows nor ends', async () => {
  const queue = new Queue();
  const taken = takenBy(queue);
  for (let failure = 1; failure <= 3; failure += 1) queue.addAfterFailure('a/1');
  queue.addSoon('a/1');
  await pass(301);
  expect(taken).toEqual(['a/1']);
  await pass(60_000);
  expect(taken).toHaveLength(1);
  queue.addAfterFailure('a/1');
  await pass(3_590);
  expect(taken).toHaveLength(1);
  await pass(820);
  expect(taken).toHaveLength(2);
});

test('a key that shall come soon over and over backs off: three times soon, then as one that failed', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(0.5); // no moment is shorter than another
  const queue = new Queue();
  const taken = takenBy(queue, (key) => queue.addSoon(key));
  queue.add('a/1');
  await pass(950);
  expect(taken).toHaveLength(4);
  // Half a second, a second and so on, each with three moments between.
  await pass(60_000);
  expect(taken.length).toBeLessThanOrEqual(4 + 7 * 4);
  queue.succeeded('a/1');
  taken.length = 0;
  await pass(200_000);
  expect(taken.length).toBeGreaterThan(3);
});

test('keys that shall come soon are held to the pace of those that failed', async () => {
  const queue = new Queue();
  const taken = takenBy(queue, (key) => queue.addSoon(key));
  const keys = keysOf('a', 1_000);
  for (const key of keys) queue.add(key);
  await pass(1_000);
  expect(taken.length).toBeLessThanOrEqual(1_000 + 100 + 101);
});
