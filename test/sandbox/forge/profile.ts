import { githubLimits, noLimits, type LimitSettings } from './limits.ts';

/** Which of GitHub's products this forge is: they differ in addresses, tokens and limits. */
export interface Profile {
  /** As people write it in URLs; the sandbox listens on loopback all the same. */
  readonly host: string;
  /** Where REST begins, and where GraphQL is. */
  readonly restPath: '' | '/api/v3';
  readonly graphqlPath: '/graphql' | '/api/graphql';
  /** `stateless`: about 520 characters, since 2026. `opaque`: 40 characters. */
  readonly installationTokens: 'stateless' | 'opaque';
  readonly limits: LimitSettings;
  /** What every answer of a server of one's own is said to carry in `x-github-enterprise-version`: widely used, not documented. */
  readonly version: string | undefined;
}

export const githubCom: Profile = {
  host: 'github.com',
  restPath: '',
  graphqlPath: '/graphql',
  installationTokens: 'stateless',
  limits: githubLimits,
  version: undefined,
};

/** GitHub Enterprise Cloud with data residency. */
export const dataResidency: Profile = { ...githubCom, host: 'acme.ghe.com' };

/** Limits are off until an administrator turns them on, and then there are no headers about them. */
export const enterpriseServer: Profile = {
  host: 'git.acme.example',
  restPath: '/api/v3',
  graphqlPath: '/api/graphql',
  installationTokens: 'opaque',
  limits: noLimits,
  version: '3.19.0',
};
