import type { Values } from '../../src/manifests/edit.ts';
import {
  isLookalike,
  type Collection,
  type Entry,
  type Marked,
  type Node,
  type Stream,
} from './documents.ts';

/** What a value means before the edit and should mean after it. */
interface Meaning {
  readonly before: unknown;
  readonly after: unknown;
}

/** A stream of documents as text. */
export interface Written {
  /** In the order of the text: what may not change, and between them what may. */
  readonly fixed: readonly string[];
  readonly slots: readonly string[];
  /** Of each document. */
  readonly meanings: readonly Meaning[];
  /** The target's marked values in the order of their lines. */
  readonly marks: readonly { readonly line: number; readonly isRight: boolean }[];
  readonly lookalikes: number;
}

export function write(stream: Stream, values: Values): Written {
  return new Writer(stream, values).write();
}

/** Where a node begins. */
interface Place {
  /** Column of what it belongs to: its key's or its dash's. */
  readonly indent: number;
  readonly of: 'key' | 'item' | 'document';
}

class Writer {
  readonly #stream: Stream;
  readonly #values: Values;
  readonly #fixed: string[] = [''];
  readonly #slots: string[] = [];
  readonly #meanings: Meaning[] = [];
  readonly #marks: { line: number; isRight: boolean }[] = [];
  #lookalikes = 0;
  /** From 1. */
  #line = 1;
  #anchors: { readonly name: string; readonly meaning: Meaning }[] = [];
  #names = 0;
  /** Whether blank lines would belong to the value above. */
  #keepsBlankLines = false;

  constructor(stream: Stream, values: Values) {
    this.#stream = stream;
    this.#values = values;
  }

  write(): Written {
    const { documents, hasByteOrderMark, hasStart } = this.#stream;
    if (hasByteOrderMark) this.#put('\ufeff');
    for (const [index, { start, root }] of documents.entries()) {
      this.#anchors = [];
      this.#keepsBlankLines = false;
      if (index > 0 || hasStart) this.#start(index === 0 ? start.replace(/^\.\.\.\n/, '') : start);
      this.#meanings.push(this.#node(root, { indent: 0, of: 'document' }));
    }
    return {
      fixed: this.#fixed,
      slots: this.#slots,
      meanings: this.#meanings,
      marks: this.#marks.toSorted((a, b) => a.line - b.line),
      lookalikes: this.#lookalikes,
    };
  }

