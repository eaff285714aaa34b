import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CodedError, codeOf, messageOf } from '../base/error.ts';
import { inCluster } from '../kube/clusters/in-cluster.ts';
import { readKubeconfig } from '../kube/clusters/kubeconfig.ts';
import { isKubeError } from '../kube/errors.ts';
import type { Connection } from '../kube/transport/connection.ts';
import { Transport } from '../kube/transport/transport.ts';
import { isMisconfigured } from './misconfigured.ts';

/** How a person's command is told which cluster is meant. */
export interface WhichCluster {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** Prints what the work gives, or what went wrong as a sentence on standard error. Gives the exit code: 0, 1, or 2 for wrong usage. */
export async function answerPerson(command: string, work: () => Promise<string>): Promise<number> {
  try {
    process.stdout.write(await work());
    return 0;
  } catch (thrown) {
    process.stderr.write(`lockkeeper ${command}: ${messageOf(thrown)}\n`);
    return isMisconfigured(thrown) ? 2 : 1;
  }
}

/** Does some work at the person's cluster, as that person. Rejects with what the work throws; of a cluster that is away in a sentence. */
export async function atCluster<T>(
  which: WhichCluster,
  signal: AbortSignal,
  work: (transport: Transport, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const connection = connectionOf(which, process.env);
  const transport = new Transport(connection);
  try {
    return await work(transport, signal);
  } catch (thrown) {
    throw explained(thrown, connection);
  } finally {
    await transport.close();
  }
}

/** As kubectl finds it: the flag, $KUBECONFIG, ~/.kube/config; in a Pod its service account. */
function connectionOf(
  { kubeconfig, context }: WhichCluster,
  env: Readonly<Record<string, string | undefined>>,
): Connection {
  const home = join(homedir(), '.kube', 'config');
  const { KUBECONFIG } = env;
  const file = kubeconfig ?? (KUBECONFIG === '' ? undefined : KUBECONFIG);
  if (file === undefined && !existsSync(home) && env['KUBERNETES_SERVICE_HOST'] !== undefined)
    return inCluster('/var/run/secrets/kubernetes.io/serviceaccount', env);
  if (file === undefined && !existsSync(home))
    throw new CodedError(
      'KubeconfigInvalid',
      'there is no cluster to ask: give --kubeconfig FILE or set KUBECONFIG',
    );
  if (kubeconfig === undefined && file?.includes(':') === true)
    throw new CodedError(
      'KubeconfigInvalid',
      'KUBECONFIG names several files, which are not merged here: give --kubeconfig FILE (kubectl config view --flatten --minify --raw makes one)',
    );
  return readKubeconfig(file ?? home, context);
}

function explained(thrown: unknown, { server }: Connection): unknown {
  if (isKubeError(thrown, 'Unavailable') || isKubeError(thrown, 'Timeout'))
    return new CodedError(
      thrown.code,
      `the cluster at ${server} does not answer (${codeOf(thrown.cause ?? thrown)}); see whether it runs and whether this is the right context`,
    );
  if (isKubeError(thrown, 'Unauthorized'))
    return new CodedError(
      thrown.code,
      `the cluster at ${server} does not know who you are; renew the token or certificate of your kubeconfig`,
    );
  return thrown;
}
