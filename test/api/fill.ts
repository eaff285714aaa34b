import type { SchemaNode } from '../../src/api/crd.ts';

/**
 * The largest value that a schema lets pass: all members, all items, the longest text, made of `letter`. Keys of map lists differ.
 *
 * @param letter of one or two bytes in UTF-8
 */
export function fill(node: SchemaNode, letter = 'x'): unknown {
  if (node.enum !== undefined) return node.enum.toSorted((a, b) => String(b).length - String(a).length)[0];
  switch (node.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(node.properties ?? {}).map(([name, member]) => [name, fill(member, letter)]),
      );
    case 'array':
      return Array.from({ length: node.maxItems ?? 0 }, (_, index) => fillItem(node, index, letter));
    case 'string':
      if (node.format === 'date-time') return '2026-11-22T08:00:00Z';
      return letter.repeat(Math.floor((node.maxLength ?? 0) / Buffer.byteLength(letter)));
    case 'integer':
      return node.maximum ?? Number.MAX_SAFE_INTEGER;
    case 'boolean':
      return false;
    case undefined:
    default:
      throw new Error(`a node of type ${node.type ?? 'nothing'} cannot be filled`);
  }
}

function fillItem({ items = {}, ...list }: SchemaNode, index: number, letter: string): unknown {
  const item = fill(items, letter);
  const [key] = list['x-kubernetes-list-map-keys'] ?? [];
  if (key === undefined || typeof item !== 'object' || item === null) return item;
  const value = String((item as Record<string, unknown>)[key]); // an object, as its type says
  const number = String(index).padStart(2, '0');
  return { ...item, [key]: `${number}${value.slice(number.length)}` };
}