  #start(lines: string): void {
    for (const line of lines.split('\n')) this.#put(line, 'end');
    if (/^---\n.*\n---$/s.test(lines)) this.#meanings.push({ before: null, after: null });
  }

  #put(text: string, end?: 'end'): void {
    this.#fixed.push(`${this.#fixed.pop() ?? ''}${text}${end === undefined ? '' : this.#lineEnd()}`);
  }

  #slot(text: string): void {
    this.#slots.push(text);
    this.#fixed.push('');
  }

  #lineEnd(): string {
    const { lineEnds } = this.#stream;
    this.#line += 1;
    return lineEnds[this.#line % lineEnds.length] ?? '\n';
  }

  /** Writes a node and ends its last line. */
  #node(node: Node, place: Place): Meaning {
    switch (node.kind) {
      case 'marked':
        return this.#marked(node, place);
      case 'scalar':
        this.#put(node.written.source + node.note, 'end');
        return same(node.written.value);
      case 'lines':
        return this.#literal(node, place);
      case 'alias':
        return this.#alias(node);
      case 'map':
      case 'seq':
        return this.#collection(node, place);
      default:
        return node satisfies never;
    }
  }

  #literal({ header, first, rest }: Extract<Node, { kind: 'lines' }>, { indent }: Place): Meaning {
    const lines = [first, ...rest];
    this.#put(header, 'end');
    for (const line of lines)
      this.#put(line === '' ? '' : this.#spaces(indent + this.#stream.step) + line, 'end');
    this.#keepsBlankLines = header.endsWith('+');
    const all = lines.join('\n');
    if (header.endsWith('+')) return same(`${all}\n`);
    return same(all.replace(/\n*$/, header.endsWith('-') ? '' : '\n'));
  }

  #alias({ back, isInFlow }: Extract<Node, { kind: 'alias' }>): Meaning {
    const anchor = this.#anchors.at(-1 - (back % Math.max(1, this.#anchors.length)));
    const word = anchor === undefined ? 'word' : `*${anchor.name}`;
    const { before, after } = anchor?.meaning ?? same('word');
    this.#put(isInFlow ? `[ ${word}, 1]` : word, 'end');
    return isInFlow ? { before: [before, 1], after: [after, 1] } : { before, after };
  }

  #collection(node: Collection, place: Place): Meaning {
    const { kind, entries, isCompact, isAnchored } = node;
    const isOnLine = place.of === 'item' && isCompact && !isAnchored;
    const hangs = place.of === 'document' || (place.of === 'key' && kind === 'seq' && isCompact);
    const indent = isOnLine ? place.indent + 2 : hangs ? place.indent : place.indent + this.#stream.step;
    const name = isAnchored && place.of !== 'document' ? this.#newName() : undefined;
    if (name !== undefined) this.#put(`&${name}`);
    if (!isOnLine && place.of !== 'document') this.#put('', 'end');
    const members = entries.map((entry, index) =>
      this.#entry(entry, { kind, index, indent, isOnLine: isOnLine && index === 0 }),
    );
    const meaning = { before: collected(kind, members, 'before'), after: collected(kind, members, 'after') };
    if (name !== undefined) this.#anchors.push({ name, meaning });
    return meaning;
  }

  #entry(
    { trivia, key: template, colon, node }: Entry,
    given: { kind: Collection['kind']; index: number; indent: number; isOnLine: boolean },
  ): Meaning & { readonly key: unknown } {
    const { kind, index, indent, isOnLine } = given;
    const isAbove = node.kind === 'marked' && node.place === 'above' && !isOnLine;
    if (!isOnLine) this.#trivia(trivia, indent, isAbove);
    if (isAbove) this.#put(this.#spaces(indent) + node.comment.text, 'end');
    if (!isOnLine) this.#put(this.#spaces(indent));
    const key = template.replace('N', String(index));
    this.#put(kind === 'map' ? key + colon : '- ');
    this.#keepsBlankLines = false;
    const meaning = this.#node(
      node.kind === 'marked' && node.place === 'above' && !isAbove ? { ...node, place: 'behind' } : node,
      {
        indent,
        of: kind === 'map' ? 'key' : 'item',
      },
    );
    return { ...meaning, key: template === 'N' ? index : key.replace(/^(['"])(.*)\1$/, '$2') };
  }

  #trivia(lines: readonly string[], indent: number, isAloneBelow: boolean): void {
    const from = this.#keepsBlankLines ? lines.findIndex((line) => line !== '') : 0;
    const kept = from === -1 ? [] : lines.slice(from);
    for (const line of kept) this.#put(line === '' ? '' : this.#spaces(indent) + line, 'end');
    this.#lookalikes += kept.filter(isLookalike).length;
    if (isAloneBelow && (kept.at(-1) ?? '') !== '') this.#put('', 'end');
  }

  #marked(node: Marked, { indent, of }: Place): Meaning {
    const { written, header, isTagged, isAnchored, gap, comment } = node;
    const place = of === 'document' ? 'behind' : node.place;
    const deeper = this.#spaces(indent + this.#stream.step);
    if (place === 'below the key') {
      this.#put(comment.text, 'end');
      this.#put(deeper);
    }
    const name = isAnchored ? this.#newName() : undefined;
    this.#put(`${name === undefined ? '' : `&${name} `}${isTagged ? '!!str ' : ''}`);
    const before = valueOf(node);
    const to = comment.field === undefined ? undefined : this.#values[comment.field];
    const isRight = to === undefined || before === to;
    if (comment.field !== undefined) this.#marks.push({ line: this.#line, isRight });
    const put = (text: string): void => (isRight ? this.#put(text) : this.#slot(text));
    const behind = place === 'behind' ? gap + comment.text : '';
    if (header === undefined) {
      put(written.source);
      this.#put(behind, 'end');
    } else {
      put(header.replace('N', of === 'document' ? '' : String(this.#stream.step)));
      this.#put(behind);
      put(this.#lineEnd() + deeper + written.source);
      this.#put('', 'end');
      this.#keepsBlankLines = header.includes('+');
    }
    const meaning = { before, after: to ?? before };
    if (name !== undefined) this.#anchors.push({ name, meaning });
    return meaning;
  }

  #newName(): string {
    this.#names += 1;
    return `a${this.#names}`;
  }

  #spaces(count: number): string {
    return ' '.repeat(count);
  }
}

function same(value: unknown): Meaning {
  return { before: value, after: value };
}

function valueOf({ written, header, isTagged }: Marked): unknown {
  if (header !== undefined) return `${written.source}${header.includes('-') ? '' : '\n'}`;
  // With the tag of strings a plain scalar is what is written.
  return isTagged && typeof written.value !== 'string' ? written.source : written.value;
}

function collected(
  kind: Collection['kind'],
  members: readonly (Meaning & { readonly key: unknown })[],
  when: keyof Meaning,
): unknown {
  if (kind === 'seq') return members.map((each) => each[when]);
  return new Map(members.map((each) => [each.key, each[when]]));
}
