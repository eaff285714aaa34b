import { describe, expect, test } from '@jest/globals';
import { edit } from '../../src/manifests/edit.ts';
import { scan } from '../../src/manifests/scan.ts';
import { digestMarker, foreignMarker, json, marker, path, promote, promoted, target } from './promote.ts';

test('says what was set, in the order of the text', () => {
  const text = `a: 5.0.0 ${marker}\n${digestMarker}\nb: sha256:00\nc: 6.0.0 ${marker}\n`;
  const after = `a: 6.1.0 ${marker}\n${digestMarker}\nb: sha256:11\nc: 6.1.0 ${marker}\n`;
  expect(promote(text, { digest: 'sha256:11' })).toEqual({
    kind: 'changed',
    text: after,
    edits: [
      { line: 1, field: 'version', from: '5.0.0', to: '6.1.0' },
      { line: 3, field: 'digest', from: 'sha256:00', to: 'sha256:11' },
      { line: 4, field: 'version', from: '6.0.0', to: '6.1.0' },
    ],
    warnings: [],
  });
});

test('says which markers are in the file when all values are right', () => {
  const text = `a: 6.1.0 ${marker}\nb: sha256:11 ${digestMarker}\n`;
  expect(promote(text, { digest: 'sha256:11' })).toEqual({
    kind: 'unchanged',
    fields: ['version', 'digest'],
    warnings: [],
  });
});

test('leaves values for digests alone while the revision has none', () => {
  const text = (version: string) => `a: ${version} ${marker}\nb: sha256:00 ${digestMarker}\n`;
  expect(promoted(text('6.0.0'))).toBe(text('6.1.0'));
});

test('names what looks like a marker beside the ones that it obeyed', () => {
  const text = `a: 6.0.0 ${marker}\nb: 6.0.0 # see ${json}\n`;
  expect(promote(text)).toMatchObject({ kind: 'changed', warnings: [{ path, line: 2 }] });
  expect(promote(text.replace('6.0.0', '6.1.0'))).toMatchObject({
    kind: 'unchanged',
    warnings: [{ path, line: 2 }],
  });
});

test('a marker is found behind tabs, on the key of a value on the next line, and above list items', () => {
  const text = (version: string) =>
    [
      `a: ${version}\t\t${marker}`,
      `b: ${marker}`,
      `  ${version}`,
      'c:',
      `  ${marker}`,
      `  "${version}"`,
      'd:',
      `- ${marker}`,
      `  ${version}`,
      `${marker}`,
      `- ${version}`,
      `- &x !!str ${version} ${marker}`,
      `-  ${version} # note`,
      '',
    ].join('\n');
  const last = '-  6.0.0 # note';
  expect(promoted(text('6.0.0'))).toBe(text('6.1.0').replace('-  6.1.0 # note', last));
});

test('a list that begins right behind a byte order mark is edited', () => {
  const text = (version: string) => `\ufeff- op: replace\n  value: ${version} ${marker}\n`;
  expect(promoted(text('6.0.0'))).toBe(text('6.1.0'));
});

test('a value on several lines becomes one of one line', () => {
  expect(promoted(`v: 6\n  .0 ${marker}\n`)).toBe(`v: 6.1.0 ${marker}\n`);
  expect(promoted(`v: "6\\\n  .0" ${marker}\n`)).toBe(`v: "6.1.0" ${marker}\n`);
});

test('a marker with escapes in its JSON is found', () => {
  const text = (version: string) => `v: ${version} # {"$promotion": "apps\\u003apodinfo:prod"}\n`;
  expect(promoted(text('6.0.0'))).toBe(text('6.1.0'));
});

test('keys that are special to JavaScript are keys like any other', () => {
  const text = (version: string) =>
    `__proto__:\n  polluted: ${version} ${marker}\nconstructor:\n  prototype: {a: 1}\nhasOwnProperty: ${version} ${marker}\n`;
  expect(promoted(text('6.0.0'))).toBe(text('6.1.0'));
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
});

test('control characters in the text, which the parser uses as signs of its own, do not shift anything', () => {
  const text = (version: string) => `a: "\u0002\u0018\u001f"\nb: \u001f\u0002\nc: ${version} ${marker}\n`;
  expect(promoted(text('6.0.0'))).toBe(text('6.1.0'));
});

