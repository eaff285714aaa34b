import fc from 'fast-check';
import type { Marker } from '../../src/manifests/marker.ts';

/** A flow scalar or collection as a person wrote it, without properties and on one line. */
interface Written {
  readonly source: string;
  readonly value: unknown;
}

/** A marker of one of some targets, in one of the ways in which it may be written. */
interface Comment {
  readonly text: string;
  /** The part of the revision that it asks for; absent: it is another target's. */
  readonly field?: Marker['field'];
}

/** A value that carries a marker. */
export interface Marked {
  readonly kind: 'marked';
  readonly place: 'behind' | 'above' | 'below the key';
  /** Of a block scalar its one line. */
  readonly written: Written;
  /** Of a block scalar, `N` standing for its indentation. */
  readonly header?: string;
  readonly isAnchored: boolean;
  readonly isTagged: boolean;
  readonly gap: string;
  readonly comment: Comment;
}

export interface Collection {
  readonly kind: 'map' | 'seq';
  readonly entries: readonly Entry[];
  readonly isCompact: boolean;
  readonly isAnchored: boolean;
}

export interface Entry {
  /** Blank lines and comments above it. */
  readonly trivia: readonly string[];
  /** With `N` for a number that no other key of the mapping has. */
  readonly key: string;
  readonly colon: string;
  readonly node: Node;
}

export type Node =
  | Marked
  | Collection
  | { readonly kind: 'scalar'; readonly written: Written; readonly note: string }
  /** A literal block scalar. */
  | {
      readonly kind: 'lines';
      readonly header: string;
      readonly first: string;
      readonly rest: readonly string[];
    }
  /** Of the anchor that is so many back in the document; of none, a plain word. */
  | { readonly kind: 'alias'; readonly back: number; readonly isInFlow: boolean };

/** YAML documents as data; `written.ts` writes them down. */
export interface Stream {
  readonly documents: readonly { readonly start: string; readonly root: Node }[];
  /** Taken in turn, line by line. */
  readonly lineEnds: readonly string[];
  readonly step: number;
  readonly hasByteOrderMark: boolean;
  /** Whether the first document has a line of its own before it. */
  readonly hasStart: boolean;
}

const ours = '"$promotion": "apps:podinfo:prod"';

const comment: fc.Arbitrary<Comment> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(
        `# {${ours}}`,
        `#{${ours}}`,
        `##  {${ours}}  `,
        `# {"by": "us", ${ours}, "n": [1, {"x": null}]}`,
        '# {"$promotion":"apps\\u003apodinfo:prod"}',
      )
      .map((text) => ({ text, field: 'version' as const })),
  },
  {
    weight: 1,
    arbitrary: fc.constant({ text: `# {${ours}, "$field": "digest"}`, field: 'digest' as const }),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('apps:podinfo:prod2', 'apps:podinfo:staging', 'other:podinfo:prod')
      .map((target) => ({ text: `# {"$promotion": "${target}"}` })),
  },
);

const strings = ['6.0.0', 'v1', 'repo/app:1.0', 'main@sha1:0a', 'häfen', '船', 'sha256:00', '1.2.3+b', 'x y'];

/** Ways to write an old value: some are no strings, some are quoted. */
const written = fc.constantFrom<Written>(
  ...strings.flatMap((value) => [
    { source: value, value },
    { source: `'${value}'`, value },
    { source: `"${value}"`, value },
  ]),
  { source: "'it''s'", value: "it's" },
  { source: '"\\u0036.0\\t#"', value: '6.0\t#' },
  { source: '""', value: '' },
  { source: '1.10', value: 1.1 },
  { source: '7', value: 7 },
  { source: '0x1F', value: 31 },
  { source: 'true', value: true },
  { source: 'null', value: null },
  { source: '~', value: null },
);

const properties = {
  isAnchored: fc.boolean(),
  isTagged: fc.boolean(),
  gap: fc.constantFrom(' ', '  ', '\t', ' \t\t '),
  comment,
};

