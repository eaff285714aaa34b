import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  parseAllDocuments,
  visit,
  type Document,
  type Pair,
  type Scalar,
} from 'yaml';
import { messageOf } from '../base/error.ts';
import { sentence } from '../base/sentence.ts';
import { commentsOf } from './comments.ts';
import { mayHoldMarker, parseMarker, type Marker } from './marker.ts';

export { mayHoldMarker } from './marker.ts';

/** A value with a marker. */
export interface Mark {
  readonly marker: Marker;
  /** Of the value, from 1. */
  readonly line: number;
  /** What the value resolves to now, as text. */
  readonly value: string;
  /** Offsets of what an edit replaces: the scalar's own characters, without tag and anchor. */
  readonly start: number;
  readonly end: number;
  readonly style: 'plain' | 'single' | 'double' | 'block';
}

export interface Warning {
  readonly line: number;
  readonly message: string;
}

/** A marker that stands where no single value is. */
export interface Misplaced extends Warning {
  readonly marker: Marker;
}

export interface Scan {
  readonly marks: readonly Mark[];
  readonly misplaced: readonly Misplaced[];
  /** Markers that are not understood, in words that name the line's mistake. */
  readonly warnings: readonly Warning[];
  readonly problem?: {
    readonly code: 'NotYaml' | 'TooLarge' | 'TooDeep';
    readonly line?: number;
    readonly message: string;
  };
}

const maxBytes = 1024 * 1024;
const maxDepth = 64;
const nothing: Scan = { marks: [], misplaced: [], warnings: [] };

/** Finds the markers of a file. Costs next to nothing where there is none; never throws. */
export function scan(file: { readonly path: string; readonly text: string }): Scan {
  const { text } = file;
  if (!mayHoldMarker(text)) return nothing;
  if (Buffer.byteLength(text) > maxBytes) {
    return {
      ...nothing,
      problem: {
        code: 'TooLarge',
        message: 'the file is larger than 1 MiB; move the marked value into a smaller one',
      },
    };
  }
  const lines = new LineCounter();
  const parsed = parse(text, lines);
  if ('problem' in parsed) return { ...nothing, problem: parsed.problem };
  const scalars = scalarsOf(parsed.documents, text);
  if (scalars === 'too deep') {
    return {
      ...nothing,
      problem: { code: 'TooDeep', message: `the file nests deeper than ${maxDepth} levels` },
    };
  }
  return place(text, lines, scalars);
}

/** All documents of a text, or why it is not YAML. */
export function parse(
  text: string,
  lines = new LineCounter(),
): { readonly documents: readonly Document[] } | { readonly problem: NonNullable<Scan['problem']> } {
  try {
    const documents = parseAllDocuments(text, {
      lineCounter: lines,
      keepSourceTokens: true,
      strict: true,
      logLevel: 'silent',
      prettyErrors: false,
    });
    const listed: readonly Document[] = Array.isArray(documents) ? documents : [];
    for (const { errors } of listed) {
      const [error] = errors;
      if (error === undefined) continue;
      const { line } = lines.linePos(error.pos[0]);
      return {
        problem: { code: 'NotYaml', line, message: sentence(`not YAML: ${error.message}; correct the file`) },
      };
    }
    return { documents: listed };
  } catch (thrown) {
    return {
      problem: { code: 'NotYaml', message: sentence(`not YAML: ${messageOf(thrown)}; correct the file`) },
    };
  }
}

interface Place {
  readonly node: Scalar;
  readonly start: number;
  readonly end: number;
  /** Where its key begins, or itself in a sequence. */
  readonly owner: number;
  readonly isKeyed: boolean;
  readonly inFlow: boolean;
  readonly style: Mark['style'];
}

const styles: Record<string, Mark['style']> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'block',
  BLOCK_FOLDED: 'block',
};

/** Every scalar that is a value (not a key), where it stands. */
function scalarsOf(documents: readonly Document[], text: string): readonly Place[] | 'too deep' {
  const places: Place[] = [];
  let tooDeep = false;
  for (const document of documents) {
    visit(document, (key, node, path) => {
      if (path.length > 2 * maxDepth) {
        tooDeep = true;
        return visit.BREAK;
      }
      if (!isScalar(node) || key === 'key' || node.range === undefined || node.range === null)
        return undefined;
      const [start, end] = node.range;
      // A null without characters, as in `key: # …`, has nothing to replace.
      if (start === end || text.slice(start, end).trim() === '') return undefined;
      const pair = path.findLast((each): each is Pair => isPair(each));
      const parent = path.at(-1);
      const isKeyed = isPair(parent);
      const keyNode = isKeyed && pair !== undefined && isScalar(pair.key) ? pair.key : undefined;
      places.push({
        node,
        start,
        end,
        owner: keyNode?.range?.[0] ?? start,
        isKeyed,
        inFlow: path.some((each) => isCollection(each) && each.flow === true),
        style: styles[node.type ?? 'PLAIN'] ?? 'plain',
      });
      return undefined;
    });
  }
  return tooDeep ? 'too deep' : places;
}

