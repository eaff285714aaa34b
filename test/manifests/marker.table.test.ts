import { describe, expect, test } from '@jest/globals';
import { scan } from '../../src/manifests/scan.ts';
import { foreignMarker, json, marker, path, promote, promoted, warningsOf } from './promote.ts';

// What Weave's controller did with each kind of marker, observed with kyaml 0.14.1, and what we do: the same where it worked, an edit in
// place where it rewrote the file, and a sentence where it silently did nothing.

describe('a marker behind a value sets it', () => {
  test.each([
    ['a plain value is set and its comment is kept', `v: 6.0.0 ${marker}\n`, `v: 6.1.0 ${marker}\n`],
    ['double quotes are kept', `v: "6.0.0" ${marker}\n`, `v: "6.1.0" ${marker}\n`],
    ['single quotes are kept', `v: '6.0.0' ${marker}\n`, `v: '6.1.0' ${marker}\n`],
    ['an old number becomes a string without a tag', `v: 1.2 ${marker}\n`, `v: 6.1.0 ${marker}\n`],
    ['an old integer becomes a string without a tag', `v: 1 ${marker}\n`, `v: 6.1.0 ${marker}\n`],
    ['an old null becomes a string without a tag', `v: null ${marker}\n`, `v: 6.1.0 ${marker}\n`],
    ['an old ~ becomes a string without a tag', `v: ~ ${marker}\n`, `v: 6.1.0 ${marker}\n`],
    ['no space is needed behind the #', `v: 6.0.0 #${json}\n`, `v: 6.1.0 #${json}\n`],
    ['more than one # may begin the comment', `v: 6.0.0 ## ${json}\n`, `v: 6.1.0 ## ${json}\n`],
    ['a list item is set', `l:\n  - a\n  - 6.0.0 ${marker}\n`, `l:\n  - a\n  - 6.1.0 ${marker}\n`],
    [
      'a block scalar is set by the marker on its header',
      `v: |- ${marker}\n  6.0.0\nw: 1\n`,
      `v: |- ${marker}\n  6.1.0\nw: 1\n`,
    ],
    [
      'an anchored value is set and its aliases follow',
      `a: &v 6.0.0 ${marker}\nb: *v\n`,
      `a: &v 6.1.0 ${marker}\nb: *v\n`,
    ],
    [
      'a whole image reference is replaced by the bare version',
      `image: repo/app:1.0 ${marker}\n`,
      `image: 6.1.0 ${marker}\n`,
    ],
    [
      'an only comment line directly above the key counts',
      `a: 1\n${marker}\nv: 6.0.0\n`,
      `a: 1\n${marker}\nv: 6.1.0\n`,
    ],
    [
      'extra keys with string values are allowed',
      'v: 6.0.0 # {"by": "us", "$promotion": "apps:podinfo:prod"}\n',
      'v: 6.1.0 # {"by": "us", "$promotion": "apps:podinfo:prod"}\n',
    ],
    [
      'extra keys with other values are allowed too',
      'v: 6.0.0 # {"$promotion": "apps:podinfo:prod", "n": [1, {"x": null}], "__proto__": {"$field": "digest"}}\n',
      'v: 6.1.0 # {"$promotion": "apps:podinfo:prod", "n": [1, {"x": null}], "__proto__": {"$field": "digest"}}\n',
    ],
    [
      'the same marker may stand on several values and sets them all',
      `a: 6.0.0 ${marker}\nb: "5.0.0" ${marker}\n`,
      `a: 6.1.0 ${marker}\nb: "6.1.0" ${marker}\n`,
    ],
  ])('%s', (_name, before, after) => {
    expect(promoted(before)).toBe(after);
    expect(warningsOf(before)).toEqual([]);
  });
});

describe('a new value that unquoted would be no string is written double-quoted', () => {
  test.each(['1.10', '1', 'true', '2024-01-01', '1e3', '0x1f', 'a: b', 'a #b'])('%s', (version) => {
    expect(promoted(`v: 6.0.0 ${marker}\n`, version)).toBe(`v: "${version}" ${marker}\n`);
  });
});

