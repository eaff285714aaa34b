import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sentence } from '../../src/base/sentence.ts';

test('line breaks, colours and changes of direction do not reach a reader', () => {
  expect(sentence('\u001b[31mfailed:\n\n\tno\u0000 \u202eroom\u2066\u200b \u2028')).toBe(
    '[31mfailed: no room',
  );
});

test('credentials in a URL do not reach a reader, and digests and mail addresses do', () => {
  expect(
    sentence('GET https://robot:hunter2@charts.dev/a@b and ghcr.io/acme/app@sha256:ab by ann@acme.dev'),
  ).toBe('GET https://[redacted]@charts.dev/a@b and ghcr.io/acme/app@sha256:ab by ann@acme.dev');
});

test('half a character is shown as a replacement character', () => {
  expect(sentence('a\ud800b')).toBe('a\ufffdb');
});

test('a long message ends between characters, with a mark', () => {
  expect([sentence('a'.repeat(256)), sentence('a'.repeat(257)), sentence('🚢🚢🚢', 11)]).toEqual([
    'a'.repeat(256),
    `${'a'.repeat(253)}…`,
    '🚢🚢…',
  ]);
});

test('words of plain letters stay as they are, but for spaces that nobody sees', () => {
  expect(sentence('Helm upgrade succeeded (v1.2): a@b')).toBe('Helm upgrade succeeded (v1.2): a@b');
  expect([sentence(' a'), sentence('a '), sentence('a  b'), sentence(''), sentence('\n')]).toEqual([
    'a',
    'a',
    'a b',
    '',
    '',
  ]);
});

test('any text becomes a line of at most so many bytes, and stays what it is the second time', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (words) => {
      const once = sentence(words);
      expect(Buffer.byteLength(once)).toBeLessThanOrEqual(256);
      expect(once).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\n]/u);
      expect(sentence(once)).toBe(once);
    }),
  );
});
