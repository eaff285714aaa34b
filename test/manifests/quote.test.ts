import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { fitsBlock, quoted } from '../../src/manifests/quote.ts';
import { marker, promoted } from './promote.ts';

const versions = ['1.1', '1.2'] as const;
const styles = ['plain', 'single', 'double'] as const;

function read(text: string, version: '1.1' | '1.2'): unknown {
  const { v } = parse(text, { version, logLevel: 'silent' }) as { v: unknown }; // every text here is a mapping of v
  return v;
}

/** Strings that some reader takes for something else, the more often the more alike. */
const numberLike = fc
  .array(fc.constantFrom(...'00112345679__..eExXobB::-+aFTZ ~=<'.split('')), { maxLength: 8 })
  .map((characters) => characters.join(''));
const text = fc.oneof(numberLike, fc.string(), fc.string({ unit: 'binary' }));

test('whatever a value is, it is read as that string by YAML 1.1 and 1.2', () => {
  fc.assert(
    fc.property(text, fc.constantFrom(...styles), (value, style) => {
      for (const version of versions) {
        expect(read(`v: ${quoted(value, style)} # note\n`, version)).toBe(value);
        if (fitsBlock(value)) expect(read(`v: |- # note\n  ${value}\n`, version)).toBe(value);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('ordinary versions stay unquoted', () => {
  const plain = [
    '6.1.0',
    'v1',
    '1.2.3-rc.1+build.5',
    'main@sha1:0123abc',
    'repo/app:1.0',
    '1.2.3e4',
    '20240101T1',
    'y1',
  ];
  for (const value of plain) expect(quoted(value, 'plain')).toBe(value);
});

// The last column of https://yaml.org/type and what gopkg.in/yaml.v2 and v3 were seen to read.
describe('unquoted, other readers than ours take it for something else, so it is quoted', () => {
  test.each([
    ...[
      '1.10',
      '1',
      '0',
      '012',
      '0o14',
      '0x1F',
      '0X1f',
      '0b11',
      '1_000',
      '0_b1',
      '1__0',
      '.5',
      '5.',
      '1e3',
      '1E+3',
    ],
    ...[
      '1.5e-3',
      '1:30',
      '190:20:30',
      '190:20:30.15',
      '2024-01-01',
      '2024-1-1',
      '2024-01-01T10:00:00Z',
      '0o+2',
    ],
    ...[
      'true',
      'False',
      'yes',
      'No',
      'ON',
      'off',
      'y',
      'N',
      'null',
      'NULL',
      '~',
      '',
      '.inf',
      '-.INF',
      '.nan',
      '=',
      '<<',
    ],
  ])('%j', (value) => {
    expect(promoted(`v: 6.0.0 ${marker}\n`, value)).toBe(`v: "${value}" ${marker}\n`);
    // One that already stands there unquoted is no string to those readers.
    if (value !== '') expect(promoted(`v: ${value} ${marker}\n`, value)).toBe(`v: "${value}" ${marker}\n`);
  });
});

describe('the style that is there is kept when it can hold the value', () => {
  test.each([
    ['single', "it's", "'it''s'"],
    ['single', 'a: b #c', "'a: b #c'"],
    ['single', '1.10', "'1.10'"],
    ['single', 'a\nb', '"a\\nb"'],
    ['single', 'a\tb', '"a\\tb"'],
    ['double', 'a"b\\c', '"a\\"b\\\\c"'],
    ['plain', '- a', '"- a"'],
    ['plain', '\u2028\ufeff\u0085\uffff', '"\\u2028\\ufeff\\u0085\\uffff"'],
    ['plain', '\u{1f680}', '"\u{1f680}"'],
  ] as const)('%s: %j', (style, value, written) => {
    expect(quoted(value, style)).toBe(written);
  });
});

describe('a block scalar', () => {
  test.each([
    ['keeps its style for one line', 'a: "b" #c', `v: |- ${marker}\n  a: "b" #c\nw: 1\n`],
    ['becomes a quoted scalar for a value of several lines', 'a\nb', `v: "a\\nb" ${marker}\nw: 1\n`],
    ['becomes a quoted scalar for an empty value', '', `v: "" ${marker}\nw: 1\n`],
    ['becomes a quoted scalar for a value with spaces around', ' a', `v: " a" ${marker}\nw: 1\n`],
  ])('%s', (_name, value, after) => {
    for (const eol of ['\n', '\r\n']) {
      const before = `v: |- ${marker}\n  6.0.0\n  6.0.1\nw: 1\n`.replaceAll('\n', eol);
      expect(promoted(before, value)).toBe(after.replaceAll('\n', eol));
    }
  });

  test.each([
    ['|', '|-'],
    ['|+', '|-'],
    ['>', '>-'],
    ['>+', '>-'],
    ['|2', '|2-'],
    ['|+2', '|2-'],
    ['|2-', '|2-'],
  ])('whose header is %s holds the version and no line break', (header, after) => {
    const text = (indicators: string, value: string) => `v: ${indicators} ${marker}\n  ${value}\n \nw: 1\n`;
    expect(promoted(text(header, '6.0.0'))).toBe(text(after, '6.1.0'));
  });

  test.each([
    [
      'spaces of its own before the content',
      `v: |2- ${marker}\n\n     6.0.0\n`,
      `v: |2- ${marker}\n  6.1.0\n`,
    ],
    ['deeper blank lines behind', `v: |- ${marker}\n  6.0.0\n     \n\n`, `v: |- ${marker}\n  6.1.0\n\n`],
    ['no line break at the end of the file', `v: | ${marker}\n    6.0.0`, `v: |- ${marker}\n    6.1.0`],
    ['no indent at the top of a document', `--- |- ${marker}\n6.0.0\n`, `--- "6.1.0" ${marker}\n`],
    ['an anchor', `v: &v |- ${marker}\n  6.0.0\nw: *v\n`, `v: &v |- ${marker}\n  6.1.0\nw: *v\n`],
    ['its marker above', `${marker}\nv: >-\n  6.0.0\n`, `${marker}\nv: >-\n  6.1.0\n`],
  ])('with %s', (_name, before, after) => {
    expect(promoted(before)).toBe(after);
  });
});
