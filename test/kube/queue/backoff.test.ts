import { expect, test } from '@jest/globals';
import { Backoff } from '../../../src/kube/queue/backoff.ts';
import { spread } from '../spread.ts';

const hourMs = 3_600_000;

test('a key of which nothing is heard any more is forgotten after two hours, when another one fails', () => {
  const backoff = new Backoff();
  backoff.failed('a/lives', 0);
  for (let gone = 0; gone < 1_000; gone += 1) backoff.failed(`a/${gone}`, gone);
  backoff.failed('a/lives', hourMs);
  expect(backoff.size).toBe(1_001);
  backoff.failed('a/lives', 2 * hourMs + 2_000);
  expect(backoff.size).toBe(1);
});

test('a key that goes on failing is not forgotten, so that it goes on waiting longer', () => {
  const backoff = new Backoff();
  let ms = 0;
  for (let now = 0; now < 10 * hourMs; now += hourMs) ms = backoff.failed('a/1', now);
  expect(ms).toBeGreaterThan(100_000);
});

test('never waits longer than two minutes and a tenth, however often a key failed', () => {
  const backoff = new Backoff();
  for (let failure = 0; failure < 2_000; failure += 1)
    expect(backoff.failed('a/1', failure)).toBeLessThanOrEqual(132_000);
});

test('a key that succeeded is forgotten', () => {
  const backoff = new Backoff();
  backoff.failed('a/1', 0);
  backoff.succeeded('a/1');
  expect(backoff.size).toBe(0);
});

test.each([
  ['first', 1, 500],
  ['fourth', 4, 4_000],
  ['hundredth', 100, 120_000],
])('what fails together for the %s time does not come back together', (_, inARow, aboutMs) => {
  const { least, most } = spread(() => {
    const backoff = new Backoff();
    for (let failure = 1; failure < inARow; failure += 1) backoff.failed('a/1', failure);
    return backoff.failed('a/1', inARow);
  });
  expect(least).toBeGreaterThanOrEqual(aboutMs * 0.9);
  expect(least).toBeLessThan(aboutMs * 0.92);
  expect(most).toBeGreaterThan(aboutMs * 1.08);
  expect(most).toBeLessThanOrEqual(aboutMs * 1.1);
});
