import { jest } from '@jest/globals';
import type { Queue } from '../../../src/kube/queue/queue.ts';

/** Lets so many milliseconds of Jest's time pass, with all that is due in them. */
export async function pass(ms = 0): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms);
}

/** What a worker takes that gives each key back at once, in its order; it goes on until the queue is closed. */
export function takenBy(queue: Queue, then: (key: string) => void = () => {}): string[] {
  const taken: string[] = [];
  void (async () => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      taken.push(key);
      then(key);
      queue.done(key);
    }
  })();
  return taken;
}
