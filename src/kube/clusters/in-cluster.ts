import { join } from 'node:path';
import { CodedError } from '../../base/error.ts';
import { Secret } from '../../base/secret.ts';
import type { Connection } from '../transport/connection.ts';
import { reread } from './reread.ts';

/**
 * The connection of a Pod: the service account's folder and the address that the kubelet puts into the environment. Token and authority
 * are read again as the kubelet replaces them.
 * Throws NotInCluster, saying what is missing.
 * @param onTrouble told when a file can no longer be read, which stops no call
 */
export function inCluster(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  onTrouble?: (trouble: CodedError) => void,
): Connection {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || port === undefined) {
    throw new CodedError(
      'NotInCluster',
      'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: outside of a cluster give --kubeconfig',
    );
  }
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    server,
    tls: reread(join(folder, 'ca.crt'), (ca) => ({ ca }), onTrouble),
    token: tokenFile(join(folder, 'token'), onTrouble),
  };
}

/** A token that is read anew when it is a minute old, and at once when the server refused it; `reread` says what comes of trouble. */
export function tokenFile(path: string, onTrouble?: (trouble: CodedError) => void): Connection['token'] {
  return reread(path, (text) => new Secret(text.trim()), onTrouble);
}
