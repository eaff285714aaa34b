import { addMs, toTimestamp } from '../base/time.ts';
import type { Attempt, Memory, Reading, Verdict } from './engine.ts';
import { sentence } from '../base/sentence.ts';

const defaultWaitLimitMs = 10 * 60_000;

/**
 * A verdict in the light of the last one. Interval runs and retries take a good or bad object back to `wait` for a while with
 * nothing new tried; so the last good or bad verdict stands through a wait of the same object, spec and attempted revision.
 *
 * A wait begins when the condition that says so changed, and only such a wait is stood through; a wait that no condition dates
 * (an edit that the engine has not seen) begins when it is first seen. After `waitLimitMs` it is `unknown`, and what was
 * remembered is forgotten: a stopped engine or an endless retry must not stay good for ever.
 * Dates come from another cluster's clock; those that lie ahead of `now` count as now.
 */
export function remember({
  attempt,
  verdict,
  memory,
  now,
  waitLimitMs = defaultWaitLimitMs,
}: {
  readonly attempt: Attempt;
  readonly verdict: Verdict;
  readonly memory: Memory | undefined;
  readonly now: Date;
  readonly waitLimitMs?: number | undefined;
}): Reading {
  const last = memory !== undefined && isSame(memory, attempt) ? memory : undefined;
  switch (verdict.kind) {
    case 'good':
    case 'bad':
      return conclude(attempt, verdict, last, now);
    case 'wait':
      return wait(attempt, verdict, last, now, waitLimitMs);
    case 'keep':
    case 'hold':
      return last === undefined || last.verdict === 'wait' ? { verdict } : { verdict, memory: last };
    default:
      return verdict satisfies never;
  }
}

function isSame(a: Attempt, b: Attempt): boolean {
  return a.uid === b.uid && a.generation === b.generation && a.attempted === b.attempted;
}

function conclude(
  attempt: Attempt,
  { kind, revision, since, message }: Extract<Verdict, { kind: 'good' | 'bad' }>,
  last: Memory | undefined,
  now: Date,
): Reading {
  const continues = last !== undefined && last.verdict === kind && last.revision.key === revision.key;
  const start = continues ? last.since : earlier(since ?? now, now);
  return {
    verdict: { kind, revision, since: start, message },
    memory: { verdict: kind, revision, ...attempt, since: start, message },
  };
}

function wait(
  attempt: Attempt,
  { since, message }: Extract<Verdict, { kind: 'wait' }>,
  last: Memory | undefined,
  now: Date,
  waitLimitMs: number,
): Reading {
  // A date further ahead than a wait may last is no clock skew but nonsense, and would never end.
  const dated = since !== undefined && since <= addMs(now, waitLimitMs);
  const start = dated ? earlier(since, now) : last?.verdict === 'wait' ? last.since : now;
  const memory: Memory = { verdict: 'wait', ...attempt, since: start, message };
  const recheckAt = addMs(dated ? since : start, waitLimitMs);
  if (recheckAt <= now) {
    const words = sentence(`no result since ${toTimestamp(start)}: ${message}`);
    return { verdict: { kind: 'unknown', since: start, message: words }, memory };
  }
  if (!dated || last === undefined || last.verdict === 'wait') {
    return { verdict: { kind: 'wait', since: start, message }, memory, recheckAt };
  }
  const { verdict: kind, revision, since: stands, message: said } = last;
  return { verdict: { kind, revision, since: stands, message: said }, memory: last, recheckAt };
}

function earlier(a: Date, b: Date): Date {
  return a <= b ? a : b;
}
