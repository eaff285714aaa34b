import { format, inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { Secret } from '../../src/base/secret.ts';

const secret = new Secret('hunter2');

test('a secret prints as [redacted], whatever prints it', () => {
  const printed = [
    String(secret),
    JSON.stringify({ secret }),
    inspect({ deep: [secret] }, { depth: 10, showHidden: true }),
    format('%s %o %j', secret, secret, secret),
    JSON.stringify(Object.entries(secret)),
    JSON.stringify(Object.assign({}, secret)),
    Object.prototype.toString.call(secret),
  ];
  for (const text of printed) expect(text).not.toContain('hunter2');
  expect(printed.slice(0, 2)).toEqual(['[redacted]', '{"secret":"[redacted]"}']);
});

test('it is given out by one word alone, as it came in', () => {
  expect(secret.expose()).toBe('hunter2');
  expect(new Secret(Buffer.from('schlüssel')).expose()).toBe('schlüssel');
});

test('two secrets are told apart by fingerprints, which hold neither', () => {
  expect(secret.fingerprint()).toBe(new Secret('hunter2').fingerprint());
  expect(secret.fingerprint()).not.toBe(new Secret('hunter3').fingerprint());
  expect(secret.fingerprint()).toMatch(/^[0-9a-f]{64}$/);
});

test('what it is made of may change later without changing it', () => {
  const bytes = Buffer.from('hunter2');
  const copied = new Secret(bytes);
  bytes.fill(0);
  expect(copied.expose()).toBe('hunter2');
});

test('an empty one says so', () => {
  expect([new Secret('').isEmpty, secret.isEmpty]).toEqual([true, false]);
});
