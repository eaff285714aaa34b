import { expect, test } from '@jest/globals';
import { Queue } from '../../../src/kube/queue/queue.ts';

const cycles = 100_000;

function print(what: string, began: number): void {
  process.stderr.write(`queue: ${what}: ${Math.round(performance.now() - began)} ms\n`);
}

test.each([1, 100, cycles])('100,000 keys of %i namespaces come and go', async (namespaces) => {
  const queue = new Queue();
  const began = performance.now();
  for (let each = 0; each < cycles; each += 1) queue.add(`n${each % namespaces}/${each}`);
  const taken = new Set<string>();
  while (queue.depth > 0) {
    const key = (await queue.take()) ?? '';
    taken.add(key);
    queue.done(key);
  }
  print(`${cycles} keys of ${namespaces} namespaces added, taken and done`, began);
  expect(taken.size).toBe(cycles);
});

test('10,000 keys are put off, nearer each time, and come by another way', () => {
  const queue = new Queue();
  const began = performance.now();
  for (let each = 0; each < cycles; each += 1) queue.addAfter(`a/${each % 10_000}`, 1e9 - each);
  for (let each = 0; each < 10_000; each += 1) queue.addAfterFailure(`a/${each}`);
  for (let each = 0; each < 10_000; each += 1) queue.add(`a/${each}`);
  print(`${cycles} delays and 10000 failures of 10000 keys, all withdrawn`, began);
  expect(queue.depth).toBe(10_000);
  queue.close();
});
