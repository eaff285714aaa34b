import { expect, test } from '@jest/globals';
import { Backoff } from '../../../src/kube/queue/backoff.ts';

const hourMs = 3_600_000;

test('a key of which nothing is heard any more is forgotten after an hour, when another one fails', () => {
  const backoff = new Backoff();
  backoff.failed('a/lives', 0);
  for (let gone = 0; gone < 1_000; gone += 1) backoff.failed(`a/${gone}`, gone);
  backoff.failed('a/lives', hourMs / 2);
  expect(backoff.size).toBe(1_001);
  backoff.failed('a/lives', hourMs + 2_000);
  expect(backoff.size).toBe(1);
});

test('a key that goes on failing is not forgotten, so that it goes on waiting longer', () => {
  const backoff = new Backoff();
  let ms = 0;
  for (let now = 0; now < 5 * hourMs; now += hourMs / 2) ms = backoff.failed('a/1', now);
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
