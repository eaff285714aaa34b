import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { revisionOf } from '../../src/base/revision.ts';
import { addMs } from '../../src/base/time.ts';
import type { Attempt, Memory, Reading, Verdict } from '../../src/engines/engine.ts';
import { remember } from '../../src/engines/remember.ts';

const attempt: Attempt = { uid: 'd4f29651', generation: 2, attempted: '6.1.0' };
const revision = revisionOf({ version: '6.1.0' });
const monday = new Date('2026-11-16T08:00:00Z');
const now = new Date('2026-11-22T13:00:00Z');
const minutes = 60_000;

const good = { kind: 'good', revision, since: monday, message: 'UpgradeSucceeded' } as const;
const bad = { kind: 'bad', revision, since: monday, message: 'UpgradeFailed' } as const;
const keep = { kind: 'keep', revision, message: 'SourceNotReady' } as const;
const hold = { kind: 'hold', message: 'suspended' } as const;
const rememberedGood: Memory = {
  verdict: 'good',
  ...attempt,
  revision,
  since: monday,
  message: 'UpgradeSucceeded',
};

function waitSince(since?: Date): Verdict {
  return { kind: 'wait', ...(since === undefined ? {} : { since }), message: 'Progressing' };
}

describe('Good and bad', () => {
  test('are dated by their condition at first', () => {
    expect(remember({ attempt, verdict: good, memory: undefined, now })).toEqual({
      verdict: good,
      memory: rememberedGood,
    });
  });

  test('keep their date while they are said again, with the newest words', () => {
    const again = { ...good, since: now, message: 'InstallSucceeded' };
    expect(remember({ attempt, verdict: again, memory: rememberedGood, now })).toEqual({
      verdict: { ...good, message: 'InstallSucceeded' },
      memory: { ...rememberedGood, message: 'InstallSucceeded' },
    });
  });

  test.each([
    ['the verdict turns', { ...bad, since: now }, attempt],
    [
      'the revision has other content',
      { ...good, since: now, revision: revisionOf({ version: '6.1.0', digest: 'b' }) },
      attempt,
    ],
    ['the spec is another', { ...good, since: now }, { ...attempt, generation: 3 }],
    ['the object is another', { ...good, since: now }, { ...attempt, uid: 'aff7' }],
    ['another revision was tried', { ...good, since: now }, { ...attempt, attempted: '6.2.0' }],
  ] as const)('begin anew when %s', (_, verdict, tried) => {
    expect(remember({ attempt: tried, verdict, memory: rememberedGood, now }).verdict).toEqual(verdict);
  });

  test('begin now where no condition dates them, or one in the future', () => {
    const { since: _, ...undated } = good;
    const readings = [undated, { ...good, since: addMs(now, 90_000) }].map((verdict) =>
      remember({ attempt, verdict, memory: undefined, now }),
    );
    expect(readings.map(({ verdict }) => verdict)).toEqual([
      { ...good, since: now },
      { ...good, since: now },
    ]);
  });
});

describe('Through a wait that a condition dates', () => {
  test('what was good stays good, and is looked at again when the wait has gone on for too long', () => {
    const verdict = waitSince(addMs(now, -9 * minutes));
    expect(remember({ attempt, verdict, memory: rememberedGood, now })).toEqual({
      verdict: good,
      memory: rememberedGood,
      recheckAt: addMs(now, 1 * minutes),
    });
  });

  test.each([
    ['the spec is another', { ...attempt, generation: 3 }],
    ['the object is another', { ...attempt, uid: 'aff7' }],
    ['another revision is tried', { ...attempt, attempted: '6.2.0' }],
  ])('nothing stands when %s', (_, tried) => {
    const since = addMs(now, -1 * minutes);
    expect(remember({ attempt: tried, verdict: waitSince(since), memory: rememberedGood, now })).toEqual({
      verdict: { kind: 'wait', since, message: 'Progressing' },
      memory: { verdict: 'wait', ...tried, since, message: 'Progressing' },
      recheckAt: addMs(now, 9 * minutes),
    });
  });

  test('what was remembered is forgotten after ten minutes: the target is unknown', () => {
    const since = addMs(now, -10 * minutes);
    expect(remember({ attempt, verdict: waitSince(since), memory: rememberedGood, now })).toEqual({
      verdict: { kind: 'unknown', since, message: 'no result since 2026-11-22T12:50:00Z: Progressing' },
      memory: { verdict: 'wait', ...attempt, since, message: 'Progressing' },
    });
  });

  test('the limit can be another', () => {
    const verdict = waitSince(addMs(now, -2 * minutes));
    const kinds = [1 * minutes, 3 * minutes].map(
      (waitLimitMs) => remember({ attempt, verdict, memory: rememberedGood, now, waitLimitMs }).verdict.kind,
    );
    expect(kinds).toEqual(['unknown', 'good']);
  });

  test("a clock that is ahead does not end the memory, and does not carry it beyond that clock's ten minutes", () => {
    const verdict = waitSince(addMs(now, 30_000));
    expect(remember({ attempt, verdict, memory: rememberedGood, now })).toEqual({
      verdict: good,
      memory: rememberedGood,
      recheckAt: addMs(now, 30_000 + 10 * minutes),
    });
    expect(remember({ attempt, verdict, memory: undefined, now }).verdict).toEqual({
      kind: 'wait',
      since: now,
      message: 'Progressing',
    });
  });
});

