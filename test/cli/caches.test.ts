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

function pipeline(version: number, annotations: Record<string, string> = {}): object {
  return {
    apiVersion: 'lockkeeper.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: {
      name: 'podinfo',
      namespace: 'apps',
      uid: 'uid-2',
      resourceVersion: String(version),
      generation: 1,
      annotations,
    },
    spec: {
      appRef: { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', name: 'podinfo' },
      environments: [{ name: 'dev', targets: [{ namespace: 'dev' }] }],
    },
  };
}

let api: ScriptedApi;
let transport: Transport;
let caches: Caches;
let apps: Stream;
let pipelines: Stream;
const looks: string[] = [];

beforeEach(async () => {
  looks.length = 0;
  apps = new Stream().write({ type: 'ADDED', object: app(1, { observedGeneration: 1 }) }, end);
  pipelines = new Stream().write({ type: 'ADDED', object: pipeline(2) }, end);
  api = await startScriptedApi(({ path }) => {
    if (path.endsWith('/helmreleases')) return apps;
    return path.endsWith('/pipelines') ? pipelines : new Stream().write(end);
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

async function heardOf(version: number): Promise<void> {
  await eventually(`version ${version} is heard of`, () => {
    return caches.pipeline('apps/podinfo')?.metadata.resourceVersion === String(version);
  });
}

test('a Pipeline is looked at when somebody asks for it as of Flux, and no other annotation is kept', async () => {
  looks.length = 0;
  pipelines.write({ type: 'MODIFIED', object: pipeline(10, { 'example.com/long': 'x'.repeat(1_000) }) });
  pipelines.write({ type: 'MODIFIED', object: pipeline(11, { 'reconcile.fluxcd.io/requestedAt': 'now' }) });
  await heardOf(11);
  expect(looks).toEqual(['apps/podinfo']);
  pipelines.write({ type: 'MODIFIED', object: pipeline(12, { 'example.com/long': 'x'.repeat(1_000) }) });
  await heardOf(12);
  expect(JSON.stringify(caches.pipeline('apps/podinfo'))).not.toContain('xxx');
});

test('a Pipeline of which an older record has come back is looked at', async () => {
  pipelines.write({ type: 'MODIFIED', object: pipeline(20) });
  await heardOf(20);
  looks.length = 0;
  pipelines.write({ type: 'MODIFIED', object: pipeline(15) });
  await heardOf(15);
  expect(looks).toContain('apps/podinfo');
});
