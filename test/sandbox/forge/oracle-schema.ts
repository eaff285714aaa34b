/** A schema of GitHub's OpenAPI 3.0 description, before it is JSON Schema. */
export type OpenApiSchema = Readonly<Record<string, unknown>>;

export interface ConvertOptions {
  /** Objects that list their properties have no others. */
  readonly closed: boolean;
  /** Changes of the description that are in force from this version on. */
  readonly apiVersion: string;
}

const dropped = new Set([
  'example',
  'examples',
  'description',
  'title',
  'discriminator',
  'externalDocs',
  'deprecated',
  'readOnly',
  'writeOnly',
  'nullable',
  'default',
  'xml',
]);

/**
 * OpenAPI 3.0 as JSON Schema: `nullable` becomes a choice, breaking changes are applied up to the version asked for,
 * references lead to `open/<name>` or `closed/<name>`. Members of an `allOf` stay open, since each is only a part.
 */
export function toJsonSchema(schema: OpenApiSchema, options: ConvertOptions): Record<string, unknown> {
  const current = applyChanges(schema, options.apiVersion);
  const reference = current['$ref'];
  if (typeof reference === 'string') {
    const name = reference.slice(reference.lastIndexOf('/') + 1);
    return { $ref: `/${options.closed ? 'closed' : 'open'}/${name}` };
  }
  const converted: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(current)) {
    if (dropped.has(key) || key.startsWith('x-')) continue;
    // Open schemas overlap: GitHub's shapes of one error fit each other.
    converted[key === 'oneOf' && !options.closed ? 'anyOf' : key] = convertKeyword(key, value, options);
  }
  const lists = converted['properties'] !== undefined && converted['additionalProperties'] === undefined;
  if (options.closed && lists && !isComposed(current)) converted['additionalProperties'] = false;
  return current['nullable'] === true ? { anyOf: [converted, { type: 'null' }] } : converted;
}

function convertKeyword(key: string, value: unknown, options: ConvertOptions): unknown {
  switch (key) {
    case 'properties':
      return Object.fromEntries(
        Object.entries(asSchema(value)).map(([name, inner]) => [
          name,
          toJsonSchema(asSchema(inner), options),
        ]),
      );
    case 'items':
    case 'not':
      return toJsonSchema(asSchema(value), options);
    case 'additionalProperties':
      return typeof value === 'boolean' ? value : toJsonSchema(asSchema(value), options);
    case 'allOf':
      return asList(value).map((inner) => toJsonSchema(inner, { ...options, closed: false }));
    case 'anyOf':
    case 'oneOf':
      return asList(value).map((inner) => toJsonSchema(inner, options));
    default:
      return value;
  }
}

function isComposed(schema: OpenApiSchema): boolean {
  return ['allOf', 'anyOf', 'oneOf'].some((key) => schema[key] !== undefined);
}

/** `x-github-breaking-changes` are JSON merge patches with the version from which they hold. */
function applyChanges(schema: OpenApiSchema, apiVersion: string): OpenApiSchema {
  const changes = asList(schema['x-github-breaking-changes'] ?? []);
  let current: OpenApiSchema = schema;
  for (const { version, patch } of changes) {
    if (typeof version === 'string' && version <= apiVersion) current = mergePatch(current, asSchema(patch));
  }
  if (current === schema) return schema;
  const required = current['required'];
  if (!Array.isArray(required)) return current;
  // Each patch is written against the schema without the others.
  const known = asSchema(current['properties'] ?? {});
  return { ...current, required: required.filter((name) => typeof name === 'string' && name in known) };
}

function mergePatch(target: OpenApiSchema, patch: OpenApiSchema): OpenApiSchema {
  const merged: Record<string, unknown> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (isObject(value)) merged[key] = mergePatch(asSchema(merged[key] ?? {}), value);
    else merged[key] = value;
  }
  return merged;
}

/** The names of all component schemas that a schema leads to. */
export function referencesIn(schema: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(schema)) for (const inner of schema) referencesIn(inner, found);
  else if (isObject(schema)) {
    const reference = schema['$ref'];
    if (typeof reference === 'string') found.add(reference);
    for (const inner of Object.values(schema)) referencesIn(inner, found);
  }
  return found;
}

function isObject(value: unknown): value is OpenApiSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asSchema(value: unknown): OpenApiSchema {
  return isObject(value) ? value : {};
}

function asList(value: unknown): OpenApiSchema[] {
  return Array.isArray(value) ? value.map(asSchema) : [];
}
