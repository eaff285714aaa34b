import { expect, test } from '@jest/globals';
import type { Credential, CredentialStatus } from '../../src/api/credential.ts';
import { credentialFactsOf } from '../../src/cli/credential-facts.ts';
import { appCredential } from '../credentials/promoter.ts';

const now = new Date('2026-11-25T12:00:00Z');

function credential(reason?: string, expiryTime?: string): Credential {
  const ready = {
    type: 'Ready',
    status: 'True',
    message: '',
    lastTransitionTime: '2026-11-25T12:00:00Z',
  } as const;
  const status: CredentialStatus = {
    ...(reason === undefined ? {} : { conditions: [{ ...ready, reason }] }),
    ...(expiryTime === undefined ? {} : { expiryTime }),
  };
  return { ...appCredential('acme/fleet'), status };
}

test('credentials are counted by reason, and the first end to come is told', () => {
  expect(
    credentialFactsOf(
      [
        credential('Healthy', '2027-01-01T00:00:00Z'),
        credential('Healthy'),
        credential('Expiring', '2026-12-01T00:00:00Z'),
        credential('Expired', '2026-11-25T12:00:00Z'),
        credential(),
      ],
      now,
    ),
  ).toEqual({
    reasons: { Healthy: 2, Expiring: 1, Expired: 1, Unknown: 1 },
    firstExpiry: new Date('2026-12-01T00:00:00Z'),
  });
});

test('of none there is nothing to tell', () => {
  expect(credentialFactsOf([], now)).toEqual({ reasons: {} });
});
