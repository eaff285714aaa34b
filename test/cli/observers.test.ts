import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createCaches, type Caches } from '../../src/cli/caches.ts';
import { Transport } from '../../src/kube/transport/transport.ts';
import { startScriptedApi, Stream, type ScriptedApi } from '../kube/scripted-api.ts';

const end = {
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: '9', annotations: { 'k8s.io/initial-events-end': 'true' } } },
};

function added(kind: string, name: string, spec: object): object {
  const metadata = { name, namespace: 'apps', uid: `uid-of-${name}`, resourceVersion: '2', generation: 1 };
  return { type: 'ADDED', object: { apiVersion: 'lockkeeper.dev/v1alpha1', kind, metadata, spec } };
}

function credential(name: string, lastUsedFrom?: string): object {
  return added('Credential', name, {
    host: 'github.com',
    repositories: ['acme/fleet'],
    token: { secretRef: { name } },
    ...(lastUsedFrom === undefined ? {} : { lastUsedFrom: { credentialRef: { name: lastUsedFrom } } }),
  });
}

const promoting = added('Pipeline', 'podinfo', {
  appRef: { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', name: 'podinfo' },
  environments: [
    { name: 'dev', targets: [{ namespace: 'dev' }] },
    { name: 'prod', targets: [{ namespace: 'prod' }] },
  ],
  promotion: {
    strategy: {
      pullRequest: {
        url: 'https://github.com/acme/fleet',
        baseBranch: 'main',
        credentialRef: { name: 'promoter' },
      },
    },
  },
});

let api: ScriptedApi;
let transport: Transport;
let caches: Caches;
beforeEach(async () => {
  const credentials = new Stream().write(
    credential('team-token', 'org'),
    credential('web-token', 'promoter'),
    credential('ring', 'ring'),
    credential('org'),
    credential('promoter'),
    end,
  );
  api = await startScriptedApi(({ path }) => {
    if (path.endsWith('/credentials')) return credentials;
    return path.endsWith('/pipelines') ? new Stream().write(promoting, end) : new Stream().write(end);
  });
  transport = new Transport(api.connection);
  caches = createCaches(transport, {
    onPipeline: () => undefined,
    onPipelineStored: () => undefined,
    onCredential: () => undefined,
    onTrouble: () => undefined,
    onRestart: () => undefined,
  });
  await caches.start();
});
afterEach(async () => {
  await caches.stop();
  await transport.close();
  await api.close();
});

test('a Credential that others name in lastUsedFrom is for that, and for promotions where a Pipeline names it too', () => {
  const keys = ['apps/org', 'apps/promoter', 'apps/team-token', 'apps/ring', 'other/org'];
  expect(keys.map((key) => caches.observes(key))).toEqual(['only', 'also', undefined, undefined, undefined]);
});
