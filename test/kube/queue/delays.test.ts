import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Delays } from '../../../src/kube/queue/delays.ts';

interface Entry {
  readonly due: number;
  readonly order: number;
}

const key = fc.integer({ min: 0, max: 40 }).map((each) => `a/${each}`);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('bring' as const), key, due: fc.nat(60) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('take' as const), now: fc.nat(60) }) },
);

test('gives keys by their time, then in the order in which they were set, whatever was moved or removed between', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const delays = new Delays();
      const model = new Map<string, Entry>();
      const inOrder = (): [string, Entry][] =>
        [...model].toSorted(([, one], [, other]) => one.due - other.due || one.order - other.order);
      for (const [order, each] of steps.entries()) {
        if (each.do === 'bring') {
          delays.bring(each.key, each.due);
          if (each.due < (model.get(each.key)?.due ?? Infinity))
            model.set(each.key, { due: each.due, order });
        } else if (each.do === 'delete') {
          delays.delete(each.key);
          model.delete(each.key);
        } else {
          const [expected, set] = inOrder()[0] ?? [];
          const isDue = expected !== undefined && set !== undefined && set.due <= each.now;
          expect(delays.takeDue(each.now)).toBe(isDue ? expected : undefined);
          if (isDue) model.delete(expected);
        }
      }
      expect([delays.size, delays.nextDue]).toEqual([model.size, inOrder()[0]?.[1].due ?? Infinity]);
      const rest = inOrder().map(([each]) => each);
      expect(rest.map(() => delays.takeDue(Infinity))).toEqual(rest);
    }),
    { numRuns: 100 },
  );
});

test('keeps nothing of keys that were moved or removed, however often', () => {
  const delays = new Delays();
  for (let round = 100; round > 0; round -= 1) {
    for (let each = 0; each < 1_000; each += 1) delays.bring(`a/${each}`, round * 1_000 + each);
    for (let each = 0; each < 500; each += 1) delays.delete(`a/${each}`);
  }
  expect(delays.size).toBe(500);
});
