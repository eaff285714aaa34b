import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { CodedError } from '../../src/base/error.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { running } from './passes.ts';
import { pass } from './queue/workers.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('works on as many keys at once as it may', async () => {
  const { controller, begun } = running({ concurrency: 2 });
  for (const key of ['a/1', 'b/1', 'c/1']) controller.queue.add(key);
  await pass();
  expect(begun.map(({ key }) => key)).toEqual(['a/1', 'b/1']);
  begun[0]?.end();
  await pass();
  expect(begun.map(({ key }) => key)).toEqual(['a/1', 'b/1', 'c/1']);
});

test('passes of one namespace that do not end leave a quarter of the workers to others', async () => {
  const { controller, begun } = running({ concurrency: 8 });
  for (let index = 1; index <= 20; index += 1) controller.queue.add(`many/${index}`);
  await pass(10_000);
  expect(begun).toHaveLength(6);
  // Nobody could take them, so that nothing is wrong.
  expect(controller.health()).toMatchObject({ queueDepth: 14, oldestMs: 0, running: 6 });
  for (const key of ['few/1', 'other/1', 'few/2']) controller.queue.add(key);
  await pass();
  expect(begun.slice(6).map(({ key }) => key)).toEqual(['few/1', 'other/1']);
  begun[0]?.end();
  begun[6]?.end();
  await pass();
  expect(begun.slice(8).map(({ key }) => key)).toEqual(['many/7', 'few/2']);
});

