import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createCaches, type Caches } from '../../src/cli/caches.ts';
import { Transport } from '../../src/kube/transport/transport.ts';
import { startScriptedApi, Stream, type ScriptedApi } from '../kube/scripted-api.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';

const end = {
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: '9', annotations: { 'k8s.io/initial-events-end': 'true' } } },
};

function app(version: number, status: object): object {
  return {
    apiVersion: 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: {
      name: 'podinfo',
      namespace: 'dev',
      uid: 'uid-1',
      resourceVersion: String(version),
      generation: 1,
    },
    spec: {},
    status,
  };
}

const pipeline = {
  apiVersion: 'lockkeeper.dev/v1alpha1',
  kind: 'Pipeline',
  metadata: { name: 'podinfo', namespace: 'apps', uid: 'uid-2', resourceVersion: '2', generation: 1 },
  spec: {
    appRef: { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', name: 'podinfo' },
    environments: [{ name: 'dev', targets: [{ namespace: 'dev' }] }],
  },
};

let api: ScriptedApi;
let transport: Transport;
let caches: Caches;
let apps: Stream;
const looks: string[] = [];

beforeEach(async () => {
  looks.length = 0;
  apps = new Stream().write({ type: 'ADDED', object: app(1, { observedGeneration: 1 }) }, end);
  api = await startScriptedApi(({ path }) => {
    if (path.endsWith('/helmreleases')) return apps;
    const stream = new Stream();
    if (path.endsWith('/pipelines')) stream.write({ type: 'ADDED', object: pipeline });
    return stream.write(end);
  });
  transport = new Transport(api.connection);
  caches = createCaches(transport, {
    onPipeline: (key) => looks.push(key),
    onPipelineStored: () => undefined,
    onCredential: () => undefined,
    onTrouble: (resource, error) => looks.push(`${resource}: ${String(error)}`),
    onRestart: () => undefined,
  });
  await caches.start();
});
afterEach(async () => {
  await caches.stop();
  await transport.close();
  await api.close();
});

test('a Pipeline is looked at when what is read of its app changes, and not when the rest does', async () => {
  looks.length = 0;
  apps.write({
    type: 'MODIFIED',
    object: app(10, { observedGeneration: 1, lastHandledReconcileAt: 'now', helmChart: 'elsewhere' }),
  });
  apps.write({ type: 'MODIFIED', object: app(11, { observedGeneration: 2 }) });
  await eventually('the second one is heard of', () => {
    return caches.app('dev', 'podinfo')?.metadata.resourceVersion === '11';
  });
  expect(looks).toEqual(['apps/podinfo']);
});
