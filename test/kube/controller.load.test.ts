import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { CodedError } from '../../src/base/error.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { Random } from '../random.ts';
import { prepared } from './passes.ts';
import { pass } from './queue/workers.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const keys = Array.from({ length: 1_000 }, (_, index) => `${'abcdefgh'[index % 8]}/${index}`);

test.each([1, 2, 3])('no event is lost, whatever passes do: run %i', async (seed) => {
  const random = new Random(seed);
  const below = (end: number): number => random.below(end);
  let moment = 0;
  let isCalm = false;
  const added = new Map<string, number>();
  const began = new Map<string, number>();
  const outcomes = new Map<string, string>();
  const runningNow = new Set<string>();
  const twice: string[] = [];
  const add = (key: string): void => {
    added.set(key, (moment += 1));
    controller.queue.add(key);
  };
  const ends: readonly (() => object)[] = [
    () => ({}),
    () => ({}),
    () => ({ requeueAfterMs: 500 + below(60_000) }),
    () => ({ requeueAfterMs: 0 }),
    () => throwing(new CodedError('Broken', 'no')),
    () => throwing(new KubeError('Conflict', 'changed')),
    () => throwing(new KubeError('Unavailable', 'later', { retryAfterMs: 5_000 })),
    () => throwing(undefined),
  ];
  const { controller, failures } = prepared({
    concurrency: 16,
    deadlineMs: 2_000,
    reconcile: async (key, signal) => {
      if (runningNow.has(key)) twice.push(key);
      runningNow.add(key);
      began.set(key, (moment += 1));
      try {
        if (isCalm || below(4) === 0) return {};
        // Some take longer than they may.
        await new Promise((resolve, reject) => {
          setTimeout(resolve, below(2_100));
          signal.addEventListener('abort', () => reject(signal.reason));
        });
        if (below(3) === 0) add(key);
        return (ends[below(ends.length)] ?? ends[0])?.() ?? {};
      } finally {
        runningNow.delete(key);
      }
    },
    onPass: ({ key, outcome }) => outcomes.set(key, outcome),
  });
  controller.start();
  for (const key of keys) add(key);
  for (let turn = 0; turn < 2_000; turn += 1) {
    if (below(3) === 0) controller.queue.addAfter(keys[below(1_000)] ?? '', below(5_000));
    add(keys[below(1_000)] ?? '');
    await pass(below(60));
  }
  isCalm = true;
  await pass(600_000);
  expect(twice).toEqual([]);
  expect(failures.length).toBeGreaterThan(100);
  expect(keys.filter((key) => (began.get(key) ?? 0) < (added.get(key) ?? 0))).toEqual([]);
  expect(keys.filter((key) => outcomes.get(key) !== 'ok')).toEqual([]);
  expect(controller.health()).toMatchObject({ queueDepth: 0, running: 0, overdue: 0 });
  const stopped = controller.stop();
  await pass();
  await stopped;
  expect(jest.getTimerCount()).toBe(0);
});

test('a key added at any moment of a pass gets a pass that begins after that', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(300), fc.nat(300), fc.boolean(), async (addAt, takes, fails) => {
      const began: number[] = [];
      const { controller } = prepared({
        concurrency: 1,
        reconcile: async () => {
          began.push(performance.now());
          await new Promise((resolve) => setTimeout(resolve, takes));
          return fails ? throwing('no') : {};
        },
      });
      controller.start();
      controller.queue.add('a/1');
      await pass(addAt);
      const at = performance.now();
      controller.queue.add('a/1');
      await pass(2_000);
      expect(began.slice(1).some((each) => each >= at)).toBe(true);
      void controller.stop();
      await pass(10_000);
    }),
    { numRuns: 50 },
  );
});

function throwing(thrown: unknown): never {
  throw thrown;
}
