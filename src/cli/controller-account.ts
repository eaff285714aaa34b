import { clusterRoleBinding } from '../auditor/rbac.ts';
import { isKubeError } from '../kube/errors.ts';
import { pathOf } from '../kube/resource.ts';
import type { Transport } from '../kube/transport/transport.ts';
import type { Account } from './own-account.ts';
import { defaultController } from './process-options.ts';

/** As whom the controller runs, and how we know: by a flag, by the binding that the chart makes for it, or not at all. */
export interface KnownController extends Account {
  readonly from: 'Flags' | 'Binding' | 'Default';
}

const bindings = { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'clusterrolebindings' };
/** As the chart calls it in every release. Only who may bind for the whole cluster can have changed it. */
const bindingName = 'lockkeeper-controller';

/**
 * Whom the controller runs as: by the flags, of which one stands for both with the default of the other; else the one service account
 * of the chart's ClusterRoleBinding; else, where that is not there or not to be read, the default. Rejects with a KubeError for
 * anything but that.
 */
export async function controllerAccount(
  transport: Pick<Transport, 'call'>,
  flags: ControllerFlags,
  signal: AbortSignal,
): Promise<KnownController> {
  const said = controllerSaid(flags);
  if (said.from === 'Flags') return said;
  const found = await boundAccounts(transport, signal);
  const [first, ...others] = found;
  return first !== undefined && others.length === 0 ? { ...first, from: 'Binding' } : said;
}

export interface ControllerFlags {
  readonly controllerNamespace?: string | undefined;
  readonly controllerServiceAccount?: string | undefined;
}

/** The same where there is no cluster to ask. */
export function controllerSaid({
  controllerNamespace,
  controllerServiceAccount,
}: ControllerFlags): KnownController {
  const isSaid = controllerNamespace !== undefined || controllerServiceAccount !== undefined;
  return {
    namespace: controllerNamespace ?? defaultController.namespace,
    name: controllerServiceAccount ?? defaultController.name,
    from: isSaid ? 'Flags' : 'Default',
  };
}

/** What to say of an account that was taken for granted, in a sentence; undefined of one that is known. */
export function doubtOfController({ namespace, name, from }: KnownController): string | undefined {
  if (from !== 'Default') return undefined;
  return `Taken for the controller: ServiceAccount ${namespace}/${name}. If it runs as another, give --controller-namespace and --controller-service-account.`;
}

async function boundAccounts(
  transport: Pick<Transport, 'call'>,
  signal: AbortSignal,
): Promise<readonly Account[]> {
  const path = pathOf(bindings, { name: bindingName });
  try {
    const { subjects } = clusterRoleBinding.parse(await transport.call({ method: 'GET', path, signal }));
    return subjects
      .filter(({ kind }) => kind === 'ServiceAccount')
      .map(({ namespace, name }) => ({ namespace, name }));
  } catch (thrown) {
    if (isKubeError(thrown, 'NotFound') || isKubeError(thrown, 'Forbidden')) return [];
    throw thrown;
  }
}
