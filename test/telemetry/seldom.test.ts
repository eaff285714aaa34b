import { expect, test } from '@jest/globals';
import { Seldom } from '../../src/telemetry/seldom.ts';

test('the same is told once a minute, with how often it was left out', () => {
  const seldom = new Seldom();
  const at = [0, 1_000, 59_999, 60_000, 60_001, 180_000];
  expect(at.map((now) => seldom.omitted('watch Unavailable', now))).toEqual([
    0,
    undefined,
    undefined,
    2,
    undefined,
    1,
  ]);
});

test('something else is told at once', () => {
  const seldom = new Seldom();
  expect([seldom.omitted('a', 0), seldom.omitted('b', 0), seldom.omitted('a', 1)]).toEqual([0, 0, undefined]);
});

test('a thousand different things are remembered, and no more', () => {
  const seldom = new Seldom();
  for (let index = 0; index <= 1_000; index += 1) seldom.omitted(String(index), 0);
  expect([seldom.omitted('1000', 1), seldom.omitted('1', 1), seldom.omitted('0', 1)]).toEqual([
    undefined,
    undefined,
    0,
  ]);
});

test('what was told again is not the first to be forgotten', () => {
  const seldom = new Seldom();
  seldom.omitted('often', 0);
  for (let index = 1; index < 1_000; index += 1) seldom.omitted(String(index), 30_000);
  seldom.omitted('often', 60_000);
  seldom.omitted('one more', 60_000);
  expect([seldom.omitted('often', 60_001), seldom.omitted('2', 60_001), seldom.omitted('1', 60_001)]).toEqual(
    [undefined, undefined, 0],
  );
});
