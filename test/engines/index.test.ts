import { expect, test } from '@jest/globals';
import type { Engine } from '../../src/engines/engine.ts';
import { engineFor, engines } from '../../src/engines/index.ts';

test('an engine is found by group and kind, whatever the version', () => {
  const versions = ['v2', 'v2beta2', 'v2beta1', 'v3'];
  expect(
    versions.map((version) => engineFor(`helm.toolkit.fluxcd.io/${version}`, 'HelmRelease')?.kind),
  ).toEqual(versions.map(() => 'HelmRelease'));
});

test('there is no engine for other kinds, groups and words', () => {
  const others = [
    ['helm.toolkit.fluxcd.io/v2', 'Helmrelease'],
    ['helm.fluxcd.io/v1', 'HelmRelease'],
    ['v1', 'HelmRelease'],
    ['', '__proto__'],
    ['', ''],
  ] as const;
  expect(others.map(([apiVersion, kind]) => engineFor(apiVersion, kind))).toEqual(
    others.map(() => undefined),
  );
});

test('every engine is registered under its own name', () => {
  expect(Object.values<Engine>(engines).map(({ group, kind }) => `${group}/${kind}`)).toEqual(
    Object.keys(engines),
  );
});
