import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { builtVersion } from './go-build.ts';

test('the version that the built server tells is the one it is built from', () => {
  const goMod = readFileSync(new URL('./go/go.mod', import.meta.url), 'utf8');
  expect(/k8s\.io\/kubernetes v(\S+)/.exec(goMod)?.[1]).toBe(builtVersion);
});

test('all parts of Kubernetes are of that version too', () => {
  const goMod = readFileSync(new URL('./go/go.mod', import.meta.url), 'utf8');
  const versions = new Set([...goMod.matchAll(/=> k8s\.io\/\S+ v0\.(\S+)/g)].map(([, version]) => version));
  expect([...versions]).toEqual([builtVersion.replace(/^1\./, '')]);
});
