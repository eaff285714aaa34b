import {
  Composer,
  CST,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  Lexer,
  LineCounter,
  Parser,
  type Pair,
  type Scalar,
} from 'yaml';
import { sentence } from '../base/sentence.ts';

/** A part of a document that has a meaning. Mapping pairs and sequences are flat: a collection stands before what it holds. */
export type Node =
  | ScalarNode
  | { readonly kind: 'alias'; readonly name: string }
  | {
      readonly kind: 'map' | 'seq';
      readonly size: number;
      readonly tag: string | undefined;
      readonly anchor: string | undefined;
    }
  /** A key or value that is not written and has no place, as in `{a}`. */
  | { readonly kind: 'nothing' };

export interface ScalarNode extends Place {
  readonly kind: 'scalar';
  readonly scalar: Scalar;
  /** Offsets of its own characters, without tag and anchor; those of a block scalar begin with its header. */
  readonly start: number;
  readonly end: number;
}

interface Place {
  readonly isKey: boolean;
  /** Where the key of this value begins, if it has a scalar one. */
  readonly owner?: number;
  readonly isInFlow: boolean;
}

/** A comment as it stands in a text. */
export interface Comment {
  /** Of its `#`. */
  readonly offset: number;
  readonly text: string;
}

/** A text understood as YAML. Nothing in it is turned into objects, so aliases and odd keys cost and change nothing. */
export interface Parsed {
  /** Of all documents in the order of the text: a collection, then its keys and values. Two texts with equal nodes mean the same. */
  readonly nodes: readonly Node[];
  /** What looks like a comment inside a string is none. */
  readonly comments: readonly Comment[];
  /** Tags that the parser does not know or that do not fit their value. */
  readonly warnings: number;
  /** The line of an offset, from 1. */
  readonly lineOf: (offset: number) => number;
}

export interface Problem {
  readonly code: 'NotYaml' | 'TooLarge' | 'TooDeep';
  readonly line?: number;
  /** A sentence that names the next step and holds nothing of the file's contents. */
  readonly message: string;
}

const maxBytes = 1024 * 1024;
/** Ordinary YAML of the largest size has fewer; a megabyte of brackets has more and takes seconds. */
const maxLexemes = 500_000;
const maxDepth = 64;

/** Every node and comment of a text, or why there are none. Never throws; takes time in proportion to the text. */
export function parse(text: string): Parsed | { readonly problem: Problem } {
  if (Buffer.byteLength(text) > maxBytes) {
    return problem('TooLarge', 'the file is larger than 1 MiB; move the marked value into a smaller one');
  }
  const lines = new LineCounter();
  const lineOf = (offset: number): number => lines.linePos(offset).line;
  const read = tokensOf(text, lines);
  if (read === 'too many') {
    return problem('TooLarge', 'the file has too many parts; move the marked value into a smaller one');
  }
  if (read === 'too deep') {
    return problem(
      'TooDeep',
      `the file nests deeper than ${maxDepth} levels; move the marked value into a flatter one`,
    );
  }
  // Unique keys are looked for below: the composer compares each key with each.
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
  const nodes: Node[] = [];
  let warnings = 0;
  for (const document of composer.compose(read.tokens)) {
    const [error] = document.errors;
    if (error !== undefined) {
      return problem('NotYaml', notYaml(withoutContents(error)), lineOf(error.pos[0]));
    }
    const repeated = collect(document.contents, nodes);
    if (repeated !== undefined) {
      return problem('NotYaml', notYaml('a key stands twice in one mapping'), lineOf(repeated));
    }
    warnings += document.warnings.length;
  }
  return { nodes, comments: read.comments, warnings, lineOf };
}

function problem(code: Problem['code'], message: string, line?: number): { problem: Problem } {
  return { problem: { code, ...(line === undefined ? {} : { line }), message: sentence(message) } };
}

function notYaml(why: string): string {
  return `not YAML: ${why}; correct the file`;
}

/** What the parser's sentence would repeat of the file, without it. */
const vague: Readonly<Record<string, string>> = {
  BAD_DIRECTIVE: 'a directive is not understood',
  BAD_DQ_ESCAPE: 'a string holds an escape that YAML does not have',
  TAG_RESOLVE_FAILED: 'a tag does not fit its value',
};

/** The parser quotes what it stumbled over, which may be anything and would stand in a status. */
function withoutContents({ code, message }: { readonly code: string; readonly message: string }): string {
  return vague[code] ?? message.replace(/(?<=\w): .*$/s, '');
}

/** One reading for both: the tokens, and the comments wherever they are. */
function tokensOf(
  text: string,
  lines: LineCounter,
):
  { readonly tokens: readonly CST.Token[]; readonly comments: readonly Comment[] } | 'too many' | 'too deep' {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  const comments: Comment[] = [];
  let lexemes = 0;
  let isScalar = false;
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    if (lexemes > maxLexemes) return 'too many';
    if (lexemes === 1 && lexeme === CST.BOM) {
      // The parser would no longer take the first line for the beginning of one, and a list there for a mistake.
      parser.offset += lexeme.length;
      continue;
    }
    if (!isScalar && lexeme.startsWith('#')) comments.push({ offset: parser.offset, text: lexeme });
    for (const token of parser.next(lexeme)) tokens.push(token);
    // The lexer puts a sign before each scalar, which no character of the text stands for.
    isScalar = !isScalar && lexeme === CST.SCALAR;
    // Looked at as they open: the parser itself overflows its stack when many close at once.
    if (parser.stack.length > maxDepth && parser.stack.filter(isNested).length > maxDepth) return 'too deep';
  }
  tokens.push(...parser.end());
  return { tokens, comments };
}

function isNested({ type }: CST.Token): boolean {
  return type === 'block-map' || type === 'block-seq' || type === 'flow-collection';
}

/** Adds a value and all below it, or stops at a key that its mapping has already and gives its offset. */
function collect(
  value: unknown,
  nodes: Node[],
  place: Place = { isKey: false, isInFlow: false },
): number | undefined {
  if (isScalar(value)) {
    const [start, end] = value.range ?? [0, 0];
    nodes.push({ kind: 'scalar', scalar: value, start, end, ...place });
    return undefined;
  }
  if (!isCollection(value)) {
    nodes.push(isAlias(value) ? { kind: 'alias', name: value.source } : { kind: 'nothing' });
    return undefined;
  }
  const { items, tag, anchor } = value;
  nodes.push({ kind: isMap(value) ? 'map' : 'seq', size: items.length, tag, anchor });
  const isInFlow = place.isInFlow || value.flow === true;
  const seen = new Set<string>();
  for (const item of items) {
    const repeated = isPair(item)
      ? collectPair(item, nodes, { isInFlow, seen })
      : collect(item, nodes, { isKey: false, isInFlow });
    if (repeated !== undefined) return repeated;
  }
  return undefined;
}

function collectPair(
  { key, value }: Pair,
  nodes: Node[],
  { isInFlow, seen }: { readonly isInFlow: boolean; readonly seen: Set<string> },
): number | undefined {
  const owner = isScalar(key) ? key.range?.[0] : undefined;
  if (owner !== undefined && isScalar(key)) {
    const name = `${typeof key.value} ${String(key.value)}`;
    if (seen.has(name)) return owner;
    seen.add(name);
  }
  return (
    collect(key, nodes, { isKey: true, isInFlow }) ??
    collect(value, nodes, { isKey: false, isInFlow, ...(owner === undefined ? {} : { owner }) })
  );
}
