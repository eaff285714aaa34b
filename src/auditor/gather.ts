import { isKubeError } from '../kube/errors.ts';
import { listPages, type Listed } from '../kube/reflector/list.ts';
import type { Transport } from '../kube/transport/transport.ts';
import { RbacIndex } from './rbac-index.ts';
import { rbacKinds, type RbacKind } from './rbac-kinds.ts';

/** What one caller may see of RBAC. */
export interface Gathered {
  readonly index: RbacIndex;
  /** What the caller may not list, a phrase each: `rolebindings of other namespaces`. Empty: all was seen. */
  readonly notSeen: readonly string[];
  /** Whether some roles were not seen, so that a binding to one of them seems to lead nowhere. */
  readonly lacksRoles: boolean;
}

/**
 * All of RBAC as far as whoever asks may list it: of the whole cluster, else of `namespaces` one by one. Rejects with a KubeError for
 * anything but a refusal.
 */
export async function gatherRbac(
  transport: Pick<Transport, 'call'>,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<Gathered> {
  const index = new RbacIndex();
  const notSeen: string[] = [];
  let lacksRoles = false;
  for (const kind of rbacKinds) {
    const { plural } = kind.resource;
    const take = (listed: Listed): Promise<boolean> => takeAll(transport, { kind, listed, index }, signal);
    if (await take(kind.resource)) continue;
    const refused: string[] = [];
    if (kind.isNamespaced)
      for (const namespace of namespaces)
        if (!(await take({ ...kind.resource, namespace }))) refused.push(namespace);
    notSeen.push(
      ...(kind.isNamespaced
        ? [...refused, 'other namespaces'].map((each) => `${plural} of ${each}`)
        : [plural]),
    );
    lacksRoles ||= plural === 'clusterroles' || (plural === 'roles' && refused.length > 0);
  }
  return { index, notSeen, lacksRoles };
}

/** False when the caller may not list that. */
async function takeAll(
  transport: Pick<Transport, 'call'>,
  { kind, listed, index }: { readonly kind: RbacKind; readonly listed: Listed; readonly index: RbacIndex },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    for await (const page of listPages(transport, listed, signal))
      for (const item of page) index.put(kind.schema.parse(item));
    return true;
  } catch (thrown) {
    if (isKubeError(thrown, 'Forbidden')) return false;
    throw thrown;
  }
}
