import { Ajv } from 'ajv';
import type { SchemaNode } from '../../src/api/crd.ts';

/** What a node of ours may hold; all of it is allowed in a structural schema, where much of JSON Schema is not. */
const allowed = new Set([
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

/** Written here once more, apart from the generator: it is the generator that is judged. */
export function lintSchema(node: SchemaNode, place: string): string[] {
  const faults: string[] = [];
  const fault = (what: string): void => void faults.push(`${place}: ${what}`);

  for (const key of Object.keys(node)) if (!allowed.has(key)) fault(`has ${key}`);
  if (!['object', 'array', 'string', 'integer', 'boolean'].includes(node.type ?? '')) fault('has no type');
  if (!/^\S.*\.$/.test(node.description ?? '') && isDescribed(place))
    fault('has no sentence that describes it');
  if (node.type === 'string' && node.enum === undefined && node.maxLength === undefined)
    fault('has no maxLength');
  if (node.type === 'array' && node.maxItems === undefined) fault('has no maxItems');
  if (node.type === 'array' && node['x-kubernetes-list-type'] === undefined) fault('has no list type');
  if (node.type === 'integer' && node.format !== 'int64') fault('has no format int64');
  if ('pattern' in node) fault('explains itself by a regular expression');
  for (const pattern of patternsOf(node)) {
    if (/\(\?[=!<]|\\[1-9]/.test(pattern)) fault(`${pattern} is not RE2`);
  }
  for (const key of node['x-kubernetes-list-map-keys'] ?? []) {
    const isGiven = node.items?.required?.includes(key) ?? false;
    if (!isGiven && node.items?.properties?.[key]?.default === undefined)
      fault(`key ${key} is neither required nor defaulted`);
  }
  for (const name of node.required ?? [])
    if (node.properties?.[name] === undefined) fault(`requires ${name}, which it does not have`);
  if (node.default !== undefined && !isValid(node, node.default)) fault('has a default that it would refuse');

  return [
    ...faults,
    ...Object.entries(node.properties ?? {}).flatMap(([name, member]) =>
      lintSchema(member, `${place}.${name}`),
    ),
    ...(node.items === undefined ? [] : lintSchema(node.items, `${place}[]`)),
  ];
}

/** Members are described; the items of a list by the list. */
function isDescribed(place: string): boolean {
  return !place.endsWith('[]') && !/\.metadata(\.name)?$/.test(place);
}

/** The regular expressions of the node's rules. */
function patternsOf(node: SchemaNode): string[] {
  return (node['x-kubernetes-validations'] ?? []).flatMap(({ rule }) =>
    [...rule.matchAll(/\.matches\(("(?:[^"\\]|\\.)*")\)/g)].map(([, literal]) =>
      String(JSON.parse(literal ?? '""')),
    ),
  );
}

function isValid(schema: SchemaNode, value: unknown): boolean {
  const compile = new Ajv({ strict: false, formats: { 'date-time': true, int64: true } });
  const rules = patternsOf(schema).every((pattern) => new RegExp(pattern).test(String(value)));
  return rules && compile.validate(schema, value);
}