function place(text: string, lines: LineCounter, scalars: readonly Place[]): Scan {
  const marks: Mark[] = [];
  const misplaced: Misplaced[] = [];
  const warnings: Warning[] = [];
  const lineOf = (offset: number): number => lines.linePos(offset).line;
  for (const comment of commentsOf(text)) {
    const marker = parseMarker(comment.text);
    if (marker === 'none') continue;
    const line = lineOf(comment.offset);
    if ('malformed' in marker) {
      warnings.push({ line, message: marker.malformed });
      continue;
    }
    const found = markedBy(comment.offset, comment.text.length, text, lines, scalars);
    if (typeof found === 'string') {
      misplaced.push({ marker, line, message: found });
      warnings.push({ line, message: found });
      continue;
    }
    const { node, start, end, style } = found;
    marks.push({ marker, line: lineOf(start), value: textOf(node, style), start, end, style });
  }
  return { marks, misplaced, warnings };
}

function textOf({ value, source }: Scalar, style: Mark['style']): string {
  if (typeof value === 'string') return style === 'block' ? value.replace(/\n+$/, '') : value;
  return source ?? String(value);
}

/** The value that a marker at this place speaks of, or why there is none. */
function markedBy(
  offset: number,
  length: number,
  text: string,
  lines: LineCounter,
  scalars: readonly Place[],
): Place | string {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const before = text.slice(lineStart, offset);
  if (before.replace(/^\ufeff/, '').trim() === '')
    return headed(lineStart, offset + length, text, lines, scalars);
  const here = scalars.find(({ start, end, style }) =>
    style === 'block'
      ? start < offset && /^[|>][-+0-9]*[ \t]+$/.test(text.slice(start, offset))
      : end <= offset && end >= lineStart && /^[ \t]+$/.test(text.slice(end, offset)),
  );
  if (here === undefined) {
    if (/[}\],][ \t]*$/.test(before))
      return 'the marker stands behind a flow collection, not behind one value; give the value a line of its own';
    if (/:[ \t]*$/.test(before))
      return 'the marker stands behind a key, not behind one value; move it behind the version';
    return 'the marker stands behind no single value; move it behind the version';
  }
  if (here.inFlow) return 'the marker stands inside a flow collection; give the value a line of its own';
  return here;
}

/** A comment on a line of its own speaks of the value of the key directly below it, when it is the only one there. */
function headed(
  lineStart: number,
  end: number,
  text: string,
  lines: LineCounter,
  scalars: readonly Place[],
): Place | string {
  const above = text.slice(text.lastIndexOf('\n', lineStart - 2) + 1, Math.max(0, lineStart - 1)).trim();
  if (lineStart > 0 && above.startsWith('#')) {
    return 'a marker above a key must be the only comment line there; move it behind the version';
  }
  const next = text.indexOf('\n', end) + 1;
  if (next === 0) return 'the marker stands above nothing; move it behind the version';
  const line = lines.linePos(next).line;
  const below = scalars.find(
    ({ owner, isKeyed, inFlow }) => isKeyed && !inFlow && lines.linePos(owner).line === line,
  );
  if (below === undefined || lines.linePos(below.start).line !== line) {
    return 'the marker stands above no key with a single value; move it behind the version';
  }
  return below;
}

/** For the check of an edit: every node of a text in order, so that two texts can be compared. */
export function nodesOf(
  documents: readonly Document[],
): readonly { readonly what: string; readonly start: number; readonly scalar: boolean }[] {
  const nodes: { what: string; start: number; scalar: boolean }[] = [];
  for (const document of documents) {
    visit(document, (key, node, path) => {
      const at = `${path.length} ${typeof key === 'number' ? key : String(key)}`;
      if (isScalar(node)) {
        const value =
          typeof node.value === 'string'
            ? JSON.stringify(node.value)
            : `${typeof node.value} ${String(node.value)} ${node.source ?? ''}`;
        nodes.push({
          what: `${at} ${node.tag ?? ''} ${node.anchor ?? ''} ${value}`,
          start: node.range?.[0] ?? -1,
          scalar: true,
        });
      } else if (isAlias(node)) {
        nodes.push({ what: `${at} *${node.source}`, start: -1, scalar: false });
      } else if (isCollection(node)) {
        nodes.push({
          what: `${at} ${isMap(node) ? 'map' : 'seq'} ${node.tag ?? ''} ${node.anchor ?? ''} ${node.items.length}`,
          start: -1,
          scalar: false,
        });
      }
    });
  }
  return nodes;
}
