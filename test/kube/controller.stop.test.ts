import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { CodedError } from '../../src/base/error.ts';
import type { Controller } from '../../src/kube/controller.ts';
import { prepared, running } from './passes.ts';
import { pass } from './queue/workers.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Whether it has stopped by now. */
function stopping(controller: Controller): { readonly is: () => boolean } {
  let isStopped = false;
  void controller.stop().then(() => (isStopped = true));
  return { is: () => isStopped };
}

describe('stopping', () => {
  test('lets the passes that run come to their end, and begins no other', async () => {
    const { controller, begun, failures } = running({ concurrency: 1 });
    for (const key of ['a/1', 'a/2']) controller.queue.add(key);
    await pass();
    const stopped = stopping(controller);
    await pass(2_900);
    expect([stopped.is(), begun[0]?.signal.aborted]).toEqual([false, false]);
    begun[0]?.end({ requeueAfterMs: 10 });
    await pass(100);
    expect([stopped.is(), begun.length, failures]).toEqual([true, 1, []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('aborts them after three seconds, which is no failure and nothing to tell', async () => {
    const { controller, begun, failures, ended } = running();
    controller.queue.add('a/1');
    await pass();
    const stopped = stopping(controller);
    await pass(3_000);
    await pass();
    expect([stopped.is(), begun[0]?.signal.aborted, failures, ended]).toEqual([true, true, [], []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('leaves a pass behind that does not heed that it is aborted', async () => {
    const { controller } = running({ reconcile: () => new Promise(() => undefined) });
    controller.queue.add('a/1');
    await pass();
    const stopped = stopping(controller);
    await pass(6_900);
    expect(stopped.is()).toBe(false);
    await pass(100);
    expect(stopped.is()).toBe(true);
  });

  test('still tells of a pass that failed by itself', async () => {
    const { controller, begun, failures } = running();
    controller.queue.add('a/1');
    await pass();
    const stopped = stopping(controller);
    begun[0]?.fail(new Error('no'));
    await pass();
    expect([stopped.is(), failures]).toEqual([true, [['a/1', new Error('no')]]]);
  });

  test('is at once when nothing runs', async () => {
    const { controller } = running();
    const stopped = stopping(controller);
    await pass();
    expect(stopped.is()).toBe(true);
  });

  test('twice stops once', async () => {
    const { controller } = running();
    const first = controller.stop();
    expect(controller.stop()).toBe(first);
    await pass();
    await expect(first).resolves.toBeUndefined();
    expect(controller.stop()).toBe(first);
  });

  test('before the start ends at once, and there is no start after it', async () => {
    const { controller, begun } = prepared();
    controller.queue.add('a/1');
    const stopped = stopping(controller);
    await pass();
    expect(stopped.is()).toBe(true);
    controller.start();
    controller.queue.add('a/2');
    await pass(600_000);
    expect([begun, jest.getTimerCount()]).toEqual([[], 0]);
  });

  test.each([
    ['that a waiting worker got the moment before', true],
    ['that was there at the start the moment before', false],
  ])('begins no pass with a key %s', async (_, isWaiting) => {
    const { controller, begun } = running();
    if (isWaiting) await pass();
    controller.queue.add('a/1');
    const stopped = stopping(controller);
    await pass();
    expect([begun, stopped.is()]).toEqual([[], true]);
  });

  test('leaves no timer, whatever was put off', async () => {
    const { controller, begun } = running({ concurrency: 4 });
    for (const key of ['a/1', 'a/2', 'a/3']) controller.queue.add(key);
    await pass();
    begun[0]?.end({ requeueAfterMs: 30_000 });
    begun[1]?.fail('no');
    await pass();
    void controller.stop();
    begun[2]?.fail('no');
    await pass();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('aborting', () => {
  const lost = new CodedError('LeadershipLost', 'the lease was not renewed in time');

  test('ends running passes at once with the reason, tells of none, and begins no other', async () => {
    const { controller, begun, failures, ended } = running({ concurrency: 3 });
    for (const key of ['a/1', 'a/2', 'a/3']) controller.queue.add(key);
    await pass();
    controller.abort(lost);
    expect(begun.map(({ signal }) => signal.reason)).toEqual([lost, lost]);
    controller.queue.add('a/4');
    controller.start();
    const stopped = stopping(controller);
    await pass();
    expect([stopped.is(), begun.length, failures, ended]).toEqual([true, 2, [], []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('while it stops aborts at once what may still have run', async () => {
    const { controller, begun } = running();
    controller.queue.add('a/1');
    await pass();
    const stopped = stopping(controller);
    await pass(1_000);
    controller.abort(lost);
    await pass();
    expect([begun[0]?.signal.reason, stopped.is()]).toEqual([lost, true]);
  });

  test('gives a pass that does not heed it four seconds', async () => {
    const { controller } = running({ reconcile: () => new Promise(() => undefined) });
    controller.queue.add('a/1');
    await pass();
    controller.abort(lost);
    const stopped = stopping(controller);
    await pass(3_900);
    expect(stopped.is()).toBe(false);
    await pass(100);
    expect(stopped.is()).toBe(true);
  });

  test('before the start means that there is none', async () => {
    const { controller, begun } = prepared();
    controller.abort(lost);
    controller.start();
    controller.queue.add('a/1');
    await pass();
    expect(begun).toEqual([]);
  });
});
