import { expect, test } from '@jest/globals';
import { requestInfo } from '../../../src/kube/transport/request-info.ts';

const pipelines = '/apis/lockkeeper.dev/v1alpha1/namespaces/apps/pipelines';

test.each([
  ['GET', pipelines, {}, 'list pipelines'],
  ['GET', '/apis/lockkeeper.dev/v1alpha1/pipelines', {}, 'list pipelines'],
  ['GET', pipelines, { watch: 'true' }, 'watch pipelines'],
  ['GET', pipelines, { watch: '1' }, 'watch pipelines'],
  ['GET', pipelines, { watch: 'false' }, 'list pipelines'],
  ['GET', `${pipelines}/shop`, {}, 'get pipelines'],
  ['GET', `${pipelines}/shop/status`, {}, 'get pipelines/status'],
  ['PATCH', `${pipelines}/shop/status`, {}, 'patch pipelines/status'],
  ['PUT', '/apis/coordination.k8s.io/v1/namespaces/apps/leases/keeper', {}, 'update leases'],
  ['DELETE', `${pipelines}/shop`, {}, 'delete pipelines'],
  ['DELETE', pipelines, {}, 'delete pipelines'],
  ['POST', '/api/v1/namespaces/apps/events', {}, 'create events'],
  ['POST', '/api/v1/namespaces/apps/serviceaccounts/keeper/token', {}, 'create serviceaccounts/token'],
  ['GET', '/api/v1/namespaces', { watch: 'true' }, 'watch namespaces'],
  ['GET', '/api/v1/namespaces/apps', {}, 'get namespaces'],
  ['PATCH', '/api/v1/namespaces/apps/status', {}, 'patch namespaces/status'],
  ['PUT', '/api/v1/namespaces/apps/finalize', {}, 'update namespaces/finalize'],
  ['GET', '/api/v1/namespaces/namespaces/secrets/namespaces', {}, 'get secrets'],
  [
    'GET',
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/a.b.c',
    {},
    'get customresourcedefinitions',
  ],
] as const)('%s %s %j is %s', (method, path, query, said) => {
  const { verb, resource } = requestInfo({ method, path, query });
  expect(`${verb} ${resource}`).toBe(said);
});

test.each([
  '',
  '/',
  '/version',
  '/readyz',
  '/api',
  '/apis',
  '/api/v1',
  '/apis/lockkeeper.dev/v1alpha1',
  `${pipelines}/`,
  `${pipelines}/shop/status/more`,
  '/api/v1/namespaces/apps/services/shop/proxy/orders/17',
  '/api/v1/watch/namespaces/apps/pods',
  '/api/v1/namespaces/apps/Pods',
  '/api/v1/namespaces/apps/po%20ds',
  `/api/v1/${'x'.repeat(64)}`,
  'api/v1/pods',
  'https://elsewhere.test/api/v1/pods',
])('%j is of no kind, whatever names are in it', (path) => {
  expect(requestInfo({ method: 'GET', path })).toEqual({ verb: 'get', resource: 'other' });
});
