import type { Endpoint } from '../../forges/connection.ts';
import type { AppKey } from '../../forges/identity.ts';
import { readPrivateKey } from './private-key.ts';
import { CredentialProblem } from '../problem.ts';
import {
  malformed,
  valueOf,
  valuesOf,
  type Field,
  type NamedSecret,
  type StoredValue,
} from './stored-value.ts';

/**
 * An App in a Secret: our own keys, and those of Flux (`githubAppID` … `githubAppBaseURL`, its page "GitRepositories") and of Argo CD
 * (`githubAppID` … `githubAppEnterpriseBaseUrl`, its page "Private Repositories").
 */
const fields = {
  appId: { keys: ['appId', 'githubAppID'], maxBytes: 64, isPublic: true },
  // One of 8192 bits takes less.
  privateKey: { keys: ['privateKey', 'githubAppPrivateKey'], maxBytes: 8_192 },
  installationId: { keys: ['installationId', 'githubAppInstallationID'], maxBytes: 64, isPublic: true },
  owner: { keys: ['githubAppInstallationOwner'], maxBytes: 256, isPublic: true },
  baseUrl: { keys: ['githubAppBaseURL', 'githubAppEnterpriseBaseUrl'], maxBytes: 2_048, isPublic: true },
} satisfies Record<string, Field>;

/** Missing or Malformed when a key is; HostNotAllowed when the Secret is for another forge. Never says what a key holds. */
export function readApp(secret: NamedSecret, endpoint: Pick<Endpoint, 'host' | 'apiUrl'>): AppKey {
  const appId = required(secret, fields.appId);
  if (!/^(\d{1,20}|[A-Za-z0-9._-]{1,40})$/.test(appId.text)) {
    throw malformed(secret, appId.key, "is not an App's id; put its App ID or client ID there");
  }
  const pem = required(secret, fields.privateKey);
  const read = readPrivateKey(pem.text);
  if ('refused' in read) throw malformed(secret, pem.key, read.refused);
  const installationId = valueOf(secret, fields.installationId);
  if (installationId !== undefined && !/^\d{1,20}$/.test(installationId.text)) {
    throw malformed(secret, installationId.key, 'is not a number; correct it or leave it out');
  }
  const owner = valueOf(secret, fields.owner);
  if (owner !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(owner.text)) {
    throw malformed(secret, owner.key, 'is not the name of an account; correct it or leave it out');
  }
  for (const { key, text } of valuesOf(secret, fields.baseUrl)) assertOwnHost(secret, key, text, endpoint);
  return {
    appId: appId.text,
    privateKey: read.key,
    ...(installationId === undefined ? {} : { installationId: installationId.text }),
    ...(owner === undefined ? {} : { installationOwner: owner.text }),
  };
}

/** Whether a Secret looks like an App's. */
export function looksLikeApp(secret: NamedSecret): boolean {
  return valuesOf(secret, fields.privateKey).length > 0;
}

function required(secret: NamedSecret, field: Field): StoredValue {
  const found = valueOf(secret, field);
  if (found !== undefined) return found;
  const [own, others] = field.keys;
  throw new CredentialProblem('Missing', `Secret ${secret.where} has no key ${own}, nor ${others}; add it`);
}

/** Where the key is sent is the operator's word; a Secret that was made for another forge is not for this one. */
function assertOwnHost(
  secret: NamedSecret,
  key: string,
  text: string,
  { host, apiUrl }: Pick<Endpoint, 'host' | 'apiUrl'>,
): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password === '';
  if (!isPlain) throw malformed(secret, key, 'is not the address of an API; correct it or leave it out');
  if (url.host === host || url.host === new URL(apiUrl).host) return;
  throw new CredentialProblem(
    'HostNotAllowed',
    `key ${key} of Secret ${secret.where} is for another forge than ${host}, which the Credential is for; correct it or leave it out`,
  );
}