describe('what looks like a marker and is none is left alone with a warning that names file and line', () => {
  test.each([
    ['words before the JSON', `a: 1\nv: 6.0.0 # set by ${json}\n`, 2],
    ['words after the JSON', `a: 1\nv: 6.0.0 ${marker} please\n`, 2],
    ['a # between # and the JSON', `v: 6.0.0 # ${marker}\n`, 1],
    ['a marker that is commented out with its value', `#v: 6.0.0 ${marker}\n`, 1],
    ['JSON in single quotes', "a: 1\nv: 6.0.0 # {'$promotion': 'apps:podinfo:prod'}\n", 2],
    ['a list in place of an object', `v: 6.0.0 # [${json}]\n`, 1],
    ['an environment with a / in its name', 'v: 6.0.0 # {"$promotion": "apps:podinfo:prod/eu"}\n', 1],
    ['an environment with a : in its name', 'v: 6.0.0 # {"$promotion": "apps:podinfo:prod:eu"}\n', 1],
    ['an unknown field', 'v: 6.0.0 # {"$promotion": "apps:podinfo:prod", "$field": "tag"}\n', 1],
    ['a comment of two lines that ends in a marker', `# Set by promotion.\n${marker}\nv: 6.0.0\n`, 2],
    ['a comment of two lines that begins with a marker', `${marker}\n# Do not edit.\nv: 6.0.0\n`, 1],
  ])('%s', (_name, text, line) => {
    expect(promoted(text)).toBe('unmarked');
    expect(scan({ path, text }).marks).toEqual([]);
    expect(warningsOf(text)).toEqual([expect.stringMatching(`^${path}:${line}: .*marker`)]);
  });
});

describe('a marker where no single value is marks nothing, and the refusal and the warning name file and line', () => {
  test.each([
    ['on the key of a mapping', `a: 1\nimage: ${marker}\n  tag: 6.0.0\n`, 2],
    ['on the key of a sequence', `l: ${marker}\n  - 6.0.0\n`, 1],
    ['above the key of a mapping', `${marker}\nimage:\n  tag: 6.0.0\n`, 1],
    ['above a list item with several keys', `l:\n  ${marker}\n  - name: a\n    tag: 6.0.0\n`, 2],
    ['behind a flow mapping', `image: {name: a, tag: 6.0.0} ${marker}\n`, 1],
    ['behind a flow sequence', `l: [6.0.0] ${marker}\n`, 1],
    ['above a flow mapping', `${marker}\nimage: {tag: 6.0.0}\n`, 1],
    ['behind a value in a flow mapping', `image: {\n  tag: 6.0.0 ${marker}\n}\n`, 2],
    ['behind a comma in a flow mapping', `image: {\n  tag: 6.0.0, ${marker}\n  a: 1 }\n`, 2],
    ['above a value in a flow mapping', `image: {\n  ${marker}\n  tag: 6.0.0 }\n`, 2],
    ['behind the bracket that opens a flow sequence', `l: [ ${marker}\n  6.0.0 ]\n`, 1],
    ['on a value that is not there', `a: 1\nv: ${marker}\nw: 6.0.0\n`, 2],
    ['on a list item that is not there', `l:\n  - ${marker}\n  - 6.0.0\n`, 2],
    ['on a block scalar without text', `v: |- ${marker}\n\nw: 6.0.0\n`, 1],
    ['on an alias', `a: &v 6.0.0\nb: *v ${marker}\n`, 2],
    ['on the line that begins a document', `--- ${marker}\nv: 6.0.0\n`, 1],
    ['above a blank line', `${marker}\n\nv: 6.0.0\n`, 1],
    ['below the last value', `v: 6.0.0\n${marker}\n`, 2],
    [
      'deeper than the key below, where it belongs to what is above',
      `a:\n  b: 1\n  ${marker}\nv: 6.0.0\n`,
      3,
    ],
    ['on the key of a pair with ? and :', `? v ${marker}\n: 6.0.0\n`, 1],
  ])('%s', (_name, text, line) => {
    const { marks, misplaced } = scan({ path, text });
    expect(marks).toEqual([]);
    expect(misplaced).toMatchObject([{ path, line }]);
    expect(warningsOf(text)).toEqual([expect.stringMatching(`^${path}:${line}: the marker .*; `)]);
    expect(promote(text)).toEqual({
      kind: 'refused',
      code: 'MarkerNotScalar',
      line,
      message: expect.stringMatching(/^the marker .*; /),
    });
  });
});

