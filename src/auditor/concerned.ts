import type { AccessReport } from './report.ts';

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
