import { createPrivateKey } from 'node:crypto';
import type { CredentialSpec } from '../api/credential.ts';
import { Secret } from '../base/secret.ts';
import type { AppKey } from '../forges/forge.ts';
import { CredentialProblem } from './problem.ts';

/** What a Kubernetes Secret holds; `uid` tells a Secret from one that replaced it. */
export interface StoredSecret {
  readonly uid: string;
  readonly data: ReadonlyMap<string, Secret>;
}

/** What a Secret turned out to be. `identity` differs for every other key or Secret: public ids alone would let one tenant use another's tokens. */
export type Material =
  | { readonly kind: 'app'; readonly key: AppKey; readonly identity: string }
  | { readonly kind: 'token'; readonly token: Secret; readonly identity: string };

/** The Secret that a Credential names. */
export function secretNameOf(spec: CredentialSpec): string {
  const named = spec.githubApp ?? spec.token;
  if (named === undefined) throw new CredentialProblem('Malformed', 'set exactly one of: githubApp, token');
  return named.secretRef.name;
}

/**
 * Reads the keys that a Credential's kind needs. Says which key is missing or malformed, never what it holds.
 * @param where the Secret's namespace and name, for sentences
 */
export function readMaterial(spec: CredentialSpec, where: string, secret: StoredSecret): Material {
  if (spec.githubApp !== undefined) {
    const appId = required(secret, where, 'appId').expose().trim();
    if (!/^(\d{1,20}|[A-Za-z0-9._-]{1,40})$/.test(appId)) {
      throw new CredentialProblem(
        'Malformed',
        `key appId of Secret ${where} is not an App's id; put its App ID or client ID there`,
      );
    }
    const privateKey = pemOf(required(secret, where, 'privateKey'), where);
    const installationId = secret.data.get('installationId')?.expose().trim();
    if (installationId !== undefined && !/^\d{1,20}$/.test(installationId)) {
      throw new CredentialProblem(
        'Malformed',
        `key installationId of Secret ${where} is not a number; correct it or leave it out`,
      );
    }
    return {
      kind: 'app',
      key: { appId, privateKey, ...(installationId === undefined ? {} : { installationId }) },
      identity: [secret.uid, appId, installationId ?? '', privateKey.fingerprint()].join(' '),
    };
  }
  const token = required(secret, where, 'token');
  const text = token.expose().trim();
  if (!/^[\x21-\x7e]{8,2048}$/.test(text)) {
    throw new CredentialProblem(
      'Malformed',
      `key token of Secret ${where} is not a token: it holds spaces or control characters, or is too short; replace it`,
    );
  }
  const trimmed = new Secret(text);
  return { kind: 'token', token: trimmed, identity: [secret.uid, trimmed.fingerprint()].join(' ') };
}

function required(secret: StoredSecret, where: string, key: string): Secret {
  const value = secret.data.get(key);
  if (value === undefined || value.isEmpty) {
    throw new CredentialProblem('Missing', `Secret ${where} has no key ${key}; add it`);
  }
  return value;
}

/** An RSA key in PEM, made to the form (PKCS #8) that signers take. */
function pemOf(value: Secret, where: string): Secret {
  try {
    const key = createPrivateKey(value.expose());
    if (key.asymmetricKeyType === 'rsa') {
      return new Secret(key.export({ type: 'pkcs8', format: 'pem' }).toString());
    }
  } catch {
    // The parser's own words may quote the input: only ours are shown.
  }
  throw new CredentialProblem(
    'Malformed',
    `key privateKey of Secret ${where} is not an RSA private key in PEM; put the file there that the forge gave for the App`,
  );
}
