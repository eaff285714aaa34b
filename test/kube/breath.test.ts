import { expect, test } from '@jest/globals';
import { Breath } from '../../src/kube/breath.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';

/** Holds the event loop up. */
function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('work of several that never waits lets the event loop turn all the same, between all of it', async () => {
  const breath = new Breath();
  let isOver = false;
  let steps = 0;
  const work = async (): Promise<void> => {
    while (!isOver) {
      await breath.take();
      busy(1);
      steps += 1;
    }
  };
  const workers = Array.from({ length: 8 }, work);
  const between: number[] = [];
  let before = steps;
  const ticking = setInterval(() => {
    between.push(steps - before);
    before = steps;
  }, 1);
  await eventually('the timer went off many times', () => between.length > 20);
  clearInterval(ticking);
  isOver = true;
  await Promise.all(workers);
  // Five steps of all, and one more of each that had begun; were each to take a turn of its own, there were forty.
  const median = between.toSorted((a, b) => a - b)[Math.floor(between.length / 2)];
  expect(median).toBeLessThanOrEqual(14);
});

test('who has just come has nothing to wait for', () => {
  expect(new Breath().take()).toBeUndefined();
});
