import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { isReason, reasons } from '../../src/api/reasons.ts';
import { reasonsReference } from '../../src/api/reference.ts';

const all = Object.entries(reasons);

describe('every reason', () => {
  test.each(all)('%s is one word in capitals, short enough for a condition', (name) => {
    expect(name).toMatch(/^[A-Z][A-Za-z]{2,39}$/);
  });

  test.each(all)('%s says in a sentence what is so', (_, { what }) => {
    expect(what).toMatch(/^[A-Z][^\n]*\.$/);
    expect(Buffer.byteLength(what)).toBeLessThanOrEqual(256);
  });

  test.each(all)(
    '%s says in a sentence what to do next, unless there is nothing to do',
    (_, { is, next }) => {
      const mustAct = is === 'stalled' || is === 'blocked';
      if (next !== '' || mustAct) expect(next).toMatch(/^[A-Z][^\n]*\.$/);
      if (is === 'fine') expect(next).toBe('');
    },
  );

  test('stands once in the reference, with its sentences', () => {
    const text = readFileSync(new URL('../../docs/reference/reasons.md', import.meta.url), 'utf8');
    expect(text).toBe(reasonsReference());
    for (const [name, { what, next }] of all) {
      expect(text.split('\n').filter((line) => line.startsWith(`- **\`${name}\`**`))).toEqual([
        `- **\`${name}\`**: ${[what, next].filter((each) => each !== '').join(' ')}`,
      ]);
    }
  });

  test('says something of its own', () => {
    expect(new Set(all.map(([, { what }]) => what)).size).toBe(all.length);
  });
});

test('a word that is no reason is not taken for one, be it a name that every object has', () => {
  expect(isReason('SecretNotFound')).toBe(true);
  expect(isReason('Nonsense')).toBe(false);
  expect(isReason('constructor')).toBe(false);
});
