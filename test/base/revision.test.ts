import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { revisionOf } from '../../src/base/revision.ts';

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
