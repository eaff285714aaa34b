import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { CodedError, codeOf } from '../base/error.ts';
import { Secret } from '../base/secret.ts';
import { tokenFile } from './in-cluster.ts';
import type { Connection } from './connection.ts';

const entries = z.array(z.looseObject({ name: z.string() }));
const kubeconfig = z.object({
  'current-context': z.string().optional(),
  contexts: entries,
  clusters: entries,
  users: entries,
});
const context = z.object({ cluster: z.string(), user: z.string() });
const text = z.string().optional();
const cluster = z.strictObject({
  server: z.string(),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'tls-server-name': text,
  extensions: z.unknown().optional(),
});
const user = z.strictObject({
  token: text,
  tokenFile: text,
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  extensions: z.unknown().optional(),
});

/** Why what some kubeconfigs hold is not taken, and what to write instead. */
const refusals: Readonly<Record<string, string>> = {
  'insecure-skip-tls-verify':
    'give certificate-authority instead: a token goes only to a server that is checked',
  'proxy-url': 'the API server is spoken to directly',
  exec: 'no program is run here; use a token (kubectl create token) or a client certificate',
  'auth-provider': 'no program is run here; use a token (kubectl create token) or a client certificate',
  username: 'API servers take no passwords any more; use a token (kubectl create token)',
  password: 'API servers take no passwords any more; use a token (kubectl create token)',
};

/**
 * The operator's own kubeconfig. Nothing that it names is executed, and what is not understood is refused by name.
 * Throws KubeconfigInvalid with a sentence that names the file, or NotInCluster when its tokenFile cannot be read; neither
 * repeats a value.
 * @param wanted the context; its current one unless given
 * @param onTrouble told when its tokenFile can no longer be read, which stops no call
 */
export function readKubeconfig(
  file: string,
  wanted?: string,
  onTrouble?: (trouble: CodedError) => void,
): Connection {
  const config = check(kubeconfig, yamlOf(file), `kubeconfig ${file}`);
  const chosen = wanted ?? config['current-context'];
  if (chosen === undefined || chosen === '')
    throw invalid(file, `no context is current; name one with --context: ${namesOf(config.contexts)}`);
  const { cluster: toName, user: asName } = find(context, 'context', chosen, config.contexts, file);
  const to = find(cluster, 'cluster', toName, config.clusters, file);
  const as = find(user, 'user', asName, config.users, file);
  const serverName = to['tls-server-name'];
  const ca = dataOrFile(to, 'certificate-authority', file);
  if (ca === undefined) throw invalid(file, `cluster ${toName} has no certificate-authority`);
  const cert = dataOrFile(as, 'client-certificate', file);
  const key = dataOrFile(as, 'client-key', file);
  if ((cert === undefined) !== (key === undefined))
    throw invalid(file, `user ${asName} must have both client-certificate and client-key, or neither`);
  if (cert === undefined && as.token === undefined && as.tokenFile === undefined)
    throw invalid(file, `user ${asName} has no token, tokenFile or client-certificate`);
  const fixed = as.token === undefined ? undefined : new Secret(as.token);
  const tls = {
    ca,
    ...(cert === undefined || key === undefined ? {} : { clientCertificate: { cert, key: new Secret(key) } }),
    ...(serverName === undefined ? {} : { serverName }),
  };
  return {
    server: originOf(to.server, `${file}: cluster ${toName}`),
    tls: () => tls,
    // As for kubectl, the file wins.
    token:
      as.tokenFile === undefined ? () => fixed : tokenFile(resolve(dirname(file), as.tokenFile), onTrouble),
  };
}

function yamlOf(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'), { maxAliasCount: 0 });
  } catch (thrown) {
    // The parser's own message quotes the line, which may hold a token.
    throw invalid(file, `cannot be read as YAML (${codeOf(thrown)})`);
  }
}

type Entries = z.infer<typeof entries>;

function find<T extends z.ZodType>(
  schema: T,
  kind: 'context' | 'cluster' | 'user',
  name: string,
  list: Entries,
  file: string,
): z.output<T> {
  const found = list.find((each) => each.name === name);
  if (found === undefined) throw invalid(file, `there is no ${kind} ${name}; it has: ${namesOf(list)}`);
  return check(schema, found[kind] ?? {}, `kubeconfig ${file}: ${kind} ${name}`);
}

function namesOf(list: Entries): string {
  return list.map(({ name }) => name).join(', ') || 'none';
}

function check<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys.find((each) => each in refusals) ?? issue.keys[0] ?? '';
    throw new CodedError(
      'KubeconfigInvalid',
      `${where} has ${key}, which is not supported${key in refusals ? `: ${refusals[key]}` : ''}`,
    );
  }
  const path = issue?.path.join('.') ?? '';
  throw new CodedError('KubeconfigInvalid', `${where}: ${path === '' ? '' : `${path}: `}${issue?.message}`);
}

function dataOrFile(
  of: z.infer<typeof cluster> | z.infer<typeof user>,
  name: string,
  file: string,
): string | undefined {
  const { [`${name}-data`]: data, [name]: path }: Readonly<Record<string, unknown>> = of;
  if (typeof data === 'string') return Buffer.from(data, 'base64').toString('utf8');
  if (typeof path !== 'string') return undefined;
  const full = resolve(dirname(file), path);
  try {
    return readFileSync(full, 'utf8');
  } catch (thrown) {
    throw invalid(file, `cannot read its ${name} ${full} (${codeOf(thrown)})`);
  }
}

/** Throws for what would be lost without a word: a path, as some proxies of clusters have, and a password. */
function originOf(server: string, where: string): string {
  const url = URL.parse(server);
  const isPlain =
    url?.protocol === 'https:' &&
    url.username === '' &&
    url.password === '' &&
    url.pathname === '/' &&
    url.search === '' &&
    url.hash === '';
  if (url === null || !isPlain) {
    throw invalid(where, 'server must be https://host:port, with no user, path or query');
  }
  return url.origin;
}

function invalid(where: string, what: string): CodedError {
  return new CodedError('KubeconfigInvalid', `kubeconfig ${where}: ${what}`);
}
