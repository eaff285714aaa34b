import { expect, test } from '@jest/globals';
import type { CredentialAccess } from '../../../src/api/credential.ts';
import { exclusivenessOf } from '../../../src/credentials/health/exclusiveness.ts';

const of = { secret: 'key', now: new Date('2026-11-25T12:00:00Z') };

function access(
  verdict: CredentialAccess['verdict'],
  checkedTime = '2026-11-25T11:30:00Z',
): CredentialAccess {
  return {
    verdict,
    secret: 'key',
    checkedTime,
    message: 'as the auditor says',
    others: 0,
    elsewhere: 0,
    paths: [],
    baseline: [],
  };
}

test.each([
  ['Exclusive', 'True'],
  ['Shared', 'False'],
  ['Exposed', 'False'],
  ['Unknown', 'Unknown'],
] as const)('what the auditor says stands: %s is %s', (verdict, status) => {
  expect(exclusivenessOf(access(verdict), of)).toEqual({
    status,
    reason: verdict,
    message: 'as the auditor says',
  });
});

test('without an auditor it is not known, and said so', () => {
  expect(exclusivenessOf(undefined, of)).toEqual({
    status: 'Unknown',
    reason: 'Unknown',
    message: 'no auditor has looked who else can reach the Secret; run one (chart value auditor.enabled)',
  });
});

test('what an auditor said that runs no more is not believed after three hours', () => {
  expect(exclusivenessOf(access('Exclusive', '2026-11-25T09:00:00Z'), of).reason).toBe('Exclusive');
  expect(exclusivenessOf(access('Exclusive', '2026-11-25T08:59:59Z'), of)).toEqual({
    status: 'Unknown',
    reason: 'Unknown',
    message:
      'no auditor has looked who else can reach the Secret since 2026-11-25T08:59:59Z; see why it does not run',
  });
});

test('what an auditor says that it has seen in the future is not believed: its clock is wrong, or it is not its word', () => {
  expect(exclusivenessOf(access('Exclusive', '2026-11-25T12:05:00Z'), of).reason).toBe('Exclusive');
  expect(exclusivenessOf(access('Exclusive', '2026-11-25T12:05:01Z'), of)).toEqual({
    status: 'Unknown',
    reason: 'Unknown',
    message:
      "the auditor's word on who else can reach the Secret is of 2026-11-25T12:05:01Z, which is yet to come; compare its clock with the controller's, and see who may write credentials/status",
  });
});

test('what an auditor said of another Secret is not said of the one that is named now', () => {
  expect(exclusivenessOf(access('Exclusive'), { ...of, secret: 'other' })).toEqual({
    status: 'Unknown',
    reason: 'Unknown',
    message: 'the auditor has not looked yet who else can reach Secret other; what it wrote is of Secret key',
  });
});
