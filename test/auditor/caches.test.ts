import { afterEach, expect, test } from '@jest/globals';
import { createAuditorCaches, type AuditorCaches } from '../../src/auditor/caches.ts';
import { doubtOf } from '../../src/auditor/doubt.ts';
import { Transport } from '../../src/kube/transport/transport.ts';
import { startScriptedApi, Stream, type ScriptedApi } from '../kube/scripted-api.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';

/** As a later API server may have it. */
const unknown = {
  metadata: { namespace: 'team-a', name: 'later', uid: 'u-1', resourceVersion: '2' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'RoleSet', name: 'all' },
};
const list = (items: readonly object[]) => ({ body: { metadata: { resourceVersion: '10' }, items } });

let api: ScriptedApi;
let transport: Transport;
let caches: AuditorCaches;
afterEach(async () => {
  await caches.stop();
  await transport.close();
  await api.close();
});

test('no audit is believed from when a binding comes that cannot be read until it is gone', async () => {
  const bindings = new Stream();
  api = await startScriptedApi(({ path, query }) => {
    if (query['watch'] !== 'true') return list([]);
    if (query['sendInitialEvents'] === 'true') return { status: 422, body: {} };
    return path.endsWith('/rolebindings') ? bindings : new Stream();
  });
  transport = new Transport(api.connection);
  const places: string[] = [];
  caches = createAuditorCaches(transport, {
    onRbac: (place) => places.push(place),
    onCredential: () => undefined,
    onTrouble: () => undefined,
    onRestart: () => undefined,
  });
  await caches.start();
  const doubt = () => doubtOf(caches.facts());
  expect([doubt(), places]).toEqual([undefined, []]);
  bindings.write({ type: 'ADDED', object: unknown });
  const words = 'a role or binding cannot be read: see the log of the auditor';
  await eventually('it is doubted', () => doubt() === words);
  // All of the cluster is looked at anew.
  expect(places).toEqual(['']);
  bindings.write({ type: 'DELETED', object: unknown });
  await eventually('it is believed again', () => doubt() === undefined);
});