test.each([
  [1, 1, 0],
  [2, 1, 1],
  [3, 2, 1],
  [5, 3, 2],
  [6, 4, 2],
  [7, 5, 2],
  [8, 6, 2],
  [64, 48, 16],
])('of %i workers one namespace has %i at most, and others %i', async (concurrency, most, others) => {
  const { controller, begun } = running({ concurrency });
  const namespaces = (): string[] => begun.map(({ key }) => key.split('/')[0] ?? '');
  for (let index = 0; index < 100; index += 1) controller.queue.add(`many/${index}`);
  await pass();
  expect(namespaces()).toEqual(Array.from({ length: most }, () => 'many'));
  for (let index = 0; index < 100; index += 1) controller.queue.add(`few/${index}`);
  await pass();
  expect(namespaces().slice(most)).toEqual(Array.from({ length: others }, () => 'few'));
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

  test.each([
    ['ended for good', {}],
    ['asked for another one', { requeueAfterMs: 1_000 }],
  ])('begins with short delays again once a pass %s', async (_, result) => {
    const { controller, begun } = running();
    controller.queue.add('a/1');
    await pass();
    for (const index of [0, 1, 2, 3]) {
      begun[index]?.fail(new Error('no'));
      await pass(5_000);
    }
    begun[4]?.end(result);
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

describe('what a pass throws', () => {
  test.each([
    ['an error before its first await', () => throwing(new Error('no'))],
    ['nothing at all', () => throwing(undefined)],
    ['a string', () => throwing('no')],
    ['by a promise that rejects with nothing', () => Promise.reject()],
    ['an error that is its own cause', () => throwing(ownCause())],
    ['what throws when it is asked for its code', () => throwing(mute())],
    ['by giving no result', () => Promise.resolve(undefined as unknown as object)], // what a program without types may do
    ['by asking for another one after NaN ms', () => Promise.resolve({ requeueAfterMs: NaN })],
  ])('is one failed pass, and its worker goes on: %s', async (_, first) => {
    const keys: string[] = [];
    const { controller, failures, ended } = running({
      concurrency: 1,
      reconcile: (key) => {
        keys.push(key);
        return keys.length === 1 ? first() : Promise.resolve({});
      },
    });
    for (const key of ['a/1', 'a/2']) controller.queue.add(key);
    await pass(100);
    expect([keys, failures.length]).toEqual([['a/1', 'a/2'], 1]);
    expect(ended.map(({ outcome }) => outcome)).toEqual(['failed', 'ok']);
    await pass(500);
    expect(keys).toEqual(['a/1', 'a/2', 'a/1']);
  });

  test('does not end its worker when those who are told of it throw as well', async () => {
    const deaf = (): never => throwing(new Error('the log is full'));
    const { controller, begun } = running({ concurrency: 1, onFailure: deaf, onPass: deaf });
    for (const key of ['a/1', 'a/2', 'a/3']) controller.queue.add(key);
    await pass();
    begun[0]?.fail(new Error('no'));
    await pass();
    begun[1]?.end();
    await pass();
    expect(begun.map(({ key }) => key)).toEqual(['a/1', 'a/2', 'a/3']);
    begun[2]?.end();
    await pass(600);
    expect(begun[3]?.key).toBe('a/1');
  });

  test('a listener of passes that throws is told of as a failure', async () => {
    const { controller, begun, failures } = running({ onPass: () => throwing(new Error('no such label')) });
    controller.queue.add('a/1');
    await pass();
    begun[0]?.end();
    await pass();
    expect(failures).toEqual([['a/1', new Error('no such label')]]);
  });

  test('as a conflict brings the key back in a moment, three times in a row', async () => {
    const { controller, begun, failures } = running();
    controller.queue.add('a/1');
    await pass();
    const conflict = new KubeError('Conflict', 'somebody was faster');
    for (let conflicts = 1; conflicts <= 3; conflicts += 1) {
      begun.at(-1)?.fail(conflict);
      await pass(310);
      expect(begun).toHaveLength(conflicts + 1);
    }
    begun.at(-1)?.fail(conflict);
    await pass(440);
    expect(begun).toHaveLength(4);
    await pass(120);
    expect(begun).toHaveLength(5);
    expect(failures).toHaveLength(4);
  });

  test('with a time to wait does not bring the key back before', async () => {
    const { controller, begun } = running();
    controller.queue.add('a/1');
    await pass();
    begun[0]?.fail(new KubeError('TooManyRequests', 'later', { retryAfterMs: 30_000 }));
    await pass(29_990);
    expect(begun).toHaveLength(1);
    await pass(3_020);
    expect(begun).toHaveLength(2);
  });

  test('as the loss of leadership leaves the key to who leads now', async () => {
    const { controller, begun, failures, ended } = running();
    controller.queue.add('a/1');
    await pass();
    begun[0]?.fail(new CodedError('LeadershipLost', 'another leads'));
    await pass(600_000);
    expect([begun.length, failures, ended]).toEqual([1, [], []]);
  });
});

test('tells of each pass how it ended and how long it took', async () => {
  const { controller, begun, ended } = running({ concurrency: 4 });
  for (const key of ['a/1', 'a/2', 'a/3']) controller.queue.add(key);
  await pass(100);
  begun[0]?.end();
  await pass(200);
  begun[1]?.end({ requeueAfterMs: 5_000 });
  begun[2]?.fail('no');
  await pass();
  expect(ended).toEqual([
    { key: 'a/1', milliseconds: 100, outcome: 'ok' },
    { key: 'a/2', milliseconds: 300, outcome: 'requeued' },
    { key: 'a/3', milliseconds: 300, outcome: 'failed' },
  ]);
});

test('passes that never wait let the event loop see to other things all the same', async () => {
  jest.useRealTimers();
  let passes = 0;
  const { controller } = running({
    reconcile: () => {
      passes += 1;
      const ends = performance.now() + 1;
      while (performance.now() < ends);
      return Promise.resolve({});
    },
  });
  for (let key = 1; key <= 200; key += 1) controller.queue.add(`a/${key}`);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(passes).toBeLessThan(200);
  await controller.stop();
});

describe('health', () => {
  const idle = { queueDepth: 0, oldestMs: 0, running: 0, longestPassMs: 0, overdue: 0 };

  test('says what waits and what runs, and for how long', async () => {
    const { controller, begun } = running({ concurrency: 1 });
    expect(controller.health()).toEqual(idle);
    controller.queue.add('a/1');
    await pass(1_000);
    controller.queue.add('a/2');
    controller.queue.add('b/1');
    await pass(500);
    const health = { queueDepth: 2, oldestMs: 500, running: 1, longestPassMs: 1_500, overdue: 0 };
    expect(controller.health()).toEqual(health);
    for (const index of [0, 1, 2]) {
      begun[index]?.end();
      await pass();
    }
    expect(controller.health()).toEqual(idle);
  });

  test('a pass that does not heed its deadline keeps its key and its worker, and is overdue', async () => {
    const begun: string[] = [];
    const { promise: stuck, resolve } = Promise.withResolvers<object>();
    const { controller } = running({
      concurrency: 2,
      deadlineMs: 5_000,
      reconcile: (key) => {
        begun.push(key);
        return key === 'a/stuck' ? stuck : Promise.resolve({});
      },
    });
    controller.queue.add('a/stuck');
    await pass(8_900);
    expect(controller.health().overdue).toBe(0);
    await pass(200);
    expect(controller.health()).toMatchObject({ running: 1, overdue: 1 });
    for (const key of ['a/stuck', 'b/1', 'b/2']) controller.queue.add(key);
    await pass(60_000);
    expect(begun).toEqual(['a/stuck', 'b/1', 'b/2']);
    resolve({});
    await pass();
    expect(begun).toEqual(['a/stuck', 'b/1', 'b/2', 'a/stuck']);
    expect(controller.health()).toEqual(idle);
  });
});

test('is called by its name', () => {
  expect(running({ name: 'pipelines' }).controller.name).toBe('pipelines');
});

function throwing(thrown: unknown): never {
  throw thrown;
}

function ownCause(): Error {
  const error = new Error('round');
  error.cause = error;
  return error;
}

function mute(): object {
  return {
    get code(): string {
      return throwing(new Error('ask me not'));
    },
  };
}
