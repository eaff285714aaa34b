import type { CredentialStatus } from '../../api/credential.ts';
import { sentence } from '../../base/sentence.ts';
import type { CredentialFacts } from '../credential.ts';

type Scope = NonNullable<CredentialStatus['scope']>;

/**
 * What a credential opens against what a promotion needs. Of an App that is what its key opens, which is more than the tokens that we mint
 * with it: whoever takes the key may mint others.
 *
 * @param writePermissions what a write token of ours is minted with
 */
export function scopeStatusOf(facts: CredentialFacts, writePermissions: readonly string[]): Scope {
  if (facts.kind === 'token') {
    const { verdict, granted, surplus, lacking, message } = facts.token.scope;
    return {
      verdict,
      granted: words(granted),
      ...listed(surplus, lacking),
      message: sentence(message),
    };
  }
  const { installation, missing, needs = [] } = facts;
  const { surplus } = installation.scope;
  const all = installation.repositorySelection === 'all';
  return {
    verdict: missing.length > 0 ? 'Insufficient' : all || surplus.length > 0 ? 'Broad' : 'Least',
    granted: [...writePermissions, ...needs.map(({ permission }) => permission)].filter(
      (each) => !missing.includes(each),
    ),
    ...listed(surplus, missing),
    repositories: 1,
    message: sentence(
      [
        appMessage(missing, surplus, all),
        ...needs.map(({ permission, why }) => `${permission} is needed since ${why}`),
      ].join('; '),
    ),
  };
}

function appMessage(missing: readonly string[], surplus: readonly string[], all: boolean): string {
  if (missing.length > 0) {
    return `the App lacks ${missing.join(', ')}; grant it in the App's settings and accept it in the installation`;
  }
  const where = all ? 'the App is installed on all repositories; ' : '';
  const also = surplus.length > 0 ? `its key also opens ${surplus.join(', ')}; ` : '';
  return `${where}${also}each token is minted for one repository`;
}

function listed(surplus: readonly string[], lacking: readonly string[]): Pick<Scope, 'surplus' | 'lacking'> {
  return {
    ...(surplus.length === 0 ? {} : { surplus: words(surplus) }),
    ...(lacking.length === 0 ? {} : { lacking: words(lacking).slice(0, 16) }),
  };
}

function words(permissions: readonly string[]): string[] {
  return permissions.slice(0, 64).map((each) => sentence(each, 64));
}
