import type { CustomResourceDefinition, SchemaNode } from './crd.ts';
import { reasons, type Reason } from './reasons.ts';

const made = '<!-- Made from src/api by npm run generate; do not edit. -->';

/** The reference of all kinds, in Markdown: each member with its bounds, its default and its sentence. */
export function apiReference(definitions: readonly CustomResourceDefinition[]): string {
  return [
    made,
    '# API',
    'The same is in a cluster: `kubectl explain pipelines.spec.environments`. Everything is namespaced and in the category `lockkeeper`, so `kubectl get lockkeeper` shows all of it.',
    ...definitions.flatMap(kindReference),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

function kindReference({ spec }: CustomResourceDefinition): string[] {
  const { names, group, versions } = spec;
  return versions.flatMap(({ name, schema, additionalPrinterColumns }) => {
    const root = schema.openAPIV3Schema;
    return [
      `## ${names.kind}`,
      `\`apiVersion: ${group}/${name}\`, \`kind: ${names.kind}\`. ${root.description ?? ''}`,
      ...rulesOf(root),
      ...['spec', 'status'].flatMap((part) => {
        const node = root.properties?.[part];
        return node === undefined
          ? []
          : [`### ${names.kind} ${part}`, node.description ?? '', membersOf(node, 0).join('\n')];
      }),
      `### Columns of \`kubectl get ${names.plural}\``,
      additionalPrinterColumns.map((column) => `- **${column.name}**: ${column.description}`).join('\n'),
    ];
  });
}

function membersOf(node: SchemaNode, depth: number): string[] {
  const indent = '  '.repeat(depth);
  return [
    ...rulesOf(node).map((line) => `${indent}- ${line}`),
    ...Object.entries(node.properties ?? {}).flatMap(([name, member]) => {
      const required = node.required?.includes(name) === true ? ', required' : '';
      const inner = member.items ?? member;
      const ownRules = member.items === undefined ? [] : rulesOf(member);
      return [
        `${indent}- \`${name}\` (${shapeOf(member)}${required}): ${member.description ?? ''}`,
        ...ownRules.map((line) => `${indent}  - ${line}`),
        ...membersOf(inner, depth + 1),
      ];
    }),
  ];
}

/** The bound in bytes is told with the type. */
const bytesRule = /^bytes\(self\)\.size\(\) <= (\d+)$/;

function rulesOf(node: SchemaNode): string[] {
  const rules = (node['x-kubernetes-validations'] ?? []).filter(({ rule }) => !bytesRule.test(rule));
  return rules.map(
    ({ message, fieldPath }) =>
      `Rule: ${fieldPath === undefined ? '' : `\`${fieldPath.slice(1)}\`: `}${message}.`,
  );
}

function shapeOf(node: SchemaNode): string {
  const byDefault = node.default === undefined ? '' : `, default \`${JSON.stringify(node.default)}\``;
  return `${typeOf(node)}${byDefault}`;
}

function typeOf(node: SchemaNode): string {
  if (node.enum !== undefined) return oneOf(node.enum);
  if (node.format === 'date-time') return 'time';
  if (node.items !== undefined) {
    const items = node.items.type === 'object' ? ' objects' : `: ${typeOf(node.items)}`;
    return `list of ${range(node.minItems, node.maxItems)}${items}`;
  }
  if (node.type !== 'string') return node.type ?? '';
  const [bytes] = (node['x-kubernetes-validations'] ?? []).flatMap(
    ({ rule }) => bytesRule.exec(rule)?.[1] ?? [],
  );
  return bytes === undefined
    ? `string of ${range(node.minLength, node.maxLength)} characters`
    : `string of ${range(node.minLength, Number(bytes))} bytes`;
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map((each) => `\`${String(each)}\``);
  return words.length === 1 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}

function range(min = 0, max = Infinity): string {
  return min === 0 ? `up to ${max}` : `${min} to ${max}`;
}

const groups = {
  fine: ['Fine', 'Nothing to do.'],
  warning: ['Warnings', 'It works; something about it should be changed.'],
  waiting: ['Waiting', 'It goes on by itself when what is awaited comes.'],
  blocked: ['Blocked', 'Something outside is broken; it goes on by itself when that is mended.'],
  retried: ['Tried again', 'It is tried again at most two minutes apart; mend what the message names.'],
  stalled: ['Stalled', 'A person must change something; it goes on when they did.'],
} as const satisfies Record<(typeof reasons)[Reason]['is'], readonly [string, string]>;

/** The reference of all reasons, in Markdown, by what the controller does about them. */
export function reasonsReference(): string {
  return [
    made,
    '# Reasons',
    'Every reason of a condition, a waiting line or an event is one of these, and each has a section to link to: `reasons.md#revoked`.',
    ...Object.entries(groups).flatMap(([is, [title, sentence]]) => [
      `## ${title}`,
      sentence,
      ...Object.entries(reasons)
        .filter(([, each]) => each.is === is)
        .flatMap(([name, { what, next }]) => [`### ${name}`, `${what}${next === '' ? '' : ` ${next}`}`]),
    ]),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}
