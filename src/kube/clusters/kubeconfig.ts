import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { codeOf, messageOf, type CodedError } from '../../base/error.ts';
import { Secret } from '../../base/secret.ts';
import { tokenFile } from './in-cluster.ts';
import {
  check,
  cluster,
  context,
  inlineData,
  invalid,
  kubeconfig,
  originOf,
  user,
  type Inline,
} from './kubeconfig-schema.ts';
import { kubeconfigYaml } from './kubeconfig-yaml.ts';
import { isKeyOf } from './pem.ts';
import { reread } from './reread.ts';
import type { Ask, Connection, TlsMaterial } from '../transport/connection.ts';

/**
 * The operator's own kubeconfig. Nothing that it names is executed, and what is not understood is refused by name. It is itself read
 * once; the files that it names are read again as others replace them.
 * Throws KubeconfigInvalid with a sentence that names the file, or NotInCluster when its tokenFile cannot be read; neither
 * repeats a value.
 * @param wanted the context; its current one unless given
 * @param onTrouble told when a file that it names can no longer be read, which stops no call
 */
export function readKubeconfig(
  file: string,
  wanted?: string,
  onTrouble?: (trouble: CodedError) => void,
): Connection {
  const config = check(kubeconfig, kubeconfigYaml(contentOf(file), file), file);
  const chosen = wanted ?? config['current-context'];
  if (chosen === undefined || chosen === '')
    throw invalid(file, `no context is current; name one with --context: ${namesOf(config.contexts)}`);
  const { cluster: toName, user: asName } = find(context, 'context', chosen, config.contexts, file);
  const to = find(cluster, 'cluster', toName, config.clusters, file);
  const as = find(user, 'user', asName, config.users, file);
  const serverName = to['tls-server-name'];
  const ca = dataOrFile(to, 'certificate-authority', { file, make: asText, onTrouble });
  if (ca === undefined) throw invalid(file, `cluster ${toName} has no certificate-authority`);
  const cert = dataOrFile(as, 'client-certificate', { file, make: asText, onTrouble });
  const key = dataOrFile(as, 'client-key', { file, make: asSecret, onTrouble });
  if ((cert === undefined) !== (key === undefined))
    throw invalid(file, `user ${asName} must have both client-certificate and client-key, or neither`);
  if (cert === undefined && as.token === undefined && as.tokenFile === undefined)
    throw invalid(file, `user ${asName} has no token, tokenFile or client-certificate`);
  const fixed = as.token === undefined ? undefined : new Secret(as.token);
  return {
    server: originOf(to.server, `${file}: cluster ${toName}`),
    tls: tlsOf({
      ca,
      pair:
        cert === undefined || key === undefined
          ? undefined
          : pairOf(cert, key, () => onTrouble?.(mismatch(file))),
      serverName,
    }),
    // As for kubectl, the file wins.
    token:
      as.tokenFile === undefined ? () => fixed : tokenFile(resolve(dirname(file), as.tokenFile), onTrouble),
  };
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw invalid(file, `cannot be read (${codeOf(thrown)})`);
  }
}

type Entry = { readonly name: string } & Readonly<Partial<Record<'context' | 'cluster' | 'user', unknown>>>;

function find<T extends z.ZodType>(
  schema: T,
  kind: 'context' | 'cluster' | 'user',
  name: string,
  list: readonly Entry[],
  file: string,
): z.output<T> {
  const found = list.find((each) => each.name === name);
  if (found === undefined) throw invalid(file, `there is no ${kind} ${name}; it has: ${namesOf(list)}`);
  return check(schema, found[kind] ?? {}, `${file}: ${kind} ${name}`);
}

function namesOf(list: readonly Entry[]): string {
  return list.map(({ name }) => name).join(', ') || 'none';
}

const asText = (text: string): string => text;
const asSecret = (text: string): Secret => new Secret(text);

/** What stands in the kubeconfig or in a file, as it is now. */
type Followed<T> = (ask: Ask) => T;

function dataOrFile<T>(
  of: z.output<typeof cluster> | z.output<typeof user>,
  name: Inline,
  { file, make, onTrouble }: From<T>,
): Followed<T> | undefined {
  const data = inlineData(of, name, file);
  if (data !== undefined) {
    const made = make(data);
    return () => made;
  }
  const { [name]: path }: Readonly<Record<string, unknown>> = of;
  if (typeof path !== 'string') return undefined;
  try {
    return reread(resolve(dirname(file), path), make, onTrouble);
  } catch (thrown) {
    throw invalid(file, `its ${name}: ${messageOf(thrown)}`);
  }
}

interface From<T> {
  readonly file: string;
  readonly make: (text: string) => T;
  readonly onTrouble: ((trouble: CodedError) => void) | undefined;
}

interface Parts {
  readonly ca: Followed<string>;
  readonly pair: Followed<Pair> | undefined;
  readonly serverName: string | undefined;
}

type Pair = NonNullable<TlsMaterial['clientCertificate']>;

/** The same object for as long as its parts are the same. */
function tlsOf({ ca, pair, serverName }: Parts): Connection['tls'] {
  let made: TlsMaterial | undefined;
  return (ask) => {
    const [authority, clientCertificate] = [ca(ask), pair?.(ask)];
    if (authority !== made?.ca || clientCertificate !== made.clientCertificate) {
      made = {
        ca: authority,
        ...(clientCertificate === undefined ? {} : { clientCertificate }),
        ...(serverName === undefined ? {} : { serverName }),
      };
    }
    return made;
  };
}

function mismatch(file: string): CodedError {
  const what = 'the files of its client-certificate and client-key do not belong together';
  return invalid(file, `${what}; those that were there before are used until their certificate ends`);
}

/**
 * They are two files, and for a moment one of them is new and the other old: then the last two that belong together stay in use. Where that
 * does not pass, `onMismatch` is told of it once.
 */
function pairOf(certOf: Followed<string>, keyOf: Followed<Secret>, onMismatch: () => void): Followed<Pair> {
  let used: Pair | undefined;
  let last: Pair | undefined;
  let isTold = false;
  return (ask) => {
    const now = { cert: certOf(ask), key: keyOf(ask) };
    const isSame = isSamePair(now, last);
    if (used === undefined || (!isSame && isKeyOf(now.key.expose(), now.cert))) {
      used = now;
      isTold = false;
    }
    // The second time that they do not belong together is no moment any more.
    const isStuck = isSame && ask.fresh && !isSamePair(used, now);
    if (isStuck && !isTold) onMismatch();
    isTold ||= isStuck;
    last = now;
    return used;
  };
}

/** By what they hold: a file that is read again makes another Secret. */
function isSamePair(one: Pair, other: Pair | undefined): boolean {
  return one.cert === other?.cert && one.key.expose() === other.key.expose();
}
