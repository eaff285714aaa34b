import type { ScopeFacts } from '../../forges/identity.ts';
import type { CredentialFacts } from '../credential.ts';

export type AppCredential = Extract<CredentialFacts, { kind: 'app' }>;

/** One way in which an App's key opens more than spec lists. */
export interface Excess {
  /** A half sentence: `the App is installed at 3 accounts, and spec.repositories are of 1`. */
  readonly what: string;
  /** What to do about it. */
  readonly next: string;
}

const choose = 'choose those that it is for in the settings of the installation';

/** All of them that are known of, the widest first. */
export function excessesOf({
  installation: { account, repositorySelection },
  reach: { repositories, listed, accounts = 0, listedAccounts },
}: Pick<AppCredential, 'installation' | 'reach'>): readonly Excess[] {
  const isAll = repositorySelection === 'all';
  return [
    ...(isAll ? [{ what: 'the App is installed on all repositories of its account', next: choose }] : []),
    ...(!isAll && typeof repositories === 'number' && repositories > listed
      ? [
          {
            what: `the App is installed on ${repositories} repositories of ${account}, and spec.repositories lists ${listed}`,
            next: choose,
          },
        ]
      : []),
    ...(accounts > listedAccounts
      ? [
          {
            what: `the App is installed at ${accounts} accounts, and spec.repositories are of ${listedAccounts}`,
            next: 'uninstall it from the others, or use an App for these alone',
          },
        ]
      : []),
  ];
}

/** What an App's key opens against what a promotion needs and spec lists. */
export function appVerdict(facts: AppCredential): ScopeFacts['verdict'] {
  const { installation, missing, reach } = facts;
  if (missing.length > 0) return 'Insufficient';
  if (installation.scope.surplus.length > 0 || excessesOf(facts).length > 0) return 'Broad';
  return typeof reach.repositories === 'number' && reach.accounts !== undefined ? 'Least' : 'Unknown';
}
