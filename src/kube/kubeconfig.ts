import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { CodedError, codeOf } from '../base/error.ts';
import { Secret } from '../base/secret.ts';
import { tokenFile } from './in-cluster.ts';
import type { Connection } from './transport.ts';

const named = <T extends z.ZodType>(name: string, value: T) =>
  z.array(z.object({ name: z.string(), [name]: value }));
const cluster = z.strictObject({
  server: z.url({ protocol: /^https$/, error: 'must be an https URL' }),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'tls-server-name': z.string().optional(),
  extensions: z.unknown().optional(),
});
const user = z.looseObject({
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
});
const kubeconfig = z.object({
  'current-context': z.string().optional(),
  contexts: z.array(
    z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) }),
  ),
  clusters: named('cluster', z.unknown()),
  users: named('user', z.unknown()),
});
const understood = new Set([
  'token',
  'tokenFile',
  'client-certificate',
  'client-certificate-data',
  'client-key',
  'client-key-data',
]);

/**
 * The operator's own kubeconfig. Nothing that it names is executed: a user with `exec` or `auth-provider` is refused with a sentence.
 * @param context its current one unless given
 */
export function readKubeconfig(file: string, context?: string): Connection {
  const config = check(kubeconfig, yamlOf(file), file);
  const wanted = context ?? config['current-context'];
  const chosen = config.contexts.find(({ name }) => name === wanted)?.context;
  if (chosen === undefined) {
    const known = config.contexts.map(({ name }) => name).join(', ');
    throw invalid(file, `there is no context ${wanted ?? '(none is current)'}; it has: ${known}`);
  }
  const to = check(
    cluster,
    config.clusters.find(({ name }) => name === chosen.cluster)?.['cluster'],
    `${file}: cluster ${chosen.cluster}`,
  );
  const as = check(
    user,
    config.users.find(({ name }) => name === chosen.user)?.['user'],
    `${file}: user ${chosen.user}`,
  );
  const strange = Object.keys(as).find((key) => !understood.has(key));
  if (strange !== undefined) {
    throw invalid(
      file,
      `user ${chosen.user} has ${strange}, which is not supported: nothing is executed here; use a token (kubectl create token)`,
    );
  }
  const folder = dirname(file);
  const ca = dataOrFile(to['certificate-authority-data'], to['certificate-authority'], folder);
  if (ca === undefined) throw invalid(file, `cluster ${chosen.cluster} has no certificate-authority`);
  const cert = dataOrFile(as['client-certificate-data'], as['client-certificate'], folder);
  const key = dataOrFile(as['client-key-data'], as['client-key'], folder);
  const fixed = as.token === undefined ? undefined : new Secret(as.token);
  const serverName = to['tls-server-name'];
  return {
    server: new URL(to.server).origin,
    ca,
    token: as.tokenFile === undefined ? () => fixed : tokenFile(resolve(folder, as.tokenFile)),
    ...(cert === undefined || key === undefined ? {} : { clientCertificate: { cert, key: new Secret(key) } }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

function yamlOf(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'), { maxAliasCount: 0 });
  } catch (thrown) {
    throw invalid(file, `cannot be read (${codeOf(thrown)})`);
  }
}

function check<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(where, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

function dataOrFile(data: string | undefined, file: string | undefined, folder: string): string | undefined {
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  return file === undefined ? undefined : readFileSync(resolve(folder, file), 'utf8');
}

function invalid(where: string, what: string): CodedError {
  return new CodedError('KubeconfigInvalid', `kubeconfig ${where}: ${what}`);
}
