import { expect, test } from '@jest/globals';
import { pathOf } from '../../src/kube/resource.ts';

const pipelines = { group: 'lockkeeper.dev', version: 'v1alpha1', plural: 'pipelines' };
const secrets = { group: '', version: 'v1', plural: 'secrets' };

test.each([
  [pipelines, {}, '/apis/lockkeeper.dev/v1alpha1/pipelines'],
  [pipelines, { namespace: 'apps' }, '/apis/lockkeeper.dev/v1alpha1/namespaces/apps/pipelines'],
  [
    pipelines,
    { namespace: 'apps', name: 'podinfo', subresource: 'status' },
    '/apis/lockkeeper.dev/v1alpha1/namespaces/apps/pipelines/podinfo/status',
  ],
  [secrets, { namespace: 'apps', name: 'a' }, '/api/v1/namespaces/apps/secrets/a'],
  [{ ...secrets, plural: 'namespaces' }, { namespace: '', name: 'apps' }, '/api/v1/namespaces/apps'],
])('%j at %j is %s', (resource, at, path) => {
  expect(pathOf(resource, at)).toBe(path);
});

test.each([
  ['../../kube-system/secrets/a', '/api/v1/namespaces/apps/secrets/..%2F..%2Fkube-system%2Fsecrets%2Fa'],
  ['a?watch=true', '/api/v1/namespaces/apps/secrets/a%3Fwatch%3Dtrue'],
])('%s is no way to another object', (name, path) => {
  const at = pathOf(secrets, { namespace: 'apps', name });
  expect([at, new URL(at, 'https://api').pathname]).toEqual([path, path]);
});

test.each(['', '.', '..'])('"%s" is not the name of one object: it would be all of them', (name) => {
  expect(() => pathOf(secrets, { namespace: 'apps', name })).toThrow(
    expect.objectContaining({ code: 'Invalid', message: `"${name}" is not the name of an object` }),
  );
});

test('nor are dots a namespace', () => {
  expect(() => pathOf(secrets, { namespace: '..', name: 'a' })).toThrow(
    expect.objectContaining({ code: 'Invalid' }),
  );
});
