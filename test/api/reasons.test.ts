import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { isReason, reasons } from '../../src/api/reasons.ts';
import { reasonsReference } from '../../src/api/reference.ts';

const all = Object.entries(reasons);

const src = new URL('../../src/', import.meta.url);
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('api/reasons.ts'))
  .map((file) => readFileSync(new URL(file, src), 'utf8'));

describe('every reason', () => {
  test.each(all)('%s is one word in capitals, short enough for a condition', (name) => {
    expect(name).toMatch(/^[A-Z][A-Za-z]{2,39}$/);
  });

  test.each(all)('%s says in a sentence what is so', (_, { what }) => {
    expect(what).toMatch(/^[A-Z][^\n]*\.$/);
    expect(Buffer.byteLength(what)).toBeLessThanOrEqual(256);
  });

  test.each(all)('%s says in a sentence what to do next, unless all is well', (_, { is, next }) => {
    expect(next).toMatch(is === 'fine' ? /^$/ : /^[A-Z][^\n]*\.$/);
  });

  test.each(all)('%s is given by some code', (name) => {
    expect(sources.filter((text) => new RegExp(`\\b${name}\\b`).test(text))).not.toEqual([]);
  });

  test('stands once in the reference, with its sentences', () => {
    const text = readFileSync(new URL('../../docs/reference/reasons.md', import.meta.url), 'utf8');
    expect(text).toBe(reasonsReference());
    for (const [name, { what, next }] of all) {
      expect(text.split(`\n### ${name}\n\n`).map((part) => part.split('\n')[0])[1]).toBe(
        [what, next].filter((each) => each !== '').join(' '),
      );
    }
  });

  test('says something of its own', () => {
    expect(new Set(all.map(([, { what }]) => what)).size).toBe(all.length);
  });
});

test('a word that is no reason is not taken for one, be it a name that every object has', () => {
  expect(isReason('Missing')).toBe(true);
  expect(isReason('Nonsense')).toBe(false);
  expect(isReason('constructor')).toBe(false);
});
