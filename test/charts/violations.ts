import { z } from 'zod';

const named = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
});
const role = z.object({
  aggregationRule: z.unknown().optional(),
  rules: z
    .array(
      z.strictObject({
        apiGroups: z.array(z.string()).default([]),
        resources: z.array(z.string()).default([]),
        resourceNames: z.array(z.string()).default([]),
        nonResourceURLs: z.array(z.string()).default([]),
        verbs: z.array(z.string()),
      }),
    )
    .nullish(),
});
const binding = z.object({
  roleRef: z.object({ kind: z.string(), name: z.string() }),
  subjects: z.array(z.looseObject({ kind: z.string(), name: z.string() })).nullish(),
});

/** One right of one role. */
interface Right {
  readonly in: 'Role' | 'ClusterRole';
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `pods/exec`. */
  readonly resource: string;
  readonly isNamed: boolean;
}

const rbac = 'rbac.authorization.k8s.io';
const workloads =
  /^(pods|replicationcontrollers|deployments|daemonsets|statefulsets|replicasets|jobs|cronjobs)(\/|$)/;
const writing = /^(create|update|patch|delete|deletecollection)$/;

/** What no service account of ours may have; each would open every Secret, or the way to one. By the sentence that says so. */
const prohibitions: Readonly<Record<string, (right: Right) => boolean>> = {
  'a wildcard': ({ verb, group, resource }) => [verb, group, resource].some((each) => each.includes('*')),
  'Secrets in a ClusterRole': ({ in: kind, group, resource }) =>
    kind === 'ClusterRole' && group === '' && resource.split('/')[0] === 'secrets',
  'Secrets without a name': ({ group, resource, isNamed }) =>
    group === '' && resource.split('/')[0] === 'secrets' && !isNamed,
  'more of Secrets than to get one': ({ group, resource, verb }) =>
    group === '' && resource.split('/')[0] === 'secrets' && verb !== 'get',
  'to be somebody else': ({ verb }) => verb.startsWith('impersonate'),
  'to give oneself rights': ({ verb, group }) =>
    verb === 'bind' || verb === 'escalate' || (group === rbac && writing.test(verb)),
  tokens: ({ group, resource }) => group === '' && resource === 'serviceaccounts/token',
  'Pods and what makes them': ({ resource }) => workloads.test(resource),
  'to write what admits objects': ({ group, verb }) =>
    group === 'admissionregistration.k8s.io' && writing.test(verb),
  'to write definitions and APIs': ({ group, verb }) =>
    (group === 'apiextensions.k8s.io' || group === 'apiregistration.k8s.io') && writing.test(verb),
  'certificates for users': ({ group }) => group === 'certificates.k8s.io',
  'nodes and volumes': ({ group, resource }) =>
    group === '' && /^(nodes|persistentvolumes)(\/|$)/.test(resource),
  'service accounts but for reading': ({ group, resource, verb }) =>
    group === '' && resource === 'serviceaccounts' && writing.test(verb),
  'to write ConfigMaps and Namespaces': ({ group, resource, verb }) =>
    group === '' && /^(configmaps|namespaces)(\/|$)/.test(resource) && writing.test(verb),
  // Who owns a spec is whoever applies it.
  'to write our specs': ({ group, resource, verb }) =>
    group === 'lockkeeper.dev' && !resource.includes('/') && writing.test(verb),
};

/** What is wrong with the rights that some objects give, a sentence each. `release` is the namespace that they are installed in. */
export function violationsOf(objects: readonly unknown[], release: string): string[] {
  const all = objects.flatMap((object) => named.safeParse(object).data ?? []);
  const roles = all.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole');
  const bindings = all.filter(({ kind }) => kind.endsWith('Binding') && !kind.includes('Policy'));
  const accounts = all.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name);
  return [
    ...roles.flatMap(roleViolations),
    ...bindings.flatMap((object) => {
      const { roleRef, subjects } = binding.parse(object);
      const who = `${object.kind} ${object.metadata.name}`;
      const isOurs = roles.some(
        ({ kind, metadata }) => kind === roleRef.kind && metadata.name === roleRef.name,
      );
      return [
        ...(isOurs ? [] : [`${who} gives ${roleRef.kind} ${roleRef.name}, which is not ours`]),
        ...(subjects ?? [])
          .filter(
            ({ kind, name, namespace }) =>
              kind !== 'ServiceAccount' || namespace !== release || !accounts.includes(name),
          )
          .map(({ kind, name }) => `${who} gives it to ${kind} ${name}, which is not ours`),
      ];
    }),
  ];
}

function roleViolations(object: z.infer<typeof named>): string[] {
  const { aggregationRule, rules } = role.parse(object);
  const who = `${object.kind} ${object.metadata.name}`;
  const joins = Object.keys(object.metadata.labels).filter((label) => label.includes('aggregate-to-'));
  const kind = object.kind === 'Role' ? 'Role' : 'ClusterRole';
  return [
    ...(aggregationRule === undefined ? [] : [`${who} takes the rules of others`]),
    ...joins.map((label) => `${who} joins another role by label ${label}`),
    ...(rules ?? []).flatMap(({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }) => [
      ...nonResourceURLs.map((url) => `${who} gives the URL ${url}`),
      ...apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) => {
            const right: Right = { in: kind, verb, group, resource, isNamed: resourceNames.length > 0 };
            const thing = group === '' ? resource : `${resource}.${group}`;
            return Object.entries(prohibitions)
              .filter(([, isForbidden]) => isForbidden(right))
              .map(([what]) => `${who} gives ${verb} ${thing}: ${what}`);
          }),
        ),
      ),
    ]),
  ];
}
