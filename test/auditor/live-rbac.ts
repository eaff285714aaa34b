import { z } from 'zod';
import type { RbacObject } from '../../src/auditor/rbac.ts';
import { grantsOf } from '../../src/auditor/rights.ts';
import type { Cluster } from '../sandbox/cluster/cluster.ts';
import { parsed } from './fixtures/objects.ts';

const list = z.object({ items: z.array(z.looseObject({})) });

const kinds = [
  { kind: 'Role', path: '/apis/rbac.authorization.k8s.io/v1/roles' },
  { kind: 'ClusterRole', path: '/apis/rbac.authorization.k8s.io/v1/clusterroles' },
  { kind: 'RoleBinding', path: '/apis/rbac.authorization.k8s.io/v1/rolebindings' },
  { kind: 'ClusterRoleBinding', path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings' },
] as const;

/** All of RBAC as the API server has it. */
export async function readRbac(cluster: Cluster): Promise<readonly RbacObject[]> {
  const lists = await Promise.all(
    kinds.map(async ({ kind, path }) => {
      const { items } = list.parse((await cluster.api('GET', path)).body);
      return items.map((item) => parsed({ ...item, kind }));
    }),
  );
  return lists.flat();
}

/** Fills in the rules of aggregated ClusterRoles, as the controller does that is not in the sandbox. */
export async function aggregate(cluster: Cluster): Promise<void> {
  const roles = (await readRbac(cluster)).filter((each) => each.kind === 'ClusterRole');
  const selected = (name: string): readonly string[] =>
    roles
      .filter((role) => role.metadata.labels[`rbac.authorization.k8s.io/aggregate-to-${name}`] === 'true')
      .map((role) => role.metadata.name);
  // Each of them holds what the ones before it hold.
  for (const name of ['view', 'edit', 'admin']) {
    const all = (await readRbac(cluster)).filter((each) => each.kind === 'ClusterRole');
    const rules = all
      .filter((role) => selected(name).includes(role.metadata.name))
      .flatMap((role) => role.rules);
    const path = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`;
    const { status } = await cluster.api('PATCH', path, { rules }, 'application/merge-patch+json');
    if (status !== 200) throw new Error(`ClusterRole ${name} was not filled in: ${status}`);
  }
}

/** Roles and bindings without what differs from server to server, and without rules that are worth nothing to an audit. */
export function worth(objects: readonly RbacObject[]): readonly RbacObject[] {
  return objects
    .map((each) => ({
      ...each,
      ...('rules' in each && grantsOf(each.rules).size === 0 && { rules: [] }),
      metadata: { ...each.metadata, uid: '', resourceVersion: '' },
    }))
    .map(parsed)
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf({ kind, metadata: { namespace, name } }: RbacObject): string {
  return `${kind} ${namespace}/${name}`;
}
