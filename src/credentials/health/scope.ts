import type { CredentialStatus } from '../../api/credential.ts';
import { sentence } from '../../base/sentence.ts';
import { toTimestamp } from '../../base/time.ts';
import type { CredentialFacts } from '../credential.ts';
import type { MetNeed } from '../needs.ts';
import { appVerdict, excessesOf, type AppCredential } from './excess.ts';

type Scope = NonNullable<CredentialStatus['scope']>;

/**
 * What a credential opens against what a promotion needs. Of an App that is what its key opens, which is more than the tokens that we mint
 * with it: whoever takes the key may mint others.
 *
 * @param writePermissions what a write token of ours is minted with
 */
export function scopeStatusOf(facts: CredentialFacts, writePermissions: readonly string[]): Scope {
  const { needs = [] } = facts;
  if (facts.kind === 'token') {
    const { verdict, granted, surplus, lacking, message, idle } = facts.token.scope;
    return {
      verdict,
      granted: words(granted),
      ...listed(surplus, lacking),
      ...met(needs),
      message: sentence([message, ...sometimes(needs, idle)].join('; ')),
    };
  }
  const { installation, missing, reach } = facts;
  const { surplus, idle } = installation.scope;
  return {
    verdict: appVerdict(facts),
    granted: [...(facts.mintedWith ?? writePermissions), ...needs.map(({ permission }) => permission)].filter(
      (each) => !missing.includes(each),
    ),
    ...listed(surplus, missing),
    ...met(needs),
    ...(typeof reach.repositories === 'number' ? { repositories: reach.repositories } : {}),
    message: sentence([appMessage(facts), ...sometimes(needs, idle)].join('; ')),
  };
}

function appMessage(facts: AppCredential): string {
  const { installation, missing, reach } = facts;
  if (missing.length > 0) {
    return `the App lacks ${missing.join(', ')}; grant it in the App's settings and accept it in the installation`;
  }
  const { surplus } = installation.scope;
  return [
    ...excessesOf(facts).map(({ what }) => what),
    ...(surplus.length > 0 ? [`its key also opens ${surplus.join(', ')}`] : []),
    'each token is minted for one repository',
    ...(reach.accounts === undefined ? ['at how many accounts it is installed is not known'] : []),
    ...(typeof reach.repositories === 'number'
      ? []
      : [`how many repositories its key opens is not known: ${reach.repositories.unknown}`]),
  ].join('; ');
}

/** Of what not every promotion takes, what was taken and what was not yet. */
function sometimes(needs: readonly MetNeed[], idle: readonly string[] = []): string[] {
  return [
    ...needs.map(({ permission, why }) => `${permission} is needed since ${why}`),
    ...idle.map((permission) => `${permission} was not needed so far`),
  ];
}

/** For the process that comes after this one. */
function met(needs: readonly MetNeed[]): Pick<Scope, 'needs'> {
  if (needs.length === 0) return {};
  return {
    needs: needs.slice(0, 8).map(({ permission, why, time }) => ({
      permission: sentence(permission, 64),
      why: sentence(why),
      time: toTimestamp(time),
    })),
  };
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
