import { expect, test } from '@jest/globals';
import { retryAfterMs } from '../../../src/kube/transport/retry-after.ts';

const now = Date.parse('2026-11-06T12:00:00Z');

test.each([
  ['120', 120_000],
  ['0', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['soon', undefined],
  ['', undefined],
  ['Fri, 06 Nov 2026 12:00:30 GMT', 30_000],
  ['Friday, 06-Nov-26 12:00:30 GMT', 30_000],
  ['Fri, 06 Nov 2026 11:59:59 GMT', undefined],
  ['Fri Nov  6 12:00:30 2026', undefined],
  ['2026-11-06T12:00:30', undefined],
  ['Fri, 99 Nov 2026 12:00:30 GMT', undefined],
])('Retry-After: %j', (said, ms) => {
  expect(retryAfterMs(said, undefined, now)).toBe(ms);
});

test('a server whose clock is wrong is asked again after the time that it means', () => {
  const said = 'Fri, 06 Nov 2026 15:00:05 GMT';
  expect(retryAfterMs(said, 'Fri, 06 Nov 2026 15:00:00 GMT', now)).toBe(5_000);
  expect(retryAfterMs(said, 'yesterday', now)).toBe(3 * 3_600_000 + 5_000);
});

test('no header, no time', () => {
  expect(retryAfterMs(undefined, 'Fri, 06 Nov 2026 12:00:00 GMT', now)).toBeUndefined();
});
