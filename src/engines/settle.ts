import { addMs } from '../base/time.ts';
import type { Reading } from './engine.ts';

const defaultBadAfterMs = 5_000;

/**
 * A reading to act upon: good counts at once, bad only once it has stood for `badAfterMs`, because engines write failures that
 * they take back moments later. Until then it is a wait, and `recheckAt` says when it ends. The memory stays as it is.
 * `since` has whole seconds in Kubernetes, so a bad verdict may count up to a second early.
 */
export function settle(reading: Reading, now: Date, badAfterMs: number = defaultBadAfterMs): Reading {
  const { verdict } = reading;
  if (verdict.kind !== 'bad') return reading;
  const settlesAt = addMs(verdict.since, badAfterMs);
  if (settlesAt <= now) return reading;
  const recheckAt =
    reading.recheckAt !== undefined && reading.recheckAt < settlesAt ? reading.recheckAt : settlesAt;
  return { ...reading, verdict: { kind: 'wait', since: verdict.since, message: verdict.message }, recheckAt };
}
