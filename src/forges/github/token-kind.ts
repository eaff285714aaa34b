import type { Secret } from '../../base/secret.ts';
import type { TokenFacts } from '../identity.ts';

/**
 * By the prefixes of "About authentication to GitHub". 40 hex digits are a classic token from before there were prefixes. A token of
 * an App's installation is `ghs_` with 36 characters, or with the App's id and a JWT of some 500; servers of one's own once wrote `v1.`.
 */
const shapes: readonly (readonly [RegExp, TokenFacts['kind']])[] = [
  [/^ghp_\w{20,}$/, 'PersonalAccessToken'],
  [/^[0-9a-f]{40}$/, 'PersonalAccessToken'],
  [/^github_pat_\w{20,}$/, 'FineGrainedToken'],
  [/^gho_\w{20,}$/, 'OAuthUser'],
  [/^ghu_\w{20,}$/, 'AppUser'],
  [/^ghs_[\w.-]{20,}$/, 'InstallationToken'],
  [/^v1\.[0-9a-f]{40}$/, 'InstallationToken'],
];

export function kindOf(token: Secret): TokenFacts['kind'] {
  const text = token.expose();
  return shapes.find(([shape]) => shape.test(text))?.[1] ?? 'Unknown';
}
