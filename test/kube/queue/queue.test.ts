import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Queue } from '../../../src/kube/queue/queue.ts';
import { pass, takenBy } from './workers.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function queueOf(...keys: readonly string[]): Queue {
  const queue = new Queue();
  for (const key of keys) queue.add(key);
  return queue;
}

describe('a key', () => {
  test('waits in the queue once, however often it is added', async () => {
    const taken = takenBy(queueOf('a/1', 'a/1', 'a/1'));
    await pass();
    expect(taken).toEqual(['a/1']);
  });

  test('goes to a worker that waits already', async () => {
    const queue = queueOf();
    const taken = takenBy(queue);
    await pass();
    queue.add('a/1');
    await pass();
    expect(taken).toEqual(['a/1']);
  });

  test('is never worked on twice at once: added meanwhile, it comes once more', async () => {
    const queue = queueOf('a/1');
    expect(await queue.take()).toBe('a/1');
    const taken = takenBy(queue);
    queue.add('a/1');
    queue.add('a/1');
    await pass();
    expect(taken).toEqual([]);
    queue.done('a/1');
    await pass();
    expect(taken).toEqual(['a/1']);
  });

  test('that was given to a waiting worker is worked on too', async () => {
    const queue = queueOf();
    const first = queue.take();
    const taken = takenBy(queue);
    queue.add('a/1');
    expect(await first).toBe('a/1');
    queue.add('a/1');
    await pass();
    expect(taken).toEqual([]);
    queue.done('a/1');
    await pass();
    expect(taken).toEqual(['a/1']);
  });

  test('does not come again when nobody added it', async () => {
    const queue = queueOf('a/1');
    const taken = takenBy(queue);
    await pass(3_600_000);
    expect(taken).toEqual(['a/1']);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('namespaces take turns', () => {
  test('so one with many keys does not delay another', async () => {
    const taken = takenBy(queueOf('many/1', 'many/2', 'many/3', 'few/1', 'none/1', 'few/2'));
    await pass();
    expect(taken).toEqual(['many/1', 'few/1', 'none/1', 'many/2', 'few/2', 'many/3']);
  });

  test('also those that add while others wait', async () => {
    const queue = queueOf('many/1', 'many/2', 'many/3');
    const taken = takenBy(queue, (key) => {
      if (key === 'many/1') queue.add('late/1');
    });
    await pass();
    expect(taken).toEqual(['many/1', 'many/2', 'late/1', 'many/3']);
  });
});

describe('a key that is added for later', () => {
  test('comes then, and once', async () => {
    const queue = queueOf();
    const taken = takenBy(queue);
    queue.addAfter('a/1', 5_000);
    await pass(4_990);
    expect(taken).toEqual([]);
    await pass(20);
    expect(taken).toEqual(['a/1']);
    await pass(60_000);
    expect(taken).toEqual(['a/1']);
  });

  test.each([
    ['the shorter', 60_000, 5_000],
    ['the longer', 5_000, 60_000],
  ])('comes after the shorter of two delays, also when %s was given last', async (_, first, last) => {
    const queue = queueOf();
    const taken = takenBy(queue);
    queue.addAfter('a/1', first);
    queue.addAfter('a/1', last);
    await pass(5_010);
    expect(taken).toEqual(['a/1']);
    await pass(120_000);
    expect(taken).toEqual(['a/1']);
  });

  test('comes when its time is due, whatever was added after it or left before', async () => {
    const queue = queueOf();
    const taken = takenBy(queue);
    queue.addAfter('a/3', 3_000);
    queue.addAfter('a/1', 1_000);
    queue.addAfter('a/2', 2_000);
    queue.add('a/1');
    await pass();
    expect(taken).toEqual(['a/1']);
    await pass(2_010);
    expect(taken).toEqual(['a/1', 'a/2']);
    await pass(1_000);
    expect(taken).toEqual(['a/1', 'a/2', 'a/3']);
  });

  test('and comes before by another way does not come again', async () => {
    const queue = queueOf();
    const taken = takenBy(queue);
    queue.addAfter('a/1', 5_000);
    queue.add('a/1');
    await pass(60_000);
    expect(taken).toEqual(['a/1']);
  });

  test('with no delay comes now', async () => {
    const queue = queueOf();
    const taken = takenBy(queue);
    queue.addAfter('a/1', 0);
    await pass();
    expect(taken).toEqual(['a/1']);
  });

  test('may be so for longer than a timer can be', async () => {
    const queue = queueOf();
    const taken = takenBy(queue);
    const monthMs = 31 * 24 * 3_600_000;
    queue.addAfter('a/1', monthMs);
    await pass(monthMs - 1_000);
    expect(taken).toEqual([]);
    await pass(2_000);
    expect(taken).toEqual(['a/1']);
  });
});

describe('a key that fails', () => {
  test('comes again after delays that double from half a second to two minutes', async () => {
    const queue = queueOf('a/1');
    const at: number[] = [];
    takenBy(queue, (key) => {
      at.push(performance.now());
      queue.addAfterFailure(key);
    });
    await pass(600_000);
    const seconds = at.slice(1).map((each, index) => (each - (at[index] ?? 0)) / 1000);
    for (const [index, expected] of [0.5, 1, 2, 4, 8, 16, 32, 64, 120, 120].entries()) {
      expect(seconds[index]).toBeGreaterThanOrEqual(expected * 0.9 - 0.01);
      expect(seconds[index]).toBeLessThanOrEqual(expected * 1.1 + 0.01);
    }
  });

  test('begins anew once it has succeeded', async () => {
    const queue = queueOf();
    const taken = takenBy(queue);
    for (let failure = 0; failure < 5; failure += 1) queue.addAfterFailure('a/1');
    await pass(10_000);
    queue.succeeded('a/1');
    taken.length = 0;
    queue.addAfterFailure('a/1');
    await pass(600);
    expect(taken).toEqual(['a/1']);
  });
});

describe('a queue that is closed', () => {
  test('gives nothing out, sends waiting workers home, and keeps no timer', async () => {
    const queue = queueOf();
    const waiting = queue.take();
    queue.addAfter('a/1', 5_000);
    queue.close();
    queue.add('a/2');
    queue.addAfter('a/3', 5_000);
    queue.addAfterFailure('a/4');
    expect([await waiting, await queue.take()]).toEqual([undefined, undefined]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('keeps what was in it', async () => {
    const queue = queueOf('a/1');
    queue.close();
    expect(await queue.take()).toBeUndefined();
  });
});
