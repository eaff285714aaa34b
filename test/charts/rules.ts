import { z } from 'zod';

const role = z.object({
  kind: z.enum(['Role', 'ClusterRole']),
  rules: z.array(
    z.strictObject({
      apiGroups: z.array(z.string()).default([]),
      resources: z.array(z.string()).default([]),
      resourceNames: z.array(z.string()).default([]),
      nonResourceURLs: z.array(z.string()).default([]),
      verbs: z.array(z.string()),
    }),
  ),
});

/** What the roles among some objects allow, one right a line: `get namespaces kube-system`, `patch pipelines/status.lockkeeper.dev`. */
export function rulesOf(objects: readonly unknown[]): string[] {
  return objects.flatMap((object) => {
    const { data } = role.safeParse(object);
    return (data?.rules ?? []).flatMap(({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }) => {
      const things = apiGroups.flatMap((group) =>
        resources.map((resource) => (group === '' ? resource : `${resource}.${group}`)),
      );
      const names = resourceNames.length === 0 ? [''] : resourceNames.map((name) => ` ${name}`);
      return [...things, ...nonResourceURLs].flatMap((thing) =>
        names.flatMap((name) => verbs.map((verb) => `${verb} ${thing}${name}`)),
      );
    });
  });
}

/** Each would open every Secret, or the way to one. */
const forbidden = [
  /\*/,
  / secrets\b/,
  / serviceaccounts\/token\b/,
  /^(impersonate|bind|escalate) /,
  /rbac\.authorization\.k8s\.io/,
  / (pods|deployments|daemonsets|statefulsets|jobs|cronjobs|replicasets)\b/,
  // Who owns a spec is whoever applies it; of ours the controller writes the status. Else it writes Events, and one Lease.
  /^(create|update|patch|delete) (?!events\.)(?!leases\.)[^/]*$/,
  /^(?!create )\S+ leases\.coordination\.k8s\.io(?! lockkeeper-controller$)/,
];

/** The rights among some that the chart may never give to the controller. */
export function forbiddenIn(rules: readonly string[]): string[] {
  return rules.filter((rule) => forbidden.some((pattern) => pattern.test(rule)));
}
