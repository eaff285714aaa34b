import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Controller, type ControllerOptions } from '../../src/kube/controller.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

interface Begun {
  readonly key: string;
  readonly signal: AbortSignal;
  readonly end: (result?: { readonly requeueAfterMs?: number }) => void;
  readonly fail: (error: Error) => void;
}

interface Running {
  readonly controller: Controller;
  /** The passes in the order in which they began. */
  readonly begun: Begun[];
  readonly failures: unknown[];
}

/** A controller whose passes end when the test says so, or when they are aborted. */
function running(options: Partial<ControllerOptions> = {}): Running {
  const begun: Begun[] = [];
  const failures: unknown[] = [];
  const controller = new Controller({
    name: 'boats',
    concurrency: 2,
    deadlineMs: 60_000,
    reconcile: (key, signal) =>
      new Promise((resolve, reject) => {
        begun.push({ key, signal, end: (result = {}) => resolve(result), fail: reject });
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
    onFailure: (key, error) => failures.push([key, error]),
    ...options,
  });
  controller.start();
  return { controller, begun, failures };
}

async function pass(ms = 0): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms);
}

test('works on as many keys at once as it may', async () => {
  const { controller, begun } = running({ concurrency: 2 });
  for (const key of ['a/1', 'a/2', 'a/3']) controller.queue.add(key);
  await pass();
  expect(begun.map(({ key }) => key)).toEqual(['a/1', 'a/2']);
  begun[0]?.end();
  await pass();
  expect(begun.map(({ key }) => key)).toEqual(['a/1', 'a/2', 'a/3']);
});

test('starting twice starts once', async () => {
  const { controller, begun } = running({ concurrency: 1 });
  controller.start();
  for (const key of ['a/1', 'a/2']) controller.queue.add(key);
  await pass();
  expect(begun).toHaveLength(1);
});

test('looks again when the pass said so', async () => {
  const { controller, begun } = running();
  controller.queue.add('a/1');
  await pass();
  begun[0]?.end({ requeueAfterMs: 30_000 });
  await pass(29_000);
  expect(begun).toHaveLength(1);
  await pass(1_100);
  expect(begun).toHaveLength(2);
});

test('does not look again by itself when the pass did not say so', async () => {
  const { controller, begun } = running();
  controller.queue.add('a/1');
  await pass();
  begun[0]?.end();
  await pass(3_600_000);
  expect(begun).toHaveLength(1);
});

describe('a pass that fails', () => {
  test('is told of and comes again, later each time', async () => {
    const { controller, begun, failures } = running();
    controller.queue.add('a/1');
    await pass();
    begun[0]?.fail(new Error('one'));
    await pass(600);
    begun[1]?.fail(new Error('two'));
    await pass(600);
    expect(begun).toHaveLength(2);
    await pass(600);
    expect(begun).toHaveLength(3);
    expect(failures).toEqual([
      ['a/1', new Error('one')],
      ['a/1', new Error('two')],
    ]);
  });

  test('begins with short delays again once a pass succeeded', async () => {
    const { controller, begun } = running();
    controller.queue.add('a/1');
    await pass();
    for (const index of [0, 1, 2, 3]) {
      begun[index]?.fail(new Error('no'));
      await pass(5_000);
    }
    begun[4]?.end();
    await pass();
    controller.queue.add('a/1');
    await pass();
    begun[5]?.fail(new Error('no'));
    await pass(600);
    expect(begun).toHaveLength(7);
  });

  test('does not keep other keys from their turn', async () => {
    const { controller, begun } = running({ concurrency: 1 });
    for (const key of ['a/1', 'a/2']) controller.queue.add(key);
    await pass();
    begun[0]?.fail(new Error('no'));
    await pass();
    expect(begun.map(({ key }) => key)).toEqual(['a/1', 'a/2']);
  });
});

test('a pass that takes too long is aborted, told of, and comes again', async () => {
  const { controller, begun, failures } = running({ deadlineMs: 5_000 });
  controller.queue.add('a/1');
  await pass(5_000);
  expect(begun[0]?.signal.aborted).toBe(true);
  expect(failures).toEqual([
    ['a/1', expect.objectContaining({ name: 'TimeoutError', message: 'no end within 5000 ms' })],
  ]);
  await pass(600);
  expect(begun).toHaveLength(2);
});

test('a pass that has ended is not aborted', async () => {
  const { controller, begun } = running({ deadlineMs: 5_000 });
  controller.queue.add('a/1');
  await pass();
  begun[0]?.end();
  await pass(10_000);
  await controller.stop();
  expect(begun[0]?.signal.aborted).toBe(false);
});

describe('stopping', () => {
  /** Whether it has stopped by now. */
  function stopping(controller: Controller): { readonly is: () => boolean } {
    let isStopped = false;
    void controller.stop().then(() => (isStopped = true));
    return { is: () => isStopped };
  }

  test('lets the passes that run come to their end, and begins no other', async () => {
    const { controller, begun, failures } = running({ concurrency: 1 });
    for (const key of ['a/1', 'a/2']) controller.queue.add(key);
    await pass();
    const stopped = stopping(controller);
    await pass(9_000);
    expect([stopped.is(), begun[0]?.signal.aborted]).toEqual([false, false]);
    begun[0]?.end({ requeueAfterMs: 10 });
    await pass(100);
    expect([stopped.is(), begun.length, failures]).toEqual([true, 1, []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('aborts them after ten seconds, which is no failure', async () => {
    const { controller, begun, failures } = running();
    controller.queue.add('a/1');
    await pass();
    const stopped = stopping(controller);
    await pass(10_000);
    expect([stopped.is(), begun[0]?.signal.aborted, failures]).toEqual([true, true, []]);
  });

  test('leaves a pass behind that does not heed that it is aborted', async () => {
    const { controller } = running({ reconcile: () => new Promise(() => undefined) });
    controller.queue.add('a/1');
    await pass();
    const stopped = stopping(controller);
    await pass(16_000);
    expect(stopped.is()).toBe(false);
    await pass(1_000);
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
});