describe('files that kyaml rewrote, dropped or skipped are edited in place', () => {
  test('a file of several documents', () => {
    const text = (version: string) =>
      `# licence\n---\na:    1\n...\n---\n\nv: ${version} ${marker}\n--- # third\nb: [ 1,2 ]\n`;
    expect(promoted(text('6.0.0'))).toBe(text('6.1.0'));
  });

  test('a List of objects', () => {
    const text = (version: string) =>
      `apiVersion: v1\nkind: List\nitems:\n- kind: HelmRelease\n  spec: {a: 1}\n- kind: HelmRelease\n  spec:\n    version: ${version} ${marker}\n`;
    expect(promoted(text('6.0.0'))).toBe(text('6.1.0'));
  });

  test('a sequence at the top', () => {
    const text = (version: string) => `- op: replace\n  value: ${version} ${marker}\n-   op: add\n`;
    expect(promoted(text('6.0.0'))).toBe(text('6.1.0'));
  });

  test('a template that happens to be YAML keeps its braces', () => {
    const text = (version: string) =>
      `name: {{ .Values.name }}\ntag: ${version} ${marker}\n{{ .Values.key }}: x\n`;
    expect(promoted(text('6.0.0'))).toBe(text('6.1.0'));
  });

  test('a template that is not YAML is refused', () => {
    const text = `{{- if .Values.on }}\ntag: 6.0.0 ${marker}\n{{- end }}\n`;
    expect(promote(text)).toMatchObject({ kind: 'refused', code: 'NotYaml', line: expect.any(Number) });
  });

  test('everything that kyaml tidied up stays as it is', () => {
    const text = (version: string) =>
      [
        '\ufeff--- # first',
        '# alone',
        '',
        '# a',
        'apiVersion:   v1',
        'metadata:',
        '    annotations: {}',
        '    labels: { "a" : 1,b: 2 }   # spaced',
        '',
        'list:',
        '    -   x',
        "    - 'y'   ",
        'folded: >',
        '  some text',
        '  that goes on   ',
        '',
        'literal: |',
        '  trailing   ',
        'long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccc',
        `version: ${version}\t\t${marker}`,
        '---',
        '# comments only',
        '...',
        '',
      ].join('\r\n');
    expect(promoted(text('6.0.0'))).toBe(text('6.1.0'));
  });

  test("a file with another pipeline's marker only is untouched", () => {
    expect(promoted(`v:   6.0.0 ${foreignMarker}\n`)).toBe('unmarked');
    expect(promoted(`v:   6.0.0 # {"$promotion": "apps:podinfo:prod2"}\n`)).toBe('unmarked');
  });

  test.each([
    `v:   6.1.0 ${marker}\n`,
    `v:   "6.1.0" ${marker}\n`,
    `v: '6.1.0'   ${marker}\n`,
    `v: !!str 6.1.0 ${marker}\n`,
    `v: |- ${marker}\n    6.1.0\n`,
  ])('a value that is already equal changes nothing: %j', (text) => {
    expect(promote(text)).toEqual({ kind: 'unchanged', fields: ['version'], warnings: [] });
  });
});

test('what looks like a marker inside a string is text', () => {
  const patch = `patch: |-\n  spec:\n    version: 6.0.0 ${marker}\nquoted: "6.0.0 #${json.replaceAll('"', '\\"')}"\n`;
  expect(promoted(patch)).toBe('unmarked');
  expect(warningsOf(patch)).toEqual([]);
});
