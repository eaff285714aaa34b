import { z } from 'zod';
import { CodedError } from '../base/error.ts';
import type { Kind } from './kinds.ts';
import { group, version } from './meta.ts';

/** A node of a structural schema, as far as ours go. */
export interface SchemaNode {
  type?: string;
  format?: string;
  description?: string;
  default?: unknown;
  enum?: readonly unknown[];
  properties?: Record<string, SchemaNode>;
  required?: readonly string[];
  items?: SchemaNode;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  'x-kubernetes-validations'?: readonly CelRule[];
  'x-kubernetes-list-type'?: 'atomic' | 'map' | 'set';
  'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-map-type'?: 'atomic';
}

export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
  readonly reason?: string;
}

/** A CustomResourceDefinition as it is applied. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: 'Namespaced';
    readonly names: Readonly<Record<'kind' | 'listKind' | 'plural' | 'singular', string>> & {
      readonly categories: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly additionalPrinterColumns: Kind['columns'];
      readonly subresources: { readonly status: Record<string, never> };
      readonly schema: { readonly openAPIV3Schema: SchemaNode };
    }[];
  };
}

/**
 * The definition of a kind. Throws `CrdNotStructural`, naming the place, for what the API server would refuse or silently not
 * check: unions, references, nodes without a type, and a `.refine` without its rule in CEL.
 */
export function definitionOf({ kind, plural, singular, schema, columns }: Kind): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular, categories: ['lockkeeper'] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          subresources: { status: {} },
          schema: { openAPIV3Schema: rootOf(kind, schema) },
        },
      ],
    },
  };
}

/** Of a whole object. `spec` is required here: rules on an optional one could be walked around by `spec: null`. */
function rootOf(kind: string, schema: Kind['schema']): SchemaNode {
  const { spec, status } = schema.shape; // metadata has a schema of the API server's own
  const { properties = {} } = structural(kind, z.object({ spec, status }));
  const { description = '', [rules]: celRules } = schema.meta() ?? {};
  return {
    type: 'object',
    description: String(description),
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: 'The version of the API that this object is written in.' },
      kind: { type: 'string', description: `Always ${kind}.` },
      // Named so that a rule can point at it.
      metadata: { type: 'object', properties: { name: { type: 'string' } } },
      ...properties,
    },
    ...(celRules === undefined ? {} : { [rules]: celRules as readonly CelRule[] }), // put there by withRules
  };
}

const rules = 'x-kubernetes-validations';

/** What a node may say; a key that is not here came from a construct that a structural schema cannot express. */
const known: ReadonlySet<string> = new Set<keyof SchemaNode>([
  'type',
  'format',
  'description',
  'default',
  'enum',
  'properties',
  'required',
  'items',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'x-kubernetes-validations',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
]);

function structural(kind: string, schema: z.ZodType): SchemaNode {
  /** Checks in code per place: each must stand in the node as well, or the API server would let pass what zod refuses. */
  const customChecks = new Map<string, number>();
  const node = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input', // the output would make every member with a default required
    override: ({ zodSchema, jsonSchema, path }) => {
      if (jsonSchema.type === 'integer') plainInteger(jsonSchema);
      const custom = (zodSchema._zod.def.checks ?? []).filter(({ _zod }) => _zod.def.check === 'custom');
      const place = path.join('.');
      customChecks.set(place, Math.max(custom.length, customChecks.get(place) ?? 0));
    },
  }) as SchemaNode; // verified key by key below
  verify(node, { kind, place: '', customChecks });
  return node;
}

/** JavaScript's own limits of whole numbers are no rule of ours. */
function plainInteger(node: { format?: unknown; maximum?: unknown; minimum?: unknown }): void {
  node.format = 'int64';
  if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
  if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
}

interface Verification {
  readonly kind: string;
  /** As zod gives it: keys of the schema, joined by dots. */
  readonly place: string;
  readonly customChecks: ReadonlyMap<string, number>;
}

function verify(node: SchemaNode, verification: Verification): void {
  const { kind, place, customChecks } = verification;
  const refuse = (why: string): never => {
    throw new CodedError('CrdNotStructural', `${kind}: ${place === '' ? 'the whole' : place}: ${why}`);
  };
  if (node.type === undefined) refuse('has no type: unions and unknown values cannot stand in a CRD');
  for (const key of Object.keys(node)) if (!known.has(key)) refuse(`${key} cannot stand in a CRD`);
  const listType = node['x-kubernetes-list-type'];
  const checkedByServer = (node[rules]?.length ?? 0) + (listType === 'set' || listType === 'map' ? 1 : 0);
  if ((customChecks.get(place) ?? 0) > checkedByServer)
    refuse('a .refine has no rule in CEL: use withRules of meta.ts');
  const at = (...path: string[]): Verification => ({
    ...verification,
    place: [...(place === '' ? [] : [place]), ...path].join('.'),
  });
  for (const [name, member] of Object.entries(node.properties ?? {})) verify(member, at('properties', name));
  if (node.items !== undefined) verify(node.items, at('items'));
}
