import { expect, test } from '@jest/globals';
import { Retries } from '../../../src/kube/queue/retries.ts';
import { spread } from '../spread.ts';

/** How long a key waits after what became of it at the time 0. */
function waitOf(course: (retries: Retries) => void): number {
  const retries = new Retries();
  course(retries);
  return retries.nextAt(0);
}

test('those who are told to wait for the same time come after it, and not together', () => {
  const { least, most } = spread(() => waitOf((retries) => retries.failed('a/1', 10_000, 0)));
  expect(least).toBeGreaterThanOrEqual(10_000);
  expect(least).toBeLessThan(10_100);
  expect(most).toBeGreaterThan(10_900);
  expect(most).toBeLessThanOrEqual(11_000);
});

test('those who are to come in a moment do not come together', () => {
  const { least, most } = spread(() => waitOf((retries) => retries.again('a/1', 0)));
  expect(least).toBeGreaterThanOrEqual(100);
  expect(least).toBeLessThan(120);
  expect(most).toBeGreaterThan(280);
  expect(most).toBeLessThanOrEqual(300);
});

test('moments are counted from the last failure on: three that follow it are no failure', () => {
  const { most } = spread(() =>
    waitOf((retries) => {
      for (let moment = 1; moment <= 3; moment += 1) retries.again('a/1', 0);
      retries.failed('a/1', 0, 0);
      retries.withdraw('a/1');
      retries.again('a/1', 0);
    }),
  );
  expect(most).toBeLessThanOrEqual(300);
});
