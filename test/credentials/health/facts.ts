import type { CredentialFacts } from '../../../src/credentials/credential.ts';
import type { Reach } from '../../../src/credentials/probing/reach.ts';
import type { Installation, ScopeFacts, TokenFacts } from '../../../src/forges/identity.ts';

/** No more and no less than a promotion needs. */
export const least: ScopeFacts = {
  verdict: 'Least',
  granted: ['contents:write', 'pull_requests:write'],
  surplus: [],
  lacking: [],
  message: 'no more than a promotion needs',
};

/** Of an App that has all it needs, but for what is `missing`. */
export function appFacts(
  installation: Partial<Installation> = {},
  missing: readonly string[] = [],
  reach: Reach = { repositories: 1, listed: 1, accounts: 1, listedAccounts: 1 },
): CredentialFacts {
  return {
    kind: 'app',
    app: { login: 'acme-promoter[bot]', id: '12' },
    installation: {
      id: '34',
      account: 'acme',
      appLogin: 'acme-promoter[bot]',
      permissions: least.granted,
      repositorySelection: 'selected',
      scope: least,
      ...installation,
    },
    missing,
    reach,
  };
}

export function tokenFacts(token: Partial<TokenFacts> = {}): CredentialFacts {
  return {
    kind: 'token',
    token: {
      kind: 'FineGrainedToken',
      owner: { login: 'ada', type: 'User', id: '7' },
      expiry: { kind: 'never or not reported' },
      scope: least,
      isUnguessable: true,
      ...token,
    },
  };
}
