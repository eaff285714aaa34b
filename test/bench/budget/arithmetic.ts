import type { Limit } from '../../../src/forges/budget/windows.ts';

/** When the last of so many calls can be made at the earliest, from the first: each as soon as the limits let it, in no time. */
export function leastMs(calls: number, limits: readonly Limit[]): number {
  const times: number[] = [];
  for (let call = 0; call < calls; call += 1) {
    const earliest = limits.map((limit) => (times[call - limit.calls] ?? -limit.ms) + limit.ms);
    times.push(Math.max(0, times[call - 1] ?? 0, ...earliest));
  }
  return times.at(-1) ?? 0;
}

/** By how many the calls in any span of a limit's length are too many, at most; 0: none is. @param times in any order */
export function callsOver(times: readonly number[], { calls, ms }: Limit): number {
  const sorted = [...times].sort((a, b) => a - b);
  let [over, first] = [0, 0];
  for (const [index, at] of sorted.entries()) {
    while ((sorted[first] ?? at) <= at - ms) first += 1;
    over = Math.max(over, index - first + 1 - calls);
  }
  return over;
}
