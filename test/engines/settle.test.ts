import { describe, expect, test } from '@jest/globals';
import { revisionOf } from '../../src/base/revision.ts';
import { addMs } from '../../src/base/time.ts';
import type { Reading } from '../../src/engines/engine.ts';
import { settle } from '../../src/engines/settle.ts';

const revision = revisionOf({ version: '6.1.0' });
const since = new Date('2026-11-22T13:00:00Z');
const bad: Reading = { verdict: { kind: 'bad', revision, since, message: 'UpgradeFailed' } };
const waitAfterBad = { kind: 'wait', since, message: 'UpgradeFailed' };

test('good counts at once', () => {
  const good: Reading = { verdict: { kind: 'good', revision, since, message: 'UpgradeSucceeded' } };
  expect(settle(good, since)).toBe(good);
});

test('keep, hold, wait and unknown are left as they are', () => {
  const readings: Reading[] = [
    { verdict: { kind: 'keep', revision, message: 'SourceNotReady' } },
    { verdict: { kind: 'hold', message: 'suspended' } },
    { verdict: { kind: 'wait', since, message: 'Progressing' } },
    { verdict: { kind: 'unknown', since, message: 'Progressing' } },
  ];
  expect(readings.map((reading) => settle(reading, since))).toEqual(readings);
});

describe('Bad', () => {
  test('is a wait for its first five seconds, and says when to look again', () => {
    expect(settle(bad, addMs(since, 4_999))).toEqual({
      verdict: waitAfterBad,
      recheckAt: addMs(since, 5_000),
    });
  });

  test('counts after five seconds', () => {
    expect(settle(bad, addMs(since, 5_000))).toBe(bad);
  });

  test('counts when it is said to', () => {
    expect(settle(bad, addMs(since, 5_000), 8_000).recheckAt).toEqual(addMs(since, 8_000));
  });

  test('keeps its memory and the earlier of two appointments', () => {
    const memory = {
      verdict: 'bad',
      revision,
      uid: 'd4f2',
      generation: 2,
      attempted: '6.1.0',
      since,
      message: '',
    } as const;
    const appointments = [addMs(since, 2_000), addMs(since, 9_000)];
    expect(appointments.map((recheckAt) => settle({ ...bad, memory, recheckAt }, since))).toEqual([
      { verdict: waitAfterBad, memory, recheckAt: addMs(since, 2_000) },
      { verdict: waitAfterBad, memory, recheckAt: addMs(since, 5_000) },
    ]);
  });
});
