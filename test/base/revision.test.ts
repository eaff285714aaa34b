import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { revisionOf, whyNotRevision } from '../../src/base/revision.ts';

test('the key is part of stored statuses and does not change', () => {
  const digest = 'sha256:37a140f06c4065c3be8f9e5144ea4887445c3f5a1fa9509b8edceb9820c5d356';
  expect([revisionOf({ version: '6.1.0' }), revisionOf({ version: '6.1.0', digest })]).toEqual([
    { version: '6.1.0', key: 'e854573f8a9a088e' },
    { version: '6.1.0', digest, key: '54eb2a0375a9d439' },
  ]);
});

test('two revisions have one key exactly when version and digest are equal', () => {
  const part = fc.string({ maxLength: 4 });
  const parts = fc.record({ version: part, digest: fc.option(part, { nil: undefined }) });
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      const areEqual = a.version === b.version && a.digest === b.digest;
      expect(revisionOf(a).key === revisionOf(b).key).toBe(areEqual);
      expect(revisionOf(a).key).toMatch(/^[0-9a-f]{16}$/);
    }),
  );
});

describe('a version may be', () => {
  test.each([
    '6.1.0',
    'v1',
    '1.2.3-rc.1+build.5',
    '2024-01-01T10:00:00',
    'main@sha1:0123456789abcdef0123456789abcdef01234567',
    'registry.example/app:1.0',
    'sha256:37a140f06c4065c3be8f9e5144ea4887445c3f5a1fa9509b8edceb9820c5d356',
    'a.lock.b',
    'x'.repeat(128),
  ])('%s', (version) => {
    expect(whyNotRevision(version)).toBeUndefined();
  });
});

describe('a version is refused with the reason', () => {
  const use = 'use letters, digits and . _ + : @ / -';
  test.each([
    ['', 'the version is empty'],
    ['x'.repeat(129), 'the version is longer than 128 characters'],
    ['6.1.0\n', `the version holds the character U+000A; ${use}`],
    ['6.1.0 #', `the version holds the character U+0020; ${use}`],
    ['6.1.0#1', `the version holds #; ${use}`],
    ['"6"', `the version holds "; ${use}`],
    ['<b>', `the version holds <; ${use}`],
    ['6.1\u202e0', `the version holds the character U+202E; ${use}`],
    ['6.1.0-\u00e9', `the version holds the character U+00E9; ${use}`],
    ['\u{1f680}', `the version holds the character U+1F680; ${use}`],
    ['a\0', `the version holds the character U+0000; ${use}`],
    ['-rf', 'the version must begin with a letter or digit'],
    ['@someone', 'the version must begin with a letter or digit'],
    ['../../etc', 'the version must begin with a letter or digit'],
    ['a..b', 'the version may not hold ..'],
    ['a//b', 'the version may not hold //'],
    ['a.', 'the version may not end with .'],
    ['a/', 'the version may not end with /'],
    ['a.lock', 'the version may not end with .lock'],
  ])('%j', (version, why) => {
    expect(whyNotRevision(version)).toBe(why);
  });

  test('whatever is not made of the allowed characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (version) => {
        const isAllowed = /^[A-Za-z0-9][A-Za-z0-9._+:@/-]{0,127}$/.test(version);
        expect(isAllowed || whyNotRevision(version) !== undefined).toBe(true);
      }),
    );
  });
});