describe('A wait that no condition dates', () => {
  test('ends what was remembered, and begins when it is first seen', () => {
    expect(remember({ attempt, verdict: waitSince(), memory: rememberedGood, now })).toEqual({
      verdict: { kind: 'wait', since: now, message: 'Progressing' },
      memory: { verdict: 'wait', ...attempt, since: now, message: 'Progressing' },
      recheckAt: addMs(now, 10 * minutes),
    });
  });

  test('goes on until it is unknown, and stays unknown', () => {
    let reading: Reading = remember({ attempt, verdict: waitSince(), memory: undefined, now });
    const kinds = [5, 9.99, 10, 60].map((minute) => {
      const later = addMs(now, minute * minutes);
      reading = remember({ attempt, verdict: waitSince(), memory: reading.memory, now: later });
      return reading.verdict.kind;
    });
    expect(kinds).toEqual(['wait', 'wait', 'unknown', 'unknown']);
  });

  test('begins anew with the next edit', () => {
    const first = remember({ attempt, verdict: waitSince(), memory: undefined, now });
    const later = addMs(now, 9 * minutes);
    const edited = { ...attempt, generation: 3 };
    const second = remember({ attempt: edited, verdict: waitSince(), memory: first.memory, now: later });
    expect(second.recheckAt).toEqual(addMs(later, 10 * minutes));
  });

  test('is what a date beyond any clock skew counts as', () => {
    const verdict = waitSince(new Date('2999-01-01T00:00:00Z'));
    expect(remember({ attempt, verdict, memory: rememberedGood, now }).recheckAt).toEqual(
      addMs(now, 10 * minutes),
    );
  });
});

describe('Keep and hold', () => {
  test.each([keep, hold])(
    '$kind is said as it is, and what was remembered is there again afterwards',
    (verdict) => {
      expect(remember({ attempt, verdict, memory: rememberedGood, now })).toEqual({
        verdict,
        memory: rememberedGood,
      });
    },
  );

  test.each([keep, hold])('$kind ends a wait and forgets what is of another spec', (verdict) => {
    const waiting: Memory = { verdict: 'wait', ...attempt, since: now, message: 'Progressing' };
    const memories = [waiting, { ...rememberedGood, generation: 1 }, undefined];
    expect(memories.map((memory) => remember({ attempt, verdict, memory, now }))).toEqual([
      { verdict },
      { verdict },
      { verdict },
    ]);
  });
});

test('an object that never says more than wait is not good for longer than the limit, whatever its one date', () => {
  const hour = 60 * minutes;
  const offsetMs = fc.option(fc.integer({ min: -hour, max: hour }), { nil: undefined });
  fc.assert(
    fc.property(
      offsetMs,
      fc.array(fc.nat(3 * minutes), { minLength: 10, maxLength: 20 }),
      (offset, pauses) => {
        const verdict = waitSince(offset === undefined ? undefined : addMs(now, offset));
        let memory: Memory | undefined = rememberedGood;
        let elapsedMs = 0;
        for (const pauseMs of pauses) {
          elapsedMs += pauseMs;
          const reading = remember({ attempt, verdict, memory, now: addMs(now, elapsedMs) });
          ({ memory } = reading);
          // A clock may be ahead of the first look by one limit at most.
          const sinceFirstLookMs = elapsedMs - (pauses[0] ?? 0);
          if (sinceFirstLookMs >= 20 * minutes) expect(reading.verdict.kind).not.toBe('good');
        }
      },
    ),
  );
});
