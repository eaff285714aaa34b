import { LineCounter } from 'yaml';
import { isSameMarker, mayHoldMarker, type Marker } from './marker.ts';
import { quoted } from './quote.ts';
import { nodesOf, parse, scan, type Mark } from './scan.ts';

export interface Edit {
  /** From 1. */
  readonly line: number;
  readonly field: Marker['field'];
  readonly from: string;
  readonly to: string;
}

export type RefusalCode =
  'NotYaml' | 'TooLarge' | 'TooDeep' | 'MarkersConflict' | 'MarkerNotScalar' | 'EditNotExact';

export type Edited =
  | { readonly kind: 'changed'; readonly text: string; readonly edits: readonly Edit[] }
  /** Marked, and every marked value is what it should be. */
  | { readonly kind: 'unchanged'; readonly fields: readonly Marker['field'][] }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly line?: number; readonly message: string }
  /** Holds no marker of this target. */
  | { readonly kind: 'unmarked' };

export interface Target {
  readonly namespace: string;
  readonly pipeline: string;
  readonly environment: string;
}

/**
 * Sets every value that carries the target's marker. All bytes but those of the marked values stay as they are, and the result is
 * parsed again and compared before it is given. A digest marker is left alone while the revision has no digest.
 */
export function edit(
  file: { readonly path: string; readonly text: string },
  target: Target,
  values: { readonly version: string; readonly digest?: string },
): Edited {
  const { text } = file;
  if (
    !mayHoldMarker(text) ||
    !text.includes(`${target.namespace}:${target.pipeline}:${target.environment}`)
  ) {
    return { kind: 'unmarked' };
  }
  const found = scan(file);
  if (found.problem !== undefined) return { kind: 'refused', ...found.problem };
  const conflict = firstConflict(found.marks, target);
  if (conflict !== undefined) {
    return {
      kind: 'refused',
      code: 'MarkersConflict',
      line: conflict.line,
      message: 'one value carries two different markers; keep one',
    };
  }
  const marks = withoutRepeats(found.marks.filter(({ marker }) => isFor(marker, target)));
  if (marks.length === 0) {
    const misplaced = found.misplaced.find(({ marker }) => isFor(marker, target));
    if (misplaced === undefined) return { kind: 'unmarked' };
    return { kind: 'refused', code: 'MarkerNotScalar', line: misplaced.line, message: misplaced.message };
  }
  return splice(text, marks, values);
}

function isFor(marker: Marker, target: Target): boolean {
  return (
    marker.namespace === target.namespace &&
    marker.pipeline === target.pipeline &&
    marker.environment === target.environment
  );
}

function firstConflict(marks: readonly Mark[], target: Target): Mark | undefined {
  return marks.find((mark) =>
    marks.some(
      (other) =>
        other.start === mark.start &&
        !isSameMarker(other.marker, mark.marker) &&
        (isFor(mark.marker, target) || isFor(other.marker, target)),
    ),
  );
}

function withoutRepeats(marks: readonly Mark[]): readonly Mark[] {
  return marks.filter((mark, at) => marks.findIndex(({ start }) => start === mark.start) === at);
}

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly with: string;
  readonly mark: Mark;
  readonly to: string;
}

function splice(
  text: string,
  marks: readonly Mark[],
  values: { readonly version: string; readonly digest?: string },
): Edited {
  const splices: Splice[] = [];
  for (const mark of marks) {
    const to = mark.marker.field === 'version' ? values.version : values.digest;
    if (to === undefined || to === mark.value) continue;
    const { start, end, indent, newline } =
      mark.style === 'block' ? blockContent(text, mark) : { ...mark, indent: '', newline: '' };
    const written = quoted(to, mark.style, { indent, newline });
    if (written === undefined) return notExact(mark.line, 'a block scalar holds one line of text here');
    splices.push({ start, end, with: written, mark, to });
  }
  if (splices.length === 0) return { kind: 'unchanged', fields: marks.map(({ marker }) => marker.field) };
  splices.sort((a, b) => a.start - b.start);
  let edited = '';
  let at = 0;
  for (const each of splices) {
    edited += text.slice(at, each.start) + each.with;
    at = each.end;
  }
  edited += text.slice(at);
  const different = firstDifference(text, edited, splices);
  if (different !== undefined)
    return notExact(
      different,
      'setting the value would change more than the value; simplify it, or remove its tag',
    );
  return {
    kind: 'changed',
    text: edited,
    edits: splices.map(({ mark, to }) => ({
      line: mark.line,
      field: mark.marker.field,
      from: mark.value,
      to,
    })),
  };
}

function notExact(line: number, message: string): Edited {
  return { kind: 'refused', code: 'EditNotExact', line, message };
}

/** The lines below a block scalar's header, up to the newline that ends the last of them. */
function blockContent(
  text: string,
  { start, end }: Mark,
): { start: number; end: number; indent: string; newline: string } {
  const header = text.indexOf('\n', start) + 1;
  const lines = text.slice(header, end);
  const indent = /^[ \t]*/.exec(lines)?.[0] ?? '';
  const content = lines.replace(/(?:\r?\n)[ \t\r\n]*$/, '');
  return { start: header, end: header + content.length, indent, newline: '' };
}

/** The line of the first node that changed and should not have, or should have and did not; undefined when the edit is exact. */
function firstDifference(before: string, after: string, splices: readonly Splice[]): number | undefined {
  const lines = new LineCounter();
  const old = parse(before, lines);
  const now = parse(after);
  if ('problem' in old || 'problem' in now) return splices[0]?.mark.line ?? 1;
  // A tag that does not fit the new value is a warning to this parser and an error to others.
  const warnings = (documents: typeof old.documents): number =>
    documents.flatMap((each) => each.warnings).length;
  if (warnings(now.documents) > warnings(old.documents)) return splices[0]?.mark.line ?? 1;
  const oldNodes = nodesOf(old.documents);
  const newNodes = nodesOf(now.documents);
  if (oldNodes.length !== newNodes.length) return splices[0]?.mark.line ?? 1;
  const wanted = new Map(splices.map(({ mark, to }) => [mark.start, { to, style: mark.style }]));
  for (const [index, node] of oldNodes.entries()) {
    const other = newNodes[index];
    const edited = node.scalar ? wanted.get(node.start) : undefined;
    if (other === undefined) return 1;
    if (edited === undefined ? other.what === node.what : isWanted(other.what, edited)) continue;
    return lines.linePos(Math.max(0, node.start)).line;
  }
  return undefined;
}

function isWanted(
  what: string,
  { to, style }: { readonly to: string; readonly style: Mark['style'] },
): boolean {
  if (what.endsWith(` ${JSON.stringify(to)}`)) return true;
  return (
    style === 'block' &&
    /\\n"$/.test(what) &&
    what.replace(/(?:\\n)+"$/, '"').endsWith(` ${JSON.stringify(to)}`)
  );
}
