import { z } from 'zod';

export const group = 'lockkeeper.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;

/** On a Namespace: the namespaces (comma-separated) whose Pipelines may have targets in it. */
export const allowPipelinesFrom = `${group}/allow-pipelines-from`;
/** Asks for a pass by being changed, as the objects of Flux are asked. */
const requestedAt = 'reconcile.fluxcd.io/requestedAt';

/** The one field owner of all that the controller writes into status. */
export const fieldOwner = 'lockkeeper-controller';

/** The field owner of a Credential's `status.access`. */
export const auditorFieldOwner = 'lockkeeper-auditor';

/** A rule that the API server checks in CEL and zod checks with the same words, so that both explain one mistake alike. */
interface Rule<T> {
  /** CEL over `self`. */
  readonly rule: string;
  /** What `kubectl apply` shows: names the mistake and what to write instead. */
  readonly message: string;
  /** The same rule for zod. */
  readonly holds: (value: T) => boolean;
  /** The member that the mistake is in, such as `.metadata.name`, when it is not the whole value. */
  readonly fieldPath?: `.${string}`;
  /** `FieldValueRequired` when something is missing; otherwise the value counts as invalid. */
  readonly reason?: 'FieldValueRequired';
}

const validations = 'x-kubernetes-validations';

/** `schema` with rules in both worlds, on top of those that it has. A bare `.refine` would be unknown to the API server: the generator refuses it. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  let checked: S = schema;
  for (const { holds, message, fieldPath } of rules) {
    checked = checked.refine(holds, { message, ...(fieldPath && { path: fieldPath.slice(1).split('.') }) });
  }
  const known = z.globalRegistry.get(schema) ?? {};
  const before = known[validations];
  return checked.meta({
    ...known,
    [validations]: [
      ...(Array.isArray(before) ? (before as unknown[]) : []), // what an earlier call has put there
      ...rules.map(({ rule, message, fieldPath, reason }) => ({
        rule,
        message,
        ...(fieldPath === undefined ? {} : { fieldPath }),
        ...(reason === undefined ? {} : { reason }),
      })),
    ],
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

/** The whole string matches. A rule and not a `pattern`: the user reads the sentence, not a regular expression. */
export function matches(pattern: RegExp, message: string): Rule<string> {
  // JavaScript writes \/ where RE2 and CEL want a plain slash.
  const source = pattern.source.replaceAll('\\/', '/');
  return { rule: `self.matches(${JSON.stringify(source)})`, message, holds: (value) => pattern.test(value) };
}

/** At most so many bytes of UTF-8: `maxLength` counts characters, and four bytes may be one. */
export function text(maxBytes: number, { min = 0 }: { min?: number } = {}): z.ZodString {
  const bounded = z.string().max(maxBytes);
  return withRules(min === 0 ? bounded : bounded.min(min), [
    {
      rule: `bytes(self).size() <= ${maxBytes}`,
      message: `must be at most ${maxBytes} bytes of UTF-8`,
      holds: (value) => Buffer.byteLength(value) <= maxBytes,
    },
  ]);
}

/** How many items a list holds. */
interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** A list whose order means something and that has one owner: applying a part of it is a conflict, not a silent reordering. */
export function atomicList<T extends z.ZodType>(item: T, { min, max }: Bounds): z.ZodArray<T> {
  return z.array(item).min(min).max(max).meta({ 'x-kubernetes-list-type': 'atomic' });
}

/** A list of different strings in no order. The API server itself refuses duplicates. */
export function setOf(item: z.ZodString, { min, max }: Bounds): z.ZodArray<z.ZodString> {
  return z
    .array(item)
    .min(min)
    .max(max)
    .refine((items) => new Set(items).size === items.length, { message: 'Duplicate value' })
    .meta({ 'x-kubernetes-list-type': 'set' });
}

/** A list that several owners may share, its items told apart by one member. The API server itself refuses duplicates. */
export function mapList<K extends string, T extends z.ZodType<{ readonly [name in K]: string }>>(
  key: K,
  item: T,
  { min, max }: Bounds,
): z.ZodArray<T> {
  return z
    .array(item)
    .min(min)
    .max(max)
    .refine((items) => new Set(items.map((each) => each[key])).size === items.length, {
      message: 'Duplicate value',
    })
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] });
}

/** A DNS-1123 label: safe in branch names, markers and paths, where `/` and `:` part the words. */
export const dnsLabel = withRules(z.string().max(63), [
  matches(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    "must be a DNS label: lower-case letters, digits and '-', beginning and ending with a letter or digit",
  ),
]);

/** A DNS-1123 subdomain, as most Kubernetes names are. */
export const objectName = withRules(z.string().max(253), [
  matches(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    "must be the name of an object: lower-case letters, digits, '-' and '.'",
  ),
]);

/** RFC 3339 in UTC with whole seconds, as `metav1.Time`. */
export const timestamp = z.string().max(20).meta({ format: 'date-time' });

/** A sentence for people. */
export const message = text(256);

/** As `metav1.Condition`. */
export const condition = z.object({
  type: text(64, { min: 1 }).describe('What this condition speaks of.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it is so.'),
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .describe('The generation of spec that this condition is about.'),
  lastTransitionTime: timestamp.describe('When status last changed.'),
  reason: text(64, { min: 1 }).describe('One word out of a closed list; see the reference of reasons.'),
  message: message.describe('What is so, and what to do next.'),
});
export type Condition = z.infer<typeof condition>;

/** One condition a type. */
export const conditions = mapList('type', condition, { min: 0, max: 8 });

/** Whether something is so, as conditions say it. */
export const trilean = z.enum(['True', 'False', 'Unknown']);

/** Those that are read. The rest may be long, such as kubectl's copy of the whole object. */
const annotations = z.object({
  [allowPipelinesFrom]: z.string().optional(),
  [requestedAt]: z.string().optional(),
});
export type Annotations = z.infer<typeof annotations>;

/** The metadata that we read of any object. */
export const objectMeta = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.int().default(0),
  deletionTimestamp: z.string().optional(),
  annotations: annotations.optional(),
});
