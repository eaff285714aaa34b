import { expect, test } from '@jest/globals';
import { CurrentSecrets, type SecretUse } from '../../../src/credentials/material/current-secrets.ts';

const use: SecretUse = { secret: 'apps/acme-promoter', kind: 'app', host: 'github.com' };
const at = (resourceVersion: string, identity: string | undefined, uid = 'uid') => ({
  uid,
  resourceVersion,
  identity,
});

test('what a Secret held before is gone when it holds something else, or nothing that can be used', () => {
  const secrets = new CurrentSecrets();
  expect(secrets.saw('apps/a', use, at('1', 'first'))).toEqual([]);
  expect(secrets.saw('apps/a', use, at('2', 'first'))).toEqual([]);
  expect(secrets.saw('apps/a', use, at('3', 'second'))).toEqual(['first']);
  expect(secrets.saw('apps/a', use, at('4', undefined))).toEqual(['second']);
  expect(secrets.saw('apps/a', use, at('5', 'second'))).toEqual([]);
});

test('a read that was overtaken by a newer one changes nothing', () => {
  const secrets = new CurrentSecrets();
  secrets.saw('apps/a', use, at('10', 'second'));
  expect(secrets.saw('apps/a', use, at('9', 'first'))).toEqual([]);
  expect([secrets.isReplaced(use, 'first'), secrets.isReplaced(use, 'second')]).toEqual([true, false]);
});

test('a Secret that was made anew counts from its beginning', () => {
  const secrets = new CurrentSecrets();
  secrets.saw('apps/a', use, at('10', 'first'));
  expect(secrets.saw('apps/a', use, at('9', 'second', 'another'))).toEqual(['first']);
});

test('what is lost is gone, and is no replacement for who still has it', () => {
  const secrets = new CurrentSecrets();
  secrets.saw('apps/a', use, at('1', 'first'));
  expect(secrets.lost(use)).toEqual(['first']);
  expect(secrets.lost(use)).toEqual([]);
  expect(secrets.isReplaced(use, 'first')).toBe(false);
});

test('a Secret ends with the last Credential that names it', () => {
  const secrets = new CurrentSecrets();
  secrets.saw('apps/a', use, at('1', 'first'));
  secrets.saw('apps/b', use, at('1', 'first'));
  expect(secrets.leave('apps/a')).toEqual([]);
  expect(secrets.leave('apps/unknown')).toEqual([]);
  expect(secrets.leave('apps/b')).toEqual(['first']);
});

test('a Credential that names another Secret leaves the one before', () => {
  const secrets = new CurrentSecrets();
  secrets.saw('apps/a', use, at('1', 'first'));
  expect(secrets.saw('apps/a', { ...use, secret: 'apps/other' }, at('7', 'other'))).toEqual(['first']);
});

test.each<Partial<SecretUse>>([
  { secret: 'eve/acme-promoter' },
  { kind: 'token' },
  { host: 'git.acme.example' },
])('%j is another use, of which nothing is taken for a replacement', (difference) => {
  const secrets = new CurrentSecrets();
  secrets.saw('apps/a', use, at('1', 'first'));
  expect(secrets.saw('apps/b', { ...use, ...difference }, at('2', 'second'))).toEqual([]);
  expect(secrets.isReplaced(use, 'first')).toBe(false);
});
