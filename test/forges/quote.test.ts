import { expect, test } from '@jest/globals';
import { Secret } from '../../src/base/secret.ts';
import { quote } from '../../src/forges/quote.ts';

test.each<[string, string, string]>([
  ['words stay as they are', 'No commits between main and p', 'No commits between main and p'],
  ['lines become one', 'Rule violations found\n\n- \tno pushes', 'Rule violations found - no pushes'],
  ['a token of any kind is taken out', 'bad ghp_abcdefghijklmnopqrstuvwxyz0123456789!', 'bad [redacted]!'],
  [
    'so is one with something invisible in it',
    'bad ghp_abcdefgh\u200bijklmnopqrstuvwxyz0123456789',
    'bad [redacted]',
  ],
  ['so is one in an address', 'see https://x:hunter2@github.com/a', 'see https://[redacted]@github.com/a'],
])('%s', (_, words, shown) => {
  expect(quote(words)).toBe(shown);
});

test('at most 200 bytes are shown', () => {
  const shown = quote('ü'.repeat(1_000_000));
  expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(200);
  expect(shown.endsWith('…')).toBe(true);
});

test('words with a piece of the secret itself are withheld', () => {
  const secret = 'correct-horse-battery-staple';
  expect(quote('the token ect-horse- is bad', [secret])).toBe('');
  expect(quote('the horse is bad', [secret])).toBe('the horse is bad');
});

test('a secret that the request had nothing to do with is taken out', () => {
  const other = new Secret('another-Zq8Wn4Xv7Rb2Kd9T').expose();
  expect(quote(`${other} may not; ${Buffer.from(other).toString('hex')}`)).toBe(
    '[redacted] may not; [redacted]',
  );
});
