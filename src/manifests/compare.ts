import type { Node, Parsed, ScalarNode } from './parse.ts';

/**
 * Where two parsed texts mean something different beyond what was wanted: the first such node of `before`, or `'elsewhere'` where there is
 * none to point at. Undefined when exactly the scalars that begin at the offsets of `wanted` are now those strings, with their tags and
 * anchors, so that aliases follow, and all else is as it was.
 */
export function findDifference(
  before: Parsed,
  after: Parsed,
  wanted: ReadonlyMap<number, string>,
): ScalarNode | 'elsewhere' | undefined {
  // A tag that does not fit its value is a warning to this parser and an error to others.
  if (before.nodes.length !== after.nodes.length || before.warnings !== after.warnings) return 'elsewhere';
  for (const [index, node] of before.nodes.entries()) {
    const to = node.kind === 'scalar' ? wanted.get(node.start) : undefined;
    if (isAsWanted(node, after.nodes[index], to)) continue;
    return node.kind === 'scalar' ? node : 'elsewhere';
  }
  return undefined;
}

function isAsWanted(node: Node, now: Node | undefined, to: string | undefined): boolean {
  switch (node.kind) {
    case 'scalar':
      return now?.kind === 'scalar' && isSameScalar(node, now, to);
    case 'alias':
      return now?.kind === 'alias' && now.name === node.name;
    case 'map':
    case 'seq':
      return (
        now?.kind === node.kind &&
        now.size === node.size &&
        now.tag === node.tag &&
        now.anchor === node.anchor
      );
    case 'nothing':
      return now?.kind === 'nothing';
    default:
      return node satisfies never;
  }
}

function isSameScalar(
  { scalar: was, isKey }: ScalarNode,
  { scalar: is, isKey: isKeyNow }: ScalarNode,
  to: string | undefined,
): boolean {
  if (is.tag !== was.tag || is.anchor !== was.anchor || isKeyNow !== isKey) return false;
  if (to !== undefined) return is.value === to;
  // Not the values: a timestamp's is another object each time.
  return is.source === was.source && is.type === was.type && typeof is.value === typeof was.value;
}
