import { describe, expect, test } from '@jest/globals';
import type { Condition } from '../../../src/api/meta.ts';
import { announceCredential } from '../../../src/credentials/health/announce.ts';

function condition(type: string, reason: string, message = 'so it is'): Condition {
  return { type, status: 'True', reason, message, lastTransitionTime: '2026-11-25T12:00:00Z' };
}

function said(before: readonly Condition[] | undefined, after: readonly Condition[]): string[] {
  const previous = before === undefined ? undefined : { conditions: [...before] };
  return announceCredential(previous, { conditions: [...after] }).map(
    ({ type, reason, note }) => `${type} ${reason}: ${note}`,
  );
}

describe('people hear of a credential', () => {
  test.each<[string, Condition[] | undefined, Condition, string[]]>([
    [
      'that is no good from the start',
      undefined,
      condition('Ready', 'Revoked'),
      ['Warning Revoked: so it is'],
    ],
    [
      'that stops working',
      [condition('Ready', 'Healthy')],
      condition('Ready', 'Revoked'),
      ['Warning Revoked: so it is'],
    ],
    [
      'that works again',
      [condition('Ready', 'Revoked')],
      condition('Ready', 'Healthy'),
      ['Normal Healthy: so it is'],
    ],
    [
      'that others can take',
      [condition('Exclusive', 'Exclusive')],
      condition('Exclusive', 'Shared'),
      ['Warning Shared: Exclusive: so it is'],
    ],
    [
      'that nobody else can take any more',
      [condition('Exclusive', 'Shared')],
      condition('Exclusive', 'Exclusive'),
      ['Normal Exclusive: so it is'],
    ],
    [
      'whose controller may too much',
      [],
      condition('OverPrivileged', 'OverPrivileged'),
      ['Warning OverPrivileged: OverPrivileged: so it is'],
    ],
    [
      'whose end comes nearer',
      [condition('Ready', 'Expiring', 'in 14 days')],
      condition('Ready', 'Expiring', 'in 7 days'),
      ['Warning Expiring: in 7 days'],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(said(before, [after])).toEqual(expected);
  });

  test('whose controller may no more than it must', () => {
    expect(said([condition('OverPrivileged', 'OverPrivileged')], [])).toEqual([
      'Normal OverPrivileged: the controller has no right any more that it must not have',
    ]);
  });
});

describe('people hear nothing', () => {
  test.each<[string, Condition[] | undefined, Condition]>([
    ['of one that is fine from the start', undefined, condition('Ready', 'Healthy')],
    ['of what is not known yet', undefined, condition('Exclusive', 'Unknown')],
    ['of what was not known and is fine', [condition('Ready', 'Unknown')], condition('Ready', 'Healthy')],
    [
      'of what stays as it was, whatever the words',
      [condition('Ready', 'Stale', 'at 1')],
      condition('Ready', 'Stale', 'at 2'),
    ],
  ])('%s', (_, before, after) => {
    expect(said(before, [after])).toEqual([]);
  });
});
