import { z } from 'zod';

/** Lists and maps that are absent are often written as null. */
const words = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((map) => map ?? {});

const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string().default(''),
  resourceVersion: z.string().default(''),
});

const rule = z.object({ apiGroups: words, resources: words, resourceNames: words, verbs: words });
/** A rule of RBAC about resources. */
export type Rule = z.infer<typeof rule>;

/** Rules about paths such as /healthz open no object. */
const rules = z
  .array(rule)
  .nullish()
  .transform((list) => (list ?? []).filter(({ resources }) => resources.length > 0));

const selector = z.object({
  matchLabels: labels,
  matchExpressions: z
    .array(z.object({ key: z.string(), operator: z.string(), values: words }))
    .nullish()
    .transform((list) => list ?? []),
});
/** Which ClusterRoles an aggregated one takes its rules from. */
export type RoleSelector = z.infer<typeof selector>;

const subject = z.object({
  kind: z.string(),
  name: z.string(),
  namespace: z.string().default(''),
});
const subjects = z
  .array(subject)
  .nullish()
  .transform((list) => list ?? []);
const roleRef = z.object({ kind: z.enum(['Role', 'ClusterRole']), name: z.string() });

/**
 * The objects of RBAC, each with the fields alone that an audit reads, as plain data that a store can hold. Parsing an item of a
 * list, which says no kind, adds it; parsing what was parsed changes nothing. A throw means that the audit would not be true
 * without this object.
 */
export const role = z.object({ kind: z.literal('Role').default('Role'), metadata, rules });
export const clusterRole = z.object({
  kind: z.literal('ClusterRole').default('ClusterRole'),
  metadata: metadata.extend({ labels }),
  rules,
  aggregationRule: z
    .object({
      clusterRoleSelectors: z
        .array(selector)
        .nullish()
        .transform((list) => list ?? []),
    })
    .nullish(),
});
export const roleBinding = z.object({
  kind: z.literal('RoleBinding').default('RoleBinding'),
  metadata,
  roleRef,
  subjects,
});
export const clusterRoleBinding = z.object({
  kind: z.literal('ClusterRoleBinding').default('ClusterRoleBinding'),
  metadata,
  roleRef,
  subjects,
});

export type Role = z.infer<typeof role>;
export type ClusterRole = z.infer<typeof clusterRole>;
export type RoleBinding = z.infer<typeof roleBinding>;
export type ClusterRoleBinding = z.infer<typeof clusterRoleBinding>;
/** What an index is made of. */
export type RbacObject = Role | ClusterRole | RoleBinding | ClusterRoleBinding;
