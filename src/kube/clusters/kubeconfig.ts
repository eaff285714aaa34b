import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { codeOf, type CodedError } from '../../base/error.ts';
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
import type { Connection } from '../transport/connection.ts';

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
  const config = check(kubeconfig, kubeconfigYaml(contentOf(file), file), file);
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

function dataOrFile(
  of: z.output<typeof cluster> | z.output<typeof user>,
  name: Inline,
  file: string,
): string | undefined {
  const data = inlineData(of, name, file);
  const { [name]: path }: Readonly<Record<string, unknown>> = of;
  if (data !== undefined || typeof path !== 'string') return data;
  const full = resolve(dirname(file), path);
  try {
    return readFileSync(full, 'utf8');
  } catch (thrown) {
    throw invalid(file, `cannot read its ${name} ${full} (${codeOf(thrown)})`);
  }
}
