import { describe, expect, test } from '@jest/globals';
import { marker, promote, promoted } from './promote.ts';

const last = (version: string) => `v: ${version} ${marker}\n`;
const megabyte = 1024 * 1024;
const filled = (piece: string) => piece.repeat(Math.floor((megabyte - 200) / piece.length));

/** Far above what it takes, also where a busy machine makes it four times as much, and below the minute of a quadratic way of looking. */
const slowMs = 20_000;

/** Time of the processor and not of the clock, which runs on while a busy machine does something else. */
function timed<T>(act: () => T): { result: T; busyMs: number } {
  const start = process.cpuUsage();
  const result = act();
  return { result, busyMs: process.cpuUsage(start).user / 1_000 };
}

test('a file of 1 MiB is edited, and one byte more is refused', () => {
  const padding = (bytes: number) => `# ${'x'.repeat(bytes - 3)}\n`;
  const size = megabyte - last('6.0.0').length;
  expect(promoted(padding(size) + last('6.0.0'))).toBe(padding(size) + last('6.1.0'));
  expect(promote(padding(size + 1) + last('6.0.0'))).toEqual({
    kind: 'refused',
    code: 'TooLarge',
    message: 'the file is larger than 1 MiB; move the marked value into a smaller one',
  });
  // Bytes, not characters.
  expect(promote(`# ${'é'.repeat(megabyte / 2)}\n${last('6.0.0')}`)).toMatchObject({ code: 'TooLarge' });
});

describe('64 levels are edited and 65 are refused', () => {
  const tooDeep = {
    kind: 'refused',
    code: 'TooDeep',
    message: 'the file nests deeper than 64 levels; move the marked value into a flatter one',
  };
  test.each([
    [
      'mappings',
      (levels: number) => Array.from({ length: levels }, (_, n) => `${' '.repeat(n)}a:`).join('\n'),
    ],
    ['sequences', (levels: number) => '- '.repeat(levels).trimEnd()],
    ['flow sequences', (levels: number) => `--- ${'['.repeat(levels)}1${']'.repeat(levels)}`],
    ['flow mappings', (levels: number) => `--- ${'{a: '.repeat(levels)}1${'}'.repeat(levels)}`],
    ['mappings as keys', (levels: number) => `--- ${'{? '.repeat(levels)}1${'}'.repeat(levels)}`],
  ])('%s', (_name, nested) => {
    expect(promoted(`${nested(64)}\n---\n${last('6.0.0')}`)).toBe(`${nested(64)}\n---\n${last('6.1.0')}`);
    expect(promote(`${nested(65)}\n---\n${last('6.0.0')}`)).toEqual(tooDeep);
    expect(promote(`${nested(_name === 'mappings' ? 1_000 : 20_000)}\n---\n${last('6.0.0')}`)).toEqual(
      tooDeep,
    );
  });
});

test('a bomb of aliases is text like any other', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const [at, name] of 'bcdefghijk'.split('').entries()) {
    const before = `*${'abcdefghij'[at]}`;
    bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => before).join(', ')}]`);
  }
  const text = (version: string) => `${bomb.join('\n')}\n${last(version)}`;
  const { result, busyMs } = timed(() => promoted(text('6.0.0')));
  expect(result).toBe(text('6.1.0'));
  expect(busyMs).toBeLessThan(slowMs);
});

test('ten thousand lines with as many values take a moment', () => {
  const item = (n: number) =>
    `item${n}:\n  name: "thing-${n}" # note\n  image: registry.example/app:${n}\n  list: [a, b]\n`;
  const text = Array.from({ length: 2_500 }, (_, n) => item(n)).join('') + last('6.0.0');
  const { result, busyMs } = timed(() => promote(text));
  expect(result.kind).toBe('changed');
  expect(busyMs).toBeLessThan(slowMs);
});

test('a large file with the markers of others only is not parsed', () => {
  const text = filled('- [a, {b: c}]\n');
  const parsed = timed(() => promote(`${text}v: 1 ${marker}\n`));
  const { result, busyMs } = timed(() => promoted(`${text}v: 1 # {"$promotion": "apps:other:prod"}\n`));
  expect(result).toBe('unmarked');
  expect(busyMs).toBeLessThan(parsed.busyMs / 3);
});

describe('a megabyte takes time in proportion, whatever it is made of', () => {
  test.each([
    ['brackets', filled('[')],
    ['braces', filled('{a: ')],
    ['dashes', filled('- ')],
    ['quotes', filled('"')],
    ['tags', filled('!a ')],
    ['directives', filled('%a\n')],
    ['documents', filled('---\n')],
    ['line breaks', filled('\n')],
    ['keys', Array.from({ length: 90_000 }, (_, n) => `k${n}:\n`).join('')],
    ['marked values', filled(`- 6.0.0 ${marker}\n`)],
    ['markers above values', filled(`${marker}\n- 6.0.0\n`)],
    ['markers on one another', filled(`${marker}\n`)],
    ['markers on nothing', `a: 1\n${filled(`${marker}\n\n`)}`],
    ['markers on empty keys', Array.from({ length: 20_000 }, (_, n) => `k${n}: ${marker}\n`).join('')],
    ['comments that are no markers', filled('# x {"$promotion": "\n')],
    ['unfinished names', filled('# {"$promotion":   "x')],
    ['spaces before a marker', `a: 1${' '.repeat(900_000)}${marker}\n`],
    ['spaces before a value', `a: 1${' '.repeat(450_000)}${'\t'.repeat(450_000)}x ${marker}\n`],
    ['digits in a value', `a: ${'1'.repeat(900_000)}x ${marker}\n`],
    ['underscores in a value', `a: 1${'_'.repeat(900_000)}x ${marker}\n`],
    [
      'blank lines in a block scalar',
      `a: |- ${marker}\n${'  \n'.repeat(300_000)}  x\n${' \n'.repeat(10_000)}`,
    ],
    ['lines of a block scalar', `a: > ${marker}\n${filled('  x\n').slice(0, 900_000)}\n`],
  ])('%s', (_name, text) => {
    const { result, busyMs } = timed(() => promote(`${text}\nz: 6.0.0 ${marker}\n`));
    expect(result.kind).toMatch(/^(changed|refused)$/);
    expect(busyMs).toBeLessThan(slowMs);
  });
});
