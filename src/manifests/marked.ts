import { headOf, isEmpty } from './block.ts';
import type { Comment, Parsed, ScalarNode } from './parse.ts';

/** What a marker speaks of, or why it speaks of nothing. Prose: a comment of several lines explains markers and is none. */
export type Found = { readonly node: ScalarNode } | { readonly why: string; readonly isProse?: true };

/**
 * Which value a comment of `parsed.comments`, given by its index, marks: the value before it on its line; the value below when its key is
 * before it; and from a line of its own the value on the line below, or the one whose key is there.
 * These are the places where kyaml's setters find comments, without those in flow collections.
 */
export function findMarked(text: string, parsed: Parsed): (index: number) => Found {
  const values = parsed.nodes.filter(
    (node): node is ScalarNode => node.kind === 'scalar' && !node.isKey && !isEmpty(node),
  );
  return (index) => {
    const comment = parsed.comments[index];
    if (comment === undefined) return nothing;
    const before = beforeOn(text, comment.offset);
    const seen = { comment, index, before, text, parsed, values };
    return before === '' ? below(seen) : (behind(seen) ?? nextTo(seen));
  };
}

interface Seen {
  readonly comment: Comment;
  readonly index: number;
  /** On its line, without white space around. */
  readonly before: string;
  readonly text: string;
  readonly parsed: Parsed;
  /** In the order of the text. */
  readonly values: readonly ScalarNode[];
}

const nothing = { why: 'the marker stands behind no single value; move it behind the version' };
const inFlow = { why: 'the marker stands at a flow collection; give the value a line of its own' };

function found(node: ScalarNode): Found {
  return node.isInFlow ? inFlow : { node };
}

/** `key: value # {…}` */
function behind({ comment, text, values }: Seen): Found | undefined {
  const node = values[firstFrom(values, comment.offset) - 1];
  if (node === undefined) return undefined;
  let end = comment.offset;
  while (text[end - 1] === ' ' || text[end - 1] === '\t') end -= 1;
  return headOf(node, text).end === end ? found(node) : undefined;
}

/** `key: # {…}`, with the value on the next line. */
function nextTo({ comment, before, text, parsed, values }: Seen): Found {
  if ('{[,]}'.includes(before.at(-1) ?? ' ')) return inFlow;
  const node = values[firstFrom(values, comment.offset)];
  if (node === undefined) return nothing;
  const line = parsed.lineOf(comment.offset);
  if (parsed.lineOf(node.start) !== line + 1 || !isFirst(node.start, text)) return nothing;
  const isItsPlace =
    node.owner === undefined
      ? before === '-' || /\s-$/.test(before.slice(-2))
      : node.owner < comment.offset && parsed.lineOf(node.owner) === line;
  return isItsPlace ? found(node) : nothing;
}

/** A comment on a line of its own, which speaks of what begins the next line. */
function below({ comment, index, text, parsed, values }: Seen): Found {
  const line = parsed.lineOf(comment.offset);
  const isAlone = [parsed.comments[index - 1], parsed.comments[index + 1]].every(
    (other) =>
      other === undefined ||
      Math.abs(parsed.lineOf(other.offset) - line) !== 1 ||
      beforeOn(text, other.offset) !== '',
  );
  if (!isAlone) {
    return {
      why: 'a marker above a key must be the only comment line there; move it behind the version',
      isProse: true,
    };
  }
  const above = { why: 'the marker stands above no single value; move it behind the version' };
  const next = text.indexOf('\n', comment.offset) + 1;
  const node = next === 0 ? undefined : values[firstFrom(values, next)];
  if (node === undefined) return above;
  const start = node.owner !== undefined && node.owner >= next ? node.owner : node.start;
  if (parsed.lineOf(start) !== line + 1) return above;
  if (!isFirst(start, text) && !(node.owner === undefined && isFirst(start, text, '-'))) return above;
  const isDeeper = columnOf(text, comment.offset) > columnOf(text, next);
  return isDeeper ? { why: 'the marker is indented deeper than the value below; align them' } : found(node);
}

/** Whether nothing stands on a line before an offset but white space, tags, anchors and `indicator`. */
function isFirst(offset: number, text: string, indicator = ''): boolean {
  const before = beforeOn(text, offset);
  const words = before === '' ? [] : before.split(/\s+/);
  if (indicator !== '' && words[0] === indicator) words.shift();
  return words.every((word) => /^[&!]/.test(word));
}

function lineStartOf(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** What stands on the line before an offset, without white space around; a byte order mark counts as such. */
function beforeOn(text: string, offset: number): string {
  return text.slice(lineStartOf(text, offset), offset).trim();
}

/** How many spaces and tabs the line of an offset begins with. */
function columnOf(text: string, offset: number): number {
  const lineStart = lineStartOf(text, offset);
  const start = text[lineStart] === '\ufeff' ? lineStart + 1 : lineStart;
  let end = start;
  while (text[end] === ' ' || text[end] === '\t') end += 1;
  return end - start;
}

/** The index of the first value that begins at `offset` or behind it. */
function firstFrom(values: readonly ScalarNode[], offset: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle]?.start ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
