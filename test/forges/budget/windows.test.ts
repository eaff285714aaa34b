import { describe, expect, test } from '@jest/globals';
import { Outlook, Windows, type Limit } from '../../../src/forges/budget/windows.ts';
import { Random } from '../../random.ts';
import { githubContent, hourMs, minuteMs } from './steady.ts';

/** What a call counts for. */
const heldMs = (ms: number): number => ms * 1.0005;

function spend(windows: Windows, calls: number, now: number): void {
  windows.reserve(calls);
  for (let call = 0; call < calls; call += 1) windows.answered(now);
}

describe('windows', () => {
  test('without limits nothing runs out', () => {
    const windows = new Windows([]);
    spend(windows, 1_000, 0);
    expect(windows.free(0)).toBe(Infinity);
    expect(new Outlook(windows, 0).next(4)).toBe(0);
  });

  test('what was spent in the last minute and in the last hour is not free', () => {
    const windows = new Windows(githubContent);
    spend(windows, 80, 0);
    expect(windows.free(0)).toBe(0);
    expect(windows.free(heldMs(minuteMs) - 1)).toBe(0);
    expect(windows.free(heldMs(minuteMs))).toBe(80);
    for (let minute = 1; minute < 7; minute += 1)
      spend(windows, minute < 6 ? 80 : 20, minute * heldMs(minuteMs));
    expect(windows.left(7 * heldMs(minuteMs))).toEqual([
      { limit: githubContent[0], calls: 80 },
      { limit: githubContent[1], calls: 0 },
    ]);
    expect(windows.free(heldMs(hourMs))).toBe(80);
  });

  test('a call counts from its reservation until a window after its answer', () => {
    const windows = new Windows([{ calls: 4, ms: minuteMs }]);
    windows.reserve(4);
    expect(windows.free(10 * minuteMs)).toBe(0);
    for (let call = 0; call < 3; call += 1) windows.answered(10 * minuteMs);
    windows.giveBack(1);
    expect(windows.free(10 * minuteMs)).toBe(1);
    expect(windows.free(11 * minuteMs)).toBe(1);
    expect(windows.free(11 * minuteMs + 0.0005 * minuteMs)).toBe(4);
  });

  test('the outlook tells when acts can begin, one after another', () => {
    const windows = new Windows([{ calls: 8, ms: minuteMs }]);
    spend(windows, 4, 0);
    spend(windows, 2, 1_000);
    const outlook = new Outlook(windows, 2_000);
    const held = heldMs(minuteMs);
    expect([4, 4, 4, 1].map((calls) => outlook.next(calls))).toEqual([
      held,
      held + 1_000,
      2 * held,
      2 * held + 1_000,
    ]);
    expect(windows.nextFree(2_000)).toBe(2_000);
  });
});

function mostIn(times: readonly number[], ms: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  let [most, first] = [0, 0];
  for (const [index, at] of sorted.entries()) {
    while ((sorted[first] ?? 0) <= at - ms) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'whenever calls come and however long each is on its way, the forge counts no more in any window (seed %i)',
  (seed) => {
    const random = new Random(seed);
    const limits: Limit[] = [
      { calls: 5 + random.below(20), ms: minuteMs },
      { calls: 30 + random.below(60), ms: hourMs },
    ];
    const windows = new Windows(limits);
    const counted: number[] = [];
    const running: number[] = [];
    let now = 0;
    let sent = 0;
    for (let step = 0; step < 20_000; step += 1) {
      now += random.chance(0.9) ? random.next() * 2_000 : random.next() * 10 * minuteMs;
      running.sort((a, b) => a - b);
      while ((running[0] ?? Infinity) <= now) windows.answered(running.shift() ?? now);
      if (windows.free(now) < 1) continue;
      windows.reserve(1);
      if (random.chance(0.1)) {
        windows.giveBack(1);
        continue;
      }
      const answeredAt = now + random.next() * (random.chance(0.9) ? 500 : 15_000);
      counted.push(now + random.next() * (answeredAt - now));
      running.push(answeredAt);
      sent += 1;
    }
    expect(sent).toBeGreaterThan(500);
    for (const { calls, ms } of limits) expect(mostIn(counted, ms)).toBeLessThanOrEqual(calls);
  },
);