const marked: fc.Arbitrary<Node> = fc.oneof(
  fc.record({
    kind: fc.constant('marked' as const),
    place: fc.constantFrom('behind', 'behind', 'above', 'below the key'),
    written,
    ...properties,
  }),
  fc.record({
    kind: fc.constant('marked' as const),
    place: fc.constantFrom('behind', 'above'),
    written: fc.constantFrom(...strings, 'a: "b" #c', "'x'").map((value) => ({ source: value, value })),
    header: fc.constantFrom('|', '|-', '|+', '>', '>-', '>+', '|N', '>N-', '|+N'),
    ...properties,
  }),
);

const lookalike = `{${ours}}`;

const scalar: fc.Arbitrary<Node> = fc.record({
  kind: fc.constant('scalar' as const),
  written: fc.oneof(
    written,
    fc.constantFrom<Written>(
      { source: '', value: null },
      { source: `"6.0.0 # ${lookalike.replaceAll('"', '\\"')}"`, value: `6.0.0 # ${lookalike}` },
      { source: `'# ${lookalike}'`, value: `# ${lookalike}` },
      { source: 'a#b', value: 'a#b' },
      { source: '{}', value: new Map() },
      { source: '[1, "x # y",2 ]', value: [1, 'x # y', 2] },
      { source: '{ a: 1,b: [c] }', value: new Map<string, unknown>(Object.entries({ a: 1, b: ['c'] })) },
      { source: '"\u{1f680} \u2028"', value: '\u{1f680} \u2028' },
    ),
  ),
  note: fc.constantFrom('', '', '  ', ' # note', '\t# é {"$imagepolicy": "a:b"}', ' #'),
});

const lines: fc.Arbitrary<Node> = fc.record({
  kind: fc.constant('lines' as const),
  header: fc.constantFrom('|', '|-', '|+'),
  first: fc.constantFrom(`version: 6.0.0 # ${lookalike}`, `# ${lookalike}`, '- a: ['),
  rest: fc.array(fc.constantFrom(`# ${lookalike}`, '  deeper', '', 'trailing  ', '\ttab'), { maxLength: 3 }),
});

const alias: fc.Arbitrary<Node> = fc.record({
  kind: fc.constant('alias' as const),
  back: fc.nat(3),
  isInFlow: fc.boolean(),
});

const trivia = fc.array(
  fc.constantFrom('', '', '# note', '#', '# | {', `# see ${lookalike}`, '# --- é', '#\t{'),
  { maxLength: 3 },
);

/** Whether a blank line or a comment looks like a marker and is none. */
export function isLookalike(line: string): boolean {
  return line.includes('$promotion');
}

const keys = [
  'keyN',
  "'single N'",
  '"double # N"',
  'with-dash-N',
  'schlüsselN',
  '鍵N',
  'N',
  'a bN',
  '__proto__N',
];

const { node } = fc.letrec<{ node: Node; entry: Entry; collection: Collection }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 4, arbitrary: marked },
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: lines },
    { weight: 2, arbitrary: alias },
    { weight: 3, arbitrary: tie('collection') },
  ),
  entry: fc.record({
    trivia,
    key: fc.constantFrom(...keys),
    colon: fc.constantFrom(': ', ':   ', ' : ', ':\t'),
    node: tie('node'),
  }),
  collection: fc.record({
    kind: fc.constantFrom('map', 'map', 'seq'),
    entries: fc.array(tie('entry'), { minLength: 1, maxLength: 5 }),
    isCompact: fc.boolean(),
    isAnchored: fc.boolean(),
  }),
}));

const root = fc.oneof(
  { weight: 8, arbitrary: node.filter(({ kind }) => kind === 'map' || kind === 'seq') },
  { weight: 1, arbitrary: marked },
  { weight: 1, arbitrary: lines },
);

/** Streams of up to three documents. */
export const stream: fc.Arbitrary<Stream> = fc.record({
  documents: fc.array(
    fc.record({
      start: fc.constantFrom('---', '--- # third', '...\n---', '---\n# only\n---', '...\n%YAML 1.2\n---'),
      root,
    }),
    { minLength: 1, maxLength: 3 },
  ),
  lineEnds: fc.oneof(
    { weight: 3, arbitrary: fc.constant(['\n']) },
    { weight: 2, arbitrary: fc.constant(['\r\n']) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom('\n', '\r\n'), { minLength: 2, maxLength: 5 }) },
  ),
  step: fc.integer({ min: 1, max: 4 }),
  hasByteOrderMark: fc.boolean(),
  hasStart: fc.boolean(),
});