describe('the file is refused, with line and next step, when', () => {
  test.each([
    [
      'one value carries markers of two pipelines',
      `a: 1\n${foreignMarker}\nv: 6.0.0 ${marker}\n`,
      {
        code: 'MarkersConflict',
        line: 3,
        message: 'one value carries two different markers; keep one of them',
      },
    ],
    [
      'one value carries markers for version and digest',
      `${digestMarker}\nv: 6.0.0 ${marker}\n`,
      {
        code: 'MarkersConflict',
        line: 2,
        message: 'one value carries two different markers; keep one of them',
      },
    ],
    [
      'a marker cannot be obeyed, though another could be',
      `v: 6.0.0 ${marker}\nw: ${marker}\n`,
      {
        code: 'MarkerNotScalar',
        line: 2,
        message: 'the marker stands behind no single value; move it behind the version',
      },
    ],
    [
      'it is not YAML',
      `a: 1\nb: [1, 2\nv: 6.0.0 ${marker}\n`,
      {
        code: 'NotYaml',
        line: 3,
        message:
          'not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]; correct the file',
      },
    ],
    [
      'it is not YAML below the marker',
      `v: 6.0.0 ${marker}\n---\na: b: c\n`,
      {
        code: 'NotYaml',
        line: 3,
        message: 'not YAML: Nested mappings are not allowed in compact mappings; correct the file',
      },
    ],
    [
      'a mapping has a key twice',
      `v: 6.0.0 ${marker}\nw: 1\nv: 2\n`,
      { code: 'NotYaml', line: 3, message: 'not YAML: a key stands twice in one mapping; correct the file' },
    ],
    [
      'a tag forbids the new value',
      `a: 1\nv: !!float 6.0 ${marker}\n`,
      {
        code: 'EditNotExact',
        line: 2,
        message: 'setting the value would change more than it; write it on one line, without a tag',
      },
    ],
  ])('%s', (_name, text, refusal) => {
    expect(promote(text)).toEqual({ kind: 'refused', ...refusal });
  });

  test('the new value holds half a character', () => {
    expect(promote(`v: 6.0.0 ${marker}\n`, { version: 'a\ud800' })).toMatchObject({
      code: 'EditNotExact',
      line: 1,
    });
  });
});

describe('the sentence about a file that is not YAML repeats nothing of the file', () => {
  test.each([
    'a: [hunter2\nb: c',
    '!!int hunter2',
    '}hunter2',
    'a: |hunter2',
    '"\\hunter2"',
    '"\\xhunter2"',
    '- hunter2\n a: b',
    '*hunter2 : hunter2: hunter2',
    '!<hunter2',
    '!hunter!2 a',
    '%YAML hunter2',
    'a: @hunter2',
    '{hunter2: [}',
  ])('%j', (broken) => {
    const result = promote(`${broken}\nv: 6.0.0 ${marker}\n`);
    expect(result).toMatchObject({ kind: 'refused', code: 'NotYaml' });
    expect(JSON.stringify(result)).not.toMatch(/hu/);
  });
});

test("another pipeline's mistakes are no concern of ours", () => {
  const broken = `v: 6.0.0 ${foreignMarker}\nw: ${foreignMarker}\n${foreignMarker}\nx: 1 # {"$promotion": "apps:backend:prod"}\n`;
  const text = (version: string) => `${broken}v2: ${version} ${marker}\n`;
  expect(promoted(text('6.0.0'))).toBe(text('6.1.0'));
  expect(promoted(`v: "6.0.0 ${foreignMarker}\n`)).toBe('unmarked');
});

test('two markers of the same words on one value are one', () => {
  expect(promoted(`${marker}\nv: 6.0.0 ${marker}\n`)).toBe(`${marker}\nv: 6.1.0 ${marker}\n`);
});

test('a scan gives each value with its line and place', () => {
  const text =
    `\ufeff# x\r\na: &v '6.0.0' ${marker}\r\nb: 7 ${foreignMarker}\r\nc: |\r\n  8.0 \r\n\r\n# y\r\n${digestMarker}\r\n`.replace(
      'c: |',
      `c: | ${digestMarker}`,
    );
  const { marks, misplaced } = scan({ path, text });
  expect(
    marks.map(({ line, value, isExact, start, end }) => ({
      line,
      value,
      isExact,
      is: text.slice(start, end),
    })),
  ).toEqual([
    { line: 2, value: '6.0.0', isExact: true, is: "'6.0.0'" },
    { line: 3, value: '7', isExact: false, is: '7' },
    { line: 4, value: '8.0 ', isExact: false, is: '  8.0 ' },
  ]);
  expect(misplaced).toEqual([]);
});

test('a file without markers is not even parsed', () => {
  expect(scan({ path, text: '{{{ not yaml' })).toEqual({ marks: [], misplaced: [], warnings: [] });
  expect(edit({ path, text: '{{{ not yaml' }, target, { version: '1' })).toEqual({ kind: 'unmarked' });
});
