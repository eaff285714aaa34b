import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { shareStrings } from '../../src/base/share-strings.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

test('nothing that can be seen changes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      expect(shareStrings(value)).toBe(value);
      expect(JSON.stringify(value)).toBe(text);
    }),
  );
});

test('many objects that say the same take a fraction of the memory', () => {
  const text = JSON.stringify({
    times: Array.from({ length: 50 }, (_, at) => `2026-11-25T17:25:${at}.000Z`),
  });
  const bytesOf = (made: () => unknown): number => {
    collect();
    const before = process.memoryUsage().heapUsed;
    // Tens of megabytes, beside which what else the process gives back or takes meanwhile is little.
    const kept = Array.from({ length: 10_000 }, made);
    collect();
    const bytes = process.memoryUsage().heapUsed - before;
    return kept.length === 0 ? NaN : bytes;
  };
  const apart = bytesOf(() => JSON.parse(text));
  const shared = bytesOf(() => shareStrings(JSON.parse(text)));
  expect(shared).toBeLessThan(apart / 2);
});
