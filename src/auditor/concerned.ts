import { hasAppliers } from './applying.ts';
import { anywhere, heldAnywhere, heldBy } from './held.ts';
import type { RbacIndex } from './rbac-index.ts';
import type { RbacObject } from './rbac.ts';
import type { AccessReport } from './report.ts';
import { grantsOf, type Grants, type Right } from './rights.ts';
import { isImplied, subjectOf, type Subject } from './subjects.ts';
import { applied } from './workloads.ts';

/** Which places a report depends on: their namespaces, or all. */
export type Dependence = ReadonlySet<string> | 'everywhere';

/**
 * Where a change may change what a report says, beside its own namespace and the cluster's roles: who can reach the Secret now may be
 * reached by others, in the namespaces of those.
 */
export function dependenceOf(report: AccessReport, controller: { readonly namespace: string }): Dependence {
  // In kube-system are controllers of Kubernetes that can always reach it, and that a baseline does not write out.
  const namespaces = new Set([controller.namespace, 'kube-system']);
  const reaching = [...report.others, ...report.trusted];
  for (const { kind, namespace, subject } of reaching) {
    // Of a group that service accounts of all namespaces are in, any namespace may have more to say.
    if (kind === 'Group' && isOfAll(subject)) return 'everywhere';
    if (namespace !== undefined) namespaces.add(namespace);
    const [, members] = /^Group system:serviceaccounts:(.+)$/.exec(subject) ?? [];
    if (members !== undefined) namespaces.add(members);
  }
  for (const words of [...report.baseline, ...report.dormant, ...reaching.flatMap(({ path }) => path)])
    for (const [, namespace = ''] of words.matchAll(/\b[A-Z]\w+ ([a-z0-9-]+)\//g)) namespaces.add(namespace);
  return namespaces;
}

function isOfAll(subject: string): boolean {
  return /^Group system:(serviceaccounts|authenticated|unauthenticated)$/.test(subject);
}

/** Whether a change at these places, '' for the cluster, concerns an audit in `namespace` whose last report depended on `on`. */
export function isConcerned(
  places: ReadonlySet<string>,
  { namespace, on }: { readonly namespace: string; readonly on: Dependence | undefined },
): boolean {
  if (on === undefined || on === 'everywhere' || places.has('') || places.has(namespace)) return true;
  for (const place of places) if (on.has(place)) return true;
  return false;
}

/** What the rights that count anywhere are held together with. */
const partners: readonly Right[] = [
  'impersonateGroup',
  'impersonateAccountIn',
  'impersonateUserIn',
  'impersonateGroupIn',
  'impersonateNodeIn',
];

/**
 * Where a change of an object of RBAC may be felt, which the index knows already: in its namespace, or '' for everywhere. To act as
 * somebody is also possible in a namespace that no report of anybody else speaks of, if that completes a right of the cluster, or by an
 * object that a controller applies as itself.
 * @param versions the object before and after
 */
export function placeOf(versions: readonly RbacObject[], index: RbacIndex): string {
  const isEverywhere = versions.some((object) => {
    switch (object.kind) {
      case 'Role': {
        const grants = grantsOf(object.rules);
        const { namespace, name } = object.metadata;
        const bound = index.boundTo(namespace, `Role ${namespace}/${name}`);
        return bound.length > 0 && (isApplied(grants, index) || isCompleting(grants, bound, index));
      }
      case 'RoleBinding': {
        const { namespace } = object.metadata;
        const { kind, name } = object.roleRef;
        const role = index.role(kind === 'Role' ? `Role ${namespace}/${name}` : `${kind} ${name}`);
        if (role === undefined) return false;
        const subjects = object.subjects.flatMap((each) => subjectOf(each, namespace) ?? []);
        return isApplied(role.grants, index) || isCompleting(role.grants, subjects, index);
      }
      case 'ClusterRole':
      case 'ClusterRoleBinding':
        return false;
      default:
        return object satisfies never;
    }
  });
  return isEverywhere ? '' : (versions[0]?.metadata.namespace ?? '');
}

/** Whether a controller applies as itself what these rights let write. */
function isApplied(grants: Grants, index: RbacIndex): boolean {
  return applied.some(({ account }) => grants.has(`applyAs:${account}`)) && hasAppliers(index);
}

/** Whether one of these rights is half of acting as somebody else, of which one of the subjects has the other half. */
function isCompleting(grants: Grants, subjects: readonly Subject[], index: RbacIndex): boolean {
  return anywhere.some((right) => grants.has(right)) && subjects.some((subject) => isHalfWay(subject, index));
}

/** Whether somebody has the other half of acting as somebody else; of everybody somebody may. */
function isHalfWay(subject: Subject, index: RbacIndex): boolean {
  if (isImplied(subject)) return true;
  const held = heldBy(subject, index, '');
  return (
    partners.some((right) => held.first(right) !== undefined) ||
    heldAnywhere(subject, index, 'impersonateAccountIn') !== undefined
  );
}
