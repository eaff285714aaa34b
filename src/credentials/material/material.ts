import type { CredentialSpec } from '../../api/credential.ts';
import type { Secret } from '../../base/secret.ts';
import type { AppKey } from '../../forges/identity.ts';
import type { ListedForge } from '../listed-forge.ts';
import { CredentialProblem } from '../problem.ts';
import { readApp } from './stored-app.ts';
import { readToken } from './stored-token.ts';
import type { NamedSecret } from './stored-value.ts';

/** An App's key. `identity` differs for every other key or Secret: public ids alone would let one tenant use another's tokens. */
export interface AppMaterial {
  readonly kind: 'app';
  readonly key: AppKey;
  readonly identity: string;
}

/** A stored token; `identity` as above. */
export interface TokenMaterial {
  readonly kind: 'token';
  readonly token: Secret;
  readonly identity: string;
}

/** What a Secret turned out to be. */
export type Material = AppMaterial | TokenMaterial;

/** The Secret that a Credential names. */
export function secretNameOf({ githubApp, token }: Pick<CredentialSpec, 'githubApp' | 'token'>): string {
  const named = githubApp ?? token;
  if (named === undefined || (githubApp !== undefined && token !== undefined)) {
    throw new CredentialProblem('Malformed', 'set exactly one of: githubApp, token');
  }
  return named.secretRef.name;
}

/**
 * Reads what the Credential's kind needs, whatever else the Secret holds. Says which key is missing or malformed, never what it holds.
 * @param forge the Credential's: what the Secret holds for another one is refused
 */
export function readMaterial(
  { githubApp }: Pick<CredentialSpec, 'githubApp'>,
  secret: NamedSecret,
  forge: ListedForge,
): Material {
  if (githubApp === undefined) {
    const token = readToken(secret, forge);
    return { kind: 'token', token, identity: [secret.uid, token.fingerprint()].join(' ') };
  }
  const key = readApp(secret, forge.connection.endpoint);
  const { appId, installationId, installationOwner, privateKey } = key;
  const whose = [appId, installationId ?? '', installationOwner?.toLowerCase() ?? ''];
  return { kind: 'app', key, identity: [secret.uid, ...whose, privateKey.fingerprint()].join(' ') };
}
