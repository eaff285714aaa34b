import type { z } from 'zod';
import { Secret } from '../../base/secret.ts';
import type { Connection, TlsMaterial } from '../transport/connection.ts';
import {
  check,
  context,
  inlineCluster,
  inlineData,
  inlineUser,
  invalid,
  kubeconfig,
  originOf,
} from './kubeconfig-schema.ts';
import { kubeconfigYaml } from './kubeconfig-yaml.ts';
import { countCertificates, isKeyOf } from './pem.ts';

const maxCharacters = 256 * 1024;
/** Characters that are not part of a word: a parser takes its time for these, up to seconds in a text that has nothing else. */
const maxMarks = 4 * 1024;
const minify = 'kubectl config view --minify --flatten --raw writes just what is needed';

/**
 * The connection that a kubeconfig in a Secret describes. Whoever wrote it is not trusted: nothing that it names is run or read,
 * it holds everything itself, and what is not understood is refused by name. Throws KubeconfigInvalid with a sentence that says
 * what to write instead and repeats no value.
 *
 * Which addresses may be connected to is not judged here; whoever connects asks the outbound policy about `server`.
 * @param content made as `stored`: what it names may be shown, and its token and key become Secrets of their own
 * @param where names the Secret to its owner, as in `Secret apps/staging-eu`
 */
export function remoteKubeconfig(content: Secret, where: string): Connection {
  const config = check(kubeconfig, kubeconfigYaml(textOf(content, where), where), where);
  const { cluster: clusterName, user: userName } = check(
    context,
    only(config.contexts, 'context', config['current-context'], where).context,
    `${where}: its context`,
  );
  const to = only(config.clusters, 'cluster', clusterName, where).cluster;
  const as = only(config.users, 'user', userName, where).user ?? {};
  const cluster = check(inlineCluster, to, `${where}: its cluster`);
  const user = check(inlineUser, as, `${where}: its user`);
  const server = originOf(cluster.server, `${where}: its cluster`);
  const serverName = cluster['tls-server-name'];
  const clientCertificate = clientCertificateOf(user, `${where}: its user`);
  const tls = {
    ca: authorityOf(cluster, `${where}: its cluster`),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(serverName === undefined ? {} : { serverName }),
  };
  const token = user.token === undefined ? undefined : new Secret(user.token);
  if (token === undefined && clientCertificate === undefined) {
    throw invalid(
      where,
      'its user has no token or client-certificate-data; kubectl create token makes a token',
    );
  }
  return { server, tls: () => tls, token: () => token };
}

function textOf(content: Secret, where: string): string {
  const text = content.peek();
  if (text.length > maxCharacters)
    throw invalid(where, `is larger than ${maxCharacters / 1024} KiB; ${minify}`);
  if (text.trim() === '') throw invalid(where, `is empty; ${minify}`);
  // What was no UTF-8 has become U+FFFD.
  if (/[\0\ufffd]/.test(text)) throw invalid(where, `is not text; ${minify}`);
  const marks = text.match(/[^\w+/=. -]|- /g)?.length ?? 0;
  if (marks > maxMarks) throw invalid(where, `has too many lines or parts to be one; ${minify}`);
  return text;
}

/** The one entry of a list, which is the one that is meant. */
function only<T extends { readonly name: string }>(
  list: readonly T[],
  kind: 'context' | 'cluster' | 'user',
  wanted: string | undefined,
  where: string,
): T {
  const [entry] = list;
  if (entry === undefined || list.length > 1) {
    throw invalid(where, `must have exactly one ${kind} and has ${list.length}; ${minify}`);
  }
  if (entry.name !== wanted) {
    const from = kind === 'context' ? 'current-context' : `its context's ${kind}`;
    throw invalid(where, `${from} is not the name of its one ${kind}`);
  }
  return entry;
}

function authorityOf(of: z.output<typeof inlineCluster>, where: string): string {
  const ca = inlineData(of, 'certificate-authority', where);
  if (ca === undefined) {
    throw invalid(where, 'has no certificate-authority-data, without which a server cannot be checked');
  }
  if ((countCertificates(ca) ?? 0) === 0) {
    throw invalid(where, 'certificate-authority-data must be PEM certificates in base64, and nothing else');
  }
  return ca;
}

function clientCertificateOf(
  of: z.output<typeof inlineUser>,
  where: string,
): TlsMaterial['clientCertificate'] {
  const cert = inlineData(of, 'client-certificate', where);
  const key = inlineData(of, 'client-key', where);
  if ((cert === undefined) !== (key === undefined)) {
    throw invalid(where, 'must have both client-certificate-data and client-key-data, or neither');
  }
  if (cert === undefined || key === undefined) return undefined;
  if ((countCertificates(cert) ?? 0) === 0) {
    throw invalid(where, 'client-certificate-data must be PEM certificates in base64, and nothing else');
  }
  if (!isKeyOf(key, cert)) {
    throw invalid(
      where,
      'client-key-data must be the PEM private key of client-certificate-data in base64, with no passphrase',
    );
  }
  return { cert, key: new Secret(key) };
}
