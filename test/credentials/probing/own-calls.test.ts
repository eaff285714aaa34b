import { describe, expect, test } from '@jest/globals';
import { addMs } from '../../../src/base/time.ts';
import { OwnCalls } from '../../../src/credentials/probing/own-calls.ts';
import { ManualClock, minuteMs } from '../promoter.ts';

/** Own calls with a clock, and whether what was so many minutes after the beginning may have been one of them. */
function started() {
  const clock = new ManualClock();
  const began = clock.now();
  const calls = new OwnCalls(clock);
  const minutes = (count: number): Date => addMs(began, count * minuteMs);
  return { clock, calls, minutes, isOurs: (count: number) => calls.isOurs('token', minutes(count)) };
}

test('a use is ours from a minute before a call to five minutes after it', () => {
  const { clock, calls, isOurs } = started();
  clock.advance(10 * minuteMs);
  calls.note('token');
  expect([8.9, 9, 10, 15, 15.1].map(isOurs)).toEqual([false, true, true, true, false]);
});

test('calls in close sequence leave no room between them, and others do', () => {
  const { clock, calls, isOurs } = started();
  for (let times = 0; times < 10; times += 1) {
    calls.note('token');
    clock.advance(6 * minuteMs);
  }
  clock.advance(10 * minuteMs);
  calls.note('token');
  expect([0, 5.5, 53, 59, 60, 68, 69, 75, 76].map(isOurs)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
    true,
    true,
    false,
  ]);
});

test('calls with another token are nothing to it, and what is not used any more is forgotten', () => {
  const { calls, isOurs } = started();
  calls.note('another');
  expect(isOurs(0)).toBe(false);
  calls.note('token');
  calls.forget('token');
  expect(isOurs(0)).toBe(false);
});

test('of many pauses the oldest are not told apart any more, and no use of ours is taken for another', () => {
  const { clock, calls, isOurs } = started();
  const times = Array.from({ length: 100 }, (_, index) => index * 10);
  for (const _ of times) {
    calls.note('token');
    clock.advance(10 * minuteMs);
  }
  expect(times.every(isOurs)).toBe(true);
  expect([7, 507, 527, 987].map(isOurs)).toEqual([true, true, false, false]);
});

describe('what a status says of calls before this process', () => {
  test('counts for an hour from its time, which moves hourly', () => {
    const { clock, calls, minutes, isOurs } = started();
    clock.advance(3 * 60 * minuteMs);
    calls.resume('token', minutes(60));
    expect([58, 59, 90, 125, 126].map(isOurs)).toEqual([false, true, true, true, false]);
  });

  test('does not count once it is of this process', () => {
    const { clock, calls, minutes, isOurs } = started();
    calls.note('token');
    clock.advance(60 * minuteMs);
    calls.note('token');
    calls.resume('token', minutes(0));
    expect(isOurs(30)).toBe(false);
  });
});
