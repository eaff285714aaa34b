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

const binding = z.object({
  kind: z.enum(['RoleBinding', 'ClusterRoleBinding']),
  roleRef: z.object({ kind: z.string(), name: z.string() }),
  subjects: z.array(z.object({ kind: z.literal('ServiceAccount'), name: z.string(), namespace: z.string() })),
});
const named = z.object({ kind: z.string(), metadata: z.object({ name: z.string() }) });

/** The bindings among some objects that name a service account, and the roles that they give it. */
export function rolesOf(
  objects: readonly Record<string, unknown>[],
  account: string,
): readonly Record<string, unknown>[] {
  const bindings = objects.filter((object) =>
    binding.safeParse(object).data?.subjects.some(({ name }) => name === account),
  );
  const given = bindings.map((object) => binding.parse(object).roleRef);
  const roles = objects.filter((object) => {
    const { data } = named.safeParse(object);
    return given.some(({ kind, name }) => data?.kind === kind && data.metadata.name === name);
  });
  return [...roles, ...bindings];
}

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

/** It reads of RBAC what the controller may not, and asks the API server; each other one would open a Secret, or the way to one. */
const forbiddenToAuditor = [
  /\*/,
  / secrets\b/,
  / serviceaccounts\//,
  /^(?!list |watch |patch credentials\/status\.lockkeeper\.dev$|create subjectaccessreviews\.authorization\.k8s\.io$)/,
];

/** The rights among some that the chart may never give to the auditor. */
export function forbiddenToAuditorIn(rules: readonly string[]): string[] {
  return rules.filter((rule) => forbiddenToAuditor.some((pattern) => pattern.test(rule)));
}
