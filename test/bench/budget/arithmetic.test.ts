import { expect, test } from '@jest/globals';
import { callsOver, leastMs } from './arithmetic.ts';

const minute = { calls: 80, ms: 60_000 };
const hour = { calls: 500, ms: 3_600_000 };

test.each([
  [80, [minute], 0],
  [81, [minute], 60_000],
  [2_000, [minute], 24 * 60_000],
  [500, [minute, hour], 6 * 60_000],
  [501, [minute, hour], 3_600_000],
  [2_000, [minute, hour], 3 * 3_600_000 + 6 * 60_000],
])('%i calls take at least as long as the limits make them', (calls, limits, ms) => {
  expect(leastMs(calls, limits)).toBe(ms);
});

test('calls over a limit are counted in whichever span has the most', () => {
  const times = [0, 10, 20, 110, 115, 120, 121];
  expect(callsOver(times, { calls: 4, ms: 100 })).toBe(0);
  expect(callsOver(times, { calls: 3, ms: 100 })).toBe(1);
  expect(callsOver(times, { calls: 3, ms: 102 })).toBe(2);
});
