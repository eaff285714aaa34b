import { expect, test } from '@jest/globals';
import { RetryDelay } from '../../../src/kube/reflector/retry-delay.ts';
import { spread } from '../spread.ts';

function afterFailures(count: number, last: { wentWellMs?: number; askedMs?: number } = {}) {
  return (each: RetryDelay): number => {
    for (let done = 1; done < count; done += 1) each.failed({ wentWellMs: 0, askedMs: 0 });
    return each.failed({ wentWellMs: 0, askedMs: 0, ...last });
  };
}

test.each([
  ['the first failure', afterFailures(1), 250],
  ['the second', afterFailures(2), 500],
  ['the fourth', afterFailures(4), 2_000],
  ['the fifth', afterFailures(5), 3_500],
  ['the thousandth', afterFailures(1_000), 3_500],
  ['one after ten seconds that went well', afterFailures(9, { wentWellMs: 10_001 }), 250],
  ['one after less', afterFailures(9, { wentWellMs: 9_999 }), 3_500],
  ['one that asks for longer', afterFailures(1, { askedMs: 20_000 }), 20_000],
  ['one that asks for too long', afterFailures(1, { askedMs: 3_600_000 }), 30_000],
  ['one that asks for less', afterFailures(4, { askedMs: 1_000 }), 2_000],
])('%s waits about as long as it should, and not all who failed wait alike', (_, course, aboutMs) => {
  const { least, most } = spread(() => course(new RetryDelay()));
  expect(least).toBeGreaterThanOrEqual(aboutMs * 0.7);
  expect(least).toBeLessThan(aboutMs * 0.75);
  expect(most).toBeGreaterThan(aboutMs * 1.25);
  expect(most).toBeLessThanOrEqual(aboutMs * 1.3);
});

test('what went well to its end begins the row anew', () => {
  const { most } = spread(() => {
    const each = new RetryDelay();
    afterFailures(9)(each);
    each.succeeded();
    return each.failed({ wentWellMs: 0, askedMs: 0 });
  });
  expect(most).toBeLessThanOrEqual(325);
});
