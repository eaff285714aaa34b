import { blockOf, isBlock, type Block } from './block.ts';
import { findMarked } from './marked.ts';
import { mayHoldMarker, parseMarker, type Marker } from './marker.ts';
import { parse, type Parsed, type Problem, type ScalarNode } from './parse.ts';
import { readsAsOther } from './quote.ts';

export { mayHoldMarker } from './marker.ts';

export interface File {
  /** For messages. */
  readonly path: string;
  readonly text: string;
}

/** A value with a marker. */
export interface Mark {
  readonly marker: Marker;
  /** Of the value, from 1. */
  readonly line: number;
  /** What a string resolves to, a block scalar's without the line breaks at its end; other values as they are written. */
  readonly value: string;
  /** Whether every reader takes it for the string `value`: not for a number, and without line breaks at its end. */
  readonly isExact: boolean;
  /** Offsets of what an edit replaces: the scalar's own characters without tag and anchor, and for a block scalar its content. */
  readonly start: number;
  readonly end: number;
  readonly style: 'plain' | 'single' | 'double' | Block;
}

export interface Warning {
  /** Of the file, as it was given. */
  readonly path: string;
  /** Of the comment, from 1. */
  readonly line: number;
  /** What is wrong there and what to do; people read it after `path:line:`. */
  readonly message: string;
}

/** A marker that stands where no single value is. */
export interface Misplaced extends Warning {
  readonly marker: Marker;
}

/** What the comments of a file say. */
export interface Found {
  readonly marks: readonly Mark[];
  readonly misplaced: readonly Misplaced[];
  /** One for each comment that looks like a marker and marks nothing, the misplaced ones too. */
  readonly warnings: readonly Warning[];
}

export interface Scan extends Found {
  /** Why the file could not be looked at; then nothing else is known of it. */
  readonly problem?: Problem;
}

const none: Found = { marks: [], misplaced: [], warnings: [] };

/** Finds the markers of a file and the values that they mark. Costs next to nothing where there is none; never throws. */
export function scan(file: File): Scan {
  if (!mayHoldMarker(file.text)) return none;
  const parsed = parse(file.text);
  return 'problem' in parsed ? { ...none, problem: parsed.problem } : marksOf(file, parsed);
}

/** The markers of a file that has been parsed, in the order of their comments. */
export function marksOf({ path, text }: File, parsed: Parsed): Found {
  const marks: Mark[] = [];
  const misplaced: Misplaced[] = [];
  const warnings: Warning[] = [];
  const find = findMarked(text, parsed);
  for (const [index, comment] of parsed.comments.entries()) {
    const marker = parseMarker(comment.text);
    if (marker === 'none') continue;
    const at = { path, line: parsed.lineOf(comment.offset) };
    if ('malformed' in marker) {
      warnings.push({ ...at, message: marker.malformed });
      continue;
    }
    const marked = find(index);
    if ('node' in marked) {
      marks.push(markOf(marker, marked.node, text, parsed));
      continue;
    }
    const warning = { ...at, message: marked.why };
    warnings.push(warning);
    if (marked.isProse !== true) misplaced.push({ marker, ...warning });
  }
  return { marks, misplaced, warnings };
}

function markOf(marker: Marker, node: ScalarNode, text: string, parsed: Parsed): Mark {
  const { value, source = '', tag } = node.scalar;
  const line = parsed.lineOf(node.start);
  if (isBlock(node)) {
    const block = blockOf(node, text);
    const shown = withoutLastBreaks(source);
    const isExact = value === shown;
    return { marker, line, value: shown, isExact, ...block.content, style: block };
  }
  const { start, end } = node;
  const style = styleOf(node);
  // A tag says what the value is, whatever it looks like.
  const isSure = style !== 'plain' || tag !== undefined || !readsAsOther(source);
  const isExact = typeof value === 'string' && isSure;
  return { marker, line, value: typeof value === 'string' ? value : source, isExact, start, end, style };
}

// A pattern such as /\n+$/ takes a minute on a megabyte of line breaks with a letter behind.
function withoutLastBreaks(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\n') end -= 1;
  return text.slice(0, end);
}

function styleOf({ scalar }: ScalarNode): 'plain' | 'single' | 'double' {
  if (scalar.type === 'QUOTE_SINGLE') return 'single';
  return scalar.type === 'QUOTE_DOUBLE' ? 'double' : 'plain';
}
