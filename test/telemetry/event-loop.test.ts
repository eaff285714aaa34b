import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

test('keeps no process alive', async () => {
  jest.useRealTimers();
  const source = new URL('../../src/telemetry/event-loop.ts', import.meta.url).href;
  const code = `import { EventLoopLag } from '${source}'; new EventLoopLag();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: 'ignore',
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  expect(await once(child, 'exit')).toEqual([0, null]);
}, 30_000);

test('sees a real hold-up', () => {
  jest.useRealTimers();
  const lag = new EventLoopLag();
  const read = lag.reader();
  const until = performance.now() + 250;
  while (performance.now() < until);
  expect(read()).toBeGreaterThanOrEqual(149);
  lag.stop();
});
