import { describe, expect, test } from '@jest/globals';
import type { CredentialFacts } from '../../../src/credentials/credential.ts';
import { readinessOf, type ReadinessInput } from '../../../src/credentials/health/readiness.ts';
import type { ScopeFacts, TokenFacts } from '../../../src/forges/identity.ts';
import { appFacts, least, tokenFacts } from './facts.ts';

const now = new Date('2026-11-25T12:00:00Z');

function ready(input: Partial<ReadinessInput>): string {
  const { status, reason, message } = readinessOf({
    now,
    facts: undefined,
    expiryTime: undefined,
    problem: undefined,
    health: undefined,
    answeredTime: undefined,
    warningDays: [14, 7, 1],
    ...input,
  });
  return `${status} ${reason}: ${message}`;
}

function withScope(scope: Partial<ScopeFacts>): CredentialFacts {
  return tokenFacts({ scope: { ...least, ...scope } });
}

test('before the forge has been asked nothing is known', () => {
  expect(ready({})).toBe('Unknown Unknown: the forge has not been asked yet');
});

test('what the forge accepts and what opens no more than needed is healthy', () => {
  expect(ready({ facts: appFacts() })).toBe('True Healthy: the forge accepts it');
  expect(ready({ facts: tokenFacts() })).toBe('True Healthy: the forge accepts it');
});

describe('a token that ends', () => {
  const ends = (time: string, rest: Partial<ReadinessInput> = {}) =>
    ready({ facts: tokenFacts(), expiryTime: new Date(time), ...rest });

  test.each([
    ['2026-12-09T12:00:01Z', 'True Healthy: the forge accepts it'],
    [
      '2026-12-09T12:00:00Z',
      'True Expiring: it ends at 2026-12-09T12:00:00Z, in less than 14 days; put a new one into the Secret',
    ],
    [
      '2026-12-02T12:00:00Z',
      'True Expiring: it ends at 2026-12-02T12:00:00Z, in less than 7 days; put a new one into the Secret',
    ],
    [
      '2026-11-26T12:00:00Z',
      'True Expiring: it ends at 2026-11-26T12:00:00Z, in less than 1 day; put a new one into the Secret',
    ],
    [
      '2026-11-25T12:00:00Z',
      'False Expired: it ended at 2026-11-25T12:00:00Z; make a new one on the forge and put it into the Secret',
    ],
  ])('at %s is warned of fourteen, seven and one day before', (time, said) => {
    expect(ends(time)).toBe(said);
  });

  test('is warned of when the operator says so', () => {
    expect(ends('2026-12-15T12:00:00Z', { warningDays: [30] })).toMatch(
      /^True Expiring: .* in less than 30 days/,
    );
  });

  test('has expired when the forge refuses it afterwards, and was revoked when it refuses it before', () => {
    const problem = { reason: 'Revoked', message: 'refused' } as const;
    expect(ends('2026-11-25T11:59:59Z', { problem })).toMatch(/^False Expired/);
    expect(ends('2026-12-25T12:00:00Z', { problem })).toBe('False Revoked: refused');
  });
});

describe('a forge that does not answer', () => {
  const problem = { reason: 'ForgeUnreachable', message: 'github.com cannot be reached' } as const;

  test('leaves what it said before, with its age', () => {
    expect(ready({ facts: appFacts(), problem, answeredTime: '2026-11-25T11:00:00Z' })).toBe(
      'Unknown Stale: github.com cannot be reached; what is shown is of 2026-11-25T11:00:00Z',
    );
  });

  test('and never has, leaves nothing', () => {
    expect(ready({ problem })).toBe('False ForgeUnreachable: github.com cannot be reached');
  });
});

describe('too much is a warning and no error:', () => {
  test.each<[string, CredentialFacts, string]>([
    [
      'a token with a wide scope',
      withScope({ verdict: 'Broad', surplus: ['repo'], message: 'repo opens everything' }),
      'True OverScoped: repo opens everything',
    ],
    [
      'a token that never ends',
      tokenFacts({ expiry: { kind: 'never' } }),
      'True OverScoped: it never ends; use one with an end',
    ],
    [
      'a token that cannot have an end',
      tokenFacts({ expiry: { kind: 'never', instead: 'tokens there have no end, so replace it by hand' } }),
      'True OverScoped: it never ends; tokens there have no end, so replace it by hand',
    ],
    [
      'an App that may do more',
      appFacts({
        scope: {
          ...least,
          verdict: 'Broad',
          surplus: ['issues:write'],
          message: 'issues:write is not needed',
        },
      }),
      'True OverScoped: issues:write is not needed',
    ],
    [
      'an App that is installed everywhere',
      appFacts({ repositorySelection: 'all' }),
      'True BroadInstallation: the App is installed on all repositories of its account; choose those that it is for in the settings of the installation',
    ],
    [
      'an App that is installed on more repositories than are listed',
      appFacts({}, [], { repositories: 200, listed: 2, accounts: 3, listedAccounts: 1 }),
      'True BroadInstallation: the App is installed on 200 repositories of acme, and spec.repositories lists 2; choose those that it is for in the settings of the installation',
    ],
    [
      'an App that is installed at more accounts than are listed',
      appFacts({}, [], { repositories: 1, listed: 1, accounts: 3, listedAccounts: 1 }),
      'True BroadInstallation: the App is installed at 3 accounts, and spec.repositories are of 1; uninstall it from the others, or use an App for these alone',
    ],
  ])('%s', (_, facts, said) => {
    expect(ready({ facts })).toBe(said);
  });
});

describe('too little is an error:', () => {
  test('an App without a permission', () => {
    expect(ready({ facts: appFacts({}, ['pull_requests:write']) })).toMatch(
      /^False PermissionsMissing: the App lacks pull_requests:write; /,
    );
  });

  test('a token without a scope', () => {
    const facts = withScope({ verdict: 'Insufficient', lacking: ['api'], message: 'it lacks api; grant it' });
    expect(ready({ facts })).toBe('False PermissionsMissing: it lacks api; grant it');
  });
});

test('what a use was told counts more than what the last probe was told', () => {
  const health = { good: false, taken: true, reason: 'SSORequired', message: 'authorize it' } as const;
  expect(ready({ facts: tokenFacts(), health })).toBe('False SSORequired: authorize it');
});

test('an end that is not known is not warned of', () => {
  const unknown: TokenFacts['expiry'] = { kind: 'unknown', why: 'the forge reports the present moment' };
  expect(ready({ facts: tokenFacts({ expiry: unknown }) })).toMatch(/^True Healthy/);
});
