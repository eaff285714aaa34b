import { expect, test } from '@jest/globals';
import { isOlder } from '../../src/kube/resource-version.ts';

test.each([
  ['9', '10', true],
  ['10', '9', false],
  ['10', '10', false],
  ['99999999999999999998', '99999999999999999999', true],
  ['18446744073709551616', '9', false],
  ['0', '1', true],
  ['', '1', false],
  ['1', '', false],
  ['abc', '1', false],
  ['01', '2', false],
  ['-1', '2', false],
])('%p is older than %p: %p', (version, than, expected) => {
  expect(isOlder(version, than)).toBe(expected);
});
