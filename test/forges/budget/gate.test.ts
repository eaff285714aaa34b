import { describe, expect, test } from '@jest/globals';
import { Gate } from '../../../src/forges/budget/gate.ts';
import { minuteMs } from './steady.ts';

describe('a gate', () => {
  test('is open until the forge refuses a call, and lets any number through', () => {
    const gate = new Gate();
    expect([gate.opensAt(0), gate.enter(0), gate.enter(0), gate.opensAt(0)]).toEqual([
      undefined,
      false,
      false,
      undefined,
    ]);
  });

  test.each([
    ['a minute when the forge names no time', undefined, minuteMs],
    ['a minute when it names an earlier one', 2_000, minuteMs],
    ['until the time that it names', 10 * minuteMs, 10 * minuteMs],
  ])('closes for %s', (_name, until, opensAt) => {
    const gate = new Gate();
    gate.close(until, 0);
    expect(gate.opensAt(0)).toBe(opensAt);
    expect(gate.opensAt(opensAt - 1)).toBe(opensAt);
    expect(gate.opensAt(opensAt)).toBeUndefined();
  });

  test('waits two minutes from the second refusal in a row on, and a minute again after a call was taken', () => {
    const gate = new Gate();
    const waits: number[] = [];
    let now = 0;
    const refuse = (): void => {
      gate.enter(now);
      gate.close(undefined, now);
      const opensAt = gate.opensAt(now) ?? now;
      waits.push(opensAt - now);
      now = opensAt;
    };
    for (let time = 0; time < 4; time += 1) refuse();
    gate.enter(now);
    gate.probed('accepted', now);
    refuse();
    expect(waits).toEqual([1, 2, 2, 2, 1].map((minutes) => minutes * minuteMs));
  });

  test('of calls that were on their way together the refusals count as one', () => {
    const gate = new Gate();
    gate.close(undefined, 0);
    gate.close(undefined, 10);
    gate.close(3 * minuteMs, 20);
    expect(gate.opensAt(20)).toBe(3 * minuteMs);
    gate.enter(3 * minuteMs);
    gate.close(undefined, 3 * minuteMs);
    expect(gate.opensAt(3 * minuteMs)).toBe(5 * minuteMs);
  });

  test('lets one call through alone when the time is over, and others after it was taken', () => {
    const gate = new Gate();
    gate.close(undefined, 0);
    expect(gate.enter(minuteMs)).toBe(true);
    expect(gate.opensAt(minuteMs)).toBe(minuteMs + 2_000);
    gate.probed('accepted', minuteMs + 300);
    expect(gate.opensAt(minuteMs + 300)).toBeUndefined();
    expect(gate.enter(minuteMs + 300)).toBe(false);
  });

  test('of a probe that tells nothing another one is made, also of one that never ends', () => {
    const gate = new Gate();
    gate.close(undefined, 0);
    gate.enter(minuteMs);
    gate.probed('unknown', minuteMs + 1);
    expect([gate.opensAt(minuteMs + 1), gate.enter(minuteMs + 1)]).toEqual([undefined, true]);
    expect(gate.opensAt(2 * minuteMs)).toBeDefined();
    expect([gate.opensAt(2 * minuteMs + 1), gate.enter(2 * minuteMs + 1)]).toEqual([undefined, true]);
  });

  test('what was sent before it closed does not open it', () => {
    const gate = new Gate();
    gate.close(undefined, 0);
    gate.probed('accepted', 10);
    expect(gate.opensAt(10)).toBe(minuteMs);
  });

  test('tells each who must wait another time, the first when it opens and the others when that one has probed', () => {
    const gate = new Gate();
    gate.close(undefined, 0);
    const places = Array.from({ length: 500 }, () => gate.place(1));
    expect(places.slice(0, 3)).toEqual([minuteMs, minuteMs + 2_020, minuteMs + 2_040]);
    expect(new Set(places).size).toBe(500);
    expect(Math.max(...places)).toBeLessThan(minuteMs + 15_000);
  });
});
