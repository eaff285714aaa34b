import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, codeOf } from '../base/error.ts';
import { Secret } from '../base/secret.ts';
import type { Connection } from './connection.ts';

/** How long a token is used before its file is read again: the kubelet replaces it long before it ends. */
const reread = 60_000;

/**
 * The connection of a Pod: the service account's folder and the address that the kubelet puts into the environment.
 * Throws NotInCluster, saying what is missing.
 */
export function inCluster(folder: string, env: Readonly<Record<string, string | undefined>>): Connection {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || port === undefined) {
    throw new CodedError(
      'NotInCluster',
      'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: outside of a cluster give --kubeconfig',
    );
  }
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const ca = read(join(folder, 'ca.crt'));
  return { server, tls: () => ({ ca }), token: tokenFile(join(folder, 'token')) };
}

/** A token that is read anew when it is a minute old, and at once when the server refused it. */
export function tokenFile(path: string): Connection['token'] {
  let token = new Secret(read(path).trim());
  let at = performance.now();
  return ({ fresh }) => {
    if (fresh || performance.now() - at > reread) {
      token = new Secret(read(path).trim());
      at = performance.now();
    }
    return token;
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new CodedError('NotInCluster', `cannot read ${path} (${codeOf(thrown)})`);
  }
}
