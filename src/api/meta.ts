import { z } from 'zod';

export const group = 'lockkeeper.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;

/** On a Namespace: the namespaces (comma-separated) whose Pipelines may have targets in it. */
export const allowPipelinesFrom = `${group}/allow-pipelines-from`;

/** The one field owner of all that the controller writes into status. */
export const fieldOwner = 'lockkeeper-controller';

/** The longest message in a status, in bytes of UTF-8. */
export const maxMessageBytes = 256;

/** A rule that the API server checks in CEL and zod checks with the same words, so that both explain one mistake alike. */
export interface Rule<T> {
  /** CEL over `self`. */
  readonly rule: string;
  /** What `kubectl apply` shows: names the mistake and what to write instead. */
  readonly message: string;
  /** The same rule for zod. */
  readonly holds: (value: T) => boolean;
}

/** `schema` with rules in both worlds. Rules come last: a later `.meta` or `.refine` would drop the CEL. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  let checked: S = schema;
  for (const { holds, message } of rules) checked = checked.refine(holds, { message });
  const known = z.globalRegistry.get(schema);
  return checked.meta({
    ...known,
    'x-kubernetes-validations': rules.map(({ rule, message }) => ({ rule, message })),
  });
}

/** Exactly one of the named optional members is set: the union that a structural schema can express. */
export function exactlyOneOf<T extends object>(...names: readonly (keyof T & string)[]): Rule<T> {
  const list = names.join(', ');
  return {
    rule: names.map((name) => `(has(self.${name}) ? 1 : 0)`).join(' + ') + ' == 1',
    message: `set exactly one of: ${list}`,
    holds: (value) => names.filter((name) => value[name] !== undefined).length === 1,
  };
}

/** A DNS-1123 label: safe in branch names, markers and paths, where `/` and `:` part the words. */
export const dnsLabel = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

/** A DNS-1123 subdomain, as most Kubernetes names are. */
export const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);

/** RFC 3339 with seconds, as `metav1.Time`. */
export const timestamp = z.string().max(64).meta({ format: 'date-time' });

export const message = z.string().max(maxMessageBytes);

/** As `metav1.Condition`. */
export const condition = z.object({
  type: z.string().min(1).max(64).describe('What this condition speaks of.'),
  status: z.enum(['True', 'False', 'Unknown']),
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .describe('The generation of spec that this condition is about.'),
  lastTransitionTime: timestamp.describe('When status last changed.'),
  reason: z.string().min(1).max(64).describe('One word out of a closed list.'),
  message: message.describe('What is so, and what to do next.'),
});
export type Condition = z.infer<typeof condition>;

/** The metadata that we read of any object. */
export const objectMeta = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.int().default(0),
  deletionTimestamp: z.string().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type ObjectMeta = z.infer<typeof objectMeta>;
