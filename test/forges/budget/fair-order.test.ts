import { expect, test } from '@jest/globals';
import { inFairOrder, type Waiter } from '../../../src/forges/budget/fair-order.ts';

type Served = Parameters<typeof inFairOrder>[1];
const nothing: Served = { of: () => 0, protectedInARow: () => 0 };

/** `a/one` waits; `a/one!` waits for a protected environment. */
function waiting(...names: readonly string[]): (Waiter & { readonly name: string })[] {
  return names.map((name, order) => ({
    name,
    spender: name.replace('!', ''),
    isProtected: name.endsWith('!'),
    calls: 4,
    order,
  }));
}

function order(names: readonly string[], served: Served = nothing): string {
  return inFairOrder(waiting(...names), served)
    .map(({ name }) => name)
    .join(' ');
}

test('of equals the first to come is the first', () => {
  expect(order(['a/one', 'a/two', 'a/three'])).toBe('a/one a/two a/three');
});

test('many of one namespace do not stand before the first of another', () => {
  expect(order(['a/one', 'a/two', 'a/three', 'a/four', 'b/one', 'b/two'])).toBe(
    'a/one b/one a/two b/two a/three a/four',
  );
});

test('many environments of one Pipeline do not stand before the first of another', () => {
  expect(order(['a/one', 'a/one', 'a/one', 'a/two', 'a/three'])).toBe('a/one a/two a/three a/one a/one');
});

test('who was served less is served first, namespaces before Pipelines', () => {
  const spent: Record<string, number> = { a: 8, 'a/one': 8, b: 4, 'b/one': 4 };
  const of = (name: string): number => spent[name] ?? 0;
  expect(order(['a/one', 'a/two', 'b/one', 'b/two'], { ...nothing, of })).toBe('b/two a/two b/one a/one');
});

test('protected environments go first within their namespace, and do not starve the others', () => {
  expect(order(['a/one', 'a/two', 'a/p!', 'a/q!', 'a/r!', 'a/s!', 'a/t!'])).toBe(
    'a/p! a/q! a/r! a/one a/s! a/t! a/two',
  );
  expect(order(['a/one', 'a/p!'], { ...nothing, protectedInARow: () => 3 })).toBe('a/one a/p!');
});

test('a namespace gets no more of the whole by calling everything protected', () => {
  expect(order(['b/one', 'b/two', 'a/p!', 'a/q!', 'a/r!'])).toBe('a/p! b/one a/q! b/two a/r!');
});
