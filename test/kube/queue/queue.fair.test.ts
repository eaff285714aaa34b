import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Queue } from '../../../src/kube/queue/queue.ts';
import { pass } from './workers.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const passMs = 10;
const many = Array.from({ length: 5_000 }, (_, index) => `many/${index + 1}`);

/** Works as so many workers do, each pass taking its time; gives the keys in the order in which their passes began. */
function worked(queue: Queue, workers: number, end: (key: string) => void = () => {}): string[] {
  const began: string[] = [];
  const work = async (): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      began.push(key);
      await new Promise((resolve) => setTimeout(resolve, passMs));
      end(key);
      queue.done(key);
    }
  };
  for (let worker = 0; worker < workers; worker += 1) void work();
  return began;
}

describe.each([1, 8])('with %i workers, a tenant with 5,000 keys', (workers) => {
  /** How many passes of the other began between the key's coming and its own pass. */
  async function passesBefore(
    queue: Queue,
    began: readonly string[],
    comes: () => void | Promise<void>,
  ): Promise<number> {
    await pass(20 * passMs);
    await comes();
    const from = began.length;
    await pass(3 * passMs);
    expect(began.slice(from)).toContain('few/1');
    queue.close();
    return began.slice(from).indexOf('few/1');
  }

  test("delays another's one key by one pass at most", async () => {
    const queue = new Queue();
    for (const key of many) queue.add(key);
    const began = worked(queue, workers);
    expect(await passesBefore(queue, began, () => queue.add('few/1'))).toBeLessThanOrEqual(1);
  });

  test('nor does it when each of its keys is added again while it is worked on', async () => {
    const queue = new Queue();
    for (const key of many) queue.add(key);
    const began = worked(queue, workers, (key) => queue.add(key));
    expect(await passesBefore(queue, began, () => queue.add('few/1'))).toBeLessThanOrEqual(1);
  });

  test("nor when the other's key was added again while it was worked on", async () => {
    const queue = new Queue();
    queue.add('few/1');
    for (const key of many) queue.add(key);
    let passes = 0;
    const began = worked(queue, workers, (key) => {
      if (key === 'few/1' && (passes += 1) < 10) queue.add(key);
    });
    await pass(40 * passMs);
    const own = began.flatMap((key, index) => (key === 'few/1' ? [index] : []));
    expect(own).toHaveLength(10);
    // While it is worked on, the other workers go on; then comes one pass at most before its own.
    for (const [index, at] of own.slice(1).entries())
      expect(at - (own[index] ?? 0)).toBeLessThanOrEqual(workers + 1);
  });

  test('nor when all of them come back after a delay or a failure at the same time', async () => {
    const queue = new Queue();
    for (const key of many) queue.addAfter(key, 1_000);
    queue.addAfter('few/1', 1_050);
    const began = worked(queue, workers);
    await pass(1_049);
    const from = began.length;
    await pass(3 * passMs);
    // One that begins before it comes, since Jest's time and the queue's may be a millisecond apart, and one at most before its own.
    expect(began.slice(from)).toContain('few/1');
    expect(began.slice(from).indexOf('few/1')).toBeLessThanOrEqual(workers + 1);
    queue.close();
  });

  test('nor when they fail over and over', async () => {
    const queue = new Queue();
    for (const key of many) queue.add(key);
    const began = worked(queue, workers, (key) => key.startsWith('many/') && queue.addAfterFailure(key));
    await pass(60_000);
    queue.addAfterFailure('few/1');
    const from = began.length;
    await pass(550 + 200 + 3 * passMs);
    expect(began.slice(from)).toContain('few/1');
    queue.close();
  });
});
