import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isSameJson } from '../../src/base/same-json.ts';

test.each([
  [1, 1, true],
  ['a', 'a', true],
  [null, null, true],
  [null, {}, false],
  [{}, [], false],
  [[1, 2], [1, 2], true],
  [[1, 2], [2, 1], false],
  [[1], [1, 2], false],
  [{ a: 1, b: { c: [2] } }, { b: { c: [2] }, a: 1 }, true],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ a: 1, b: 2 }, { a: 1 }, false],
  [{ a: 1, b: undefined }, { a: 1 }, true],
  [{ a: 1 }, { a: 1, b: undefined }, true],
  [{ a: undefined, b: 1 }, { a: 1, b: undefined }, false],
  ['1', 1, false],
])('%j and %j: %p', (one, other, expected) => {
  expect(isSameJson(one, other)).toBe(expected);
});

/** As JSON, with members in one order. */
function written(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

test('it says what comparing the written forms says', () => {
  // -0 is written as 0; and a few names and values, so that some pairs are the same.
  const leaf = fc.oneof(fc.constantFrom(0, 1, '', 'a', null, true), fc.string({ maxLength: 1 }));
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('any'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b'), tie('any'), { maxKeys: 2 }),
    ),
  })).any;
  fc.assert(
    fc.property(value, value, (one, other) => {
      expect(isSameJson(one, other)).toBe(written(one) === written(other));
      expect(isSameJson(one, structuredClone(one))).toBe(true);
    }),
  );
});
