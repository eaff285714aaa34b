import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { EventLoopLag } from '../../src/telemetry/event-loop.ts';

let nowMs: number;
beforeEach(() => {
  nowMs = 0;
  jest.useFakeTimers();
});
afterEach(() => void jest.useRealTimers());

/** The timers of so long, all of them late by as much. */
function heldUpFor(ms: number): void {
  nowMs += ms;
  jest.advanceTimersByTime(100);
}

test('gives the longest hold-up since it was asked last', () => {
  const lag = new EventLoopLag(() => nowMs);
  const read = lag.reader();
  heldUpFor(100);
  heldUpFor(400);
  heldUpFor(150);
  expect([read(), read()]).toEqual([300, 0]);
  heldUpFor(99);
  expect(read()).toBe(0);
  lag.stop();
});

test('sees one that is not over yet for its own timer', () => {
  const lag = new EventLoopLag(() => nowMs);
  const read = lag.reader();
  nowMs = 900;
  expect(read()).toBe(800);
  lag.stop();
});

test('gives each reader its own: a probe takes nothing from a scrape', () => {
  const lag = new EventLoopLag(() => nowMs);
  const [probe, scrape] = [lag.reader(), lag.reader()];
  heldUpFor(1_100);
  expect(probe()).toBe(1_000);
  heldUpFor(300);
  expect([probe(), scrape(), scrape()]).toEqual([200, 1_000, 0]);
  lag.stop();
});

test('leaves no timer behind', () => {
  const lag = new EventLoopLag(() => nowMs);
  expect(jest.getTimerCount()).toBe(1);
  lag.stop();
  expect(jest.getTimerCount()).toBe(0);
});

test('sees a real hold-up, and keeps no process alive', () => {
  jest.useRealTimers();
  const read = new EventLoopLag().reader();
  const until = performance.now() + 250;
  while (performance.now() < until);
  expect(read()).toBeGreaterThanOrEqual(149);
});
