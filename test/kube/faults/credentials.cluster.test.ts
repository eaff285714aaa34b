import { expect, test } from '@jest/globals';
import type { Secret } from '../../../src/base/secret.ts';
import type { TlsMaterial } from '../../../src/kube/transport/connection.ts';
import { pathOf } from '../../../src/kube/resource.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { isFollowing } from '../asked.ts';
import { setStage } from './stage.ts';

const stage = setStage('credentials');

const serviceAccount = 'reader';

async function makeAccount(): Promise<Secret> {
  const { namespace } = stage.fleet;
  const text = `{ apiVersion: v1, kind: ServiceAccount, metadata: { name: ${serviceAccount}, namespace: ${namespace} } }`;
  await stage.cluster.applyYaml(text);
  return await stage.cluster.requestToken({ namespace, serviceAccount });
}

test('the token is rotated, and the old one revoked, while it runs', async () => {
  const { cluster, fleet } = stage;
  const { namespace, resource } = fleet;
  await cluster.applyYaml(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: ${namespace} }
rules: [{ apiGroups: ['${resource.group}'], resources: [boats], verbs: [list, watch] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${namespace} }
subjects: [{ kind: ServiceAccount, name: ${serviceAccount}, namespace: ${namespace} }]
`);
  const old = await makeAccount();
  let issued = old;
  let held = old;
  // As one that reads the file only when it has to.
  const scene = await stage.start({ token: ({ fresh }) => (fresh ? (held = issued) : held) });
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}`;
  expect(await cluster.api('DELETE', account)).toMatchObject({ status: 200 });
  issued = await makeAccount();
  const refused = async (): Promise<boolean> =>
    (await cluster.as(old).api('GET', pathOf(resource))).status === 401;
  // The server remembers for ten seconds whom it knew.
  await eventually('the old one is refused', refused, { deadlineMs: 30_000 });
  scene.watch.reset();
  await fleet.change();
  await scene.recovered('token rotated');
  expect(scene.troubles).toEqual(['Unavailable']);
  const last = scene.proxy.asked.findLast(isFollowing);
  expect(last?.headers.authorization === `Bearer ${issued.expose()}`).toBe(true);
}, 60_000);

test('the authority is rotated while it runs', async () => {
  const scene = await stage.start();
  scene.proxy.changeCertificate();
  scene.proxy.breakAll();
  await stage.fleet.change();
  await scene.recovered('authority rotated');
  expect(scene.asked().whole).toBe(1);
});

test('the authority is rotated while it runs, and read anew only once the old one is not believed', async () => {
  let held: TlsMaterial | undefined;
  const scene = await stage.start({
    tls: (proxy) => (ask) => (ask.fresh || held === undefined ? (held = { ca: proxy.ca }) : held),
  });
  scene.proxy.changeCertificate();
  scene.proxy.breakAll();
  await stage.fleet.change();
  await scene.recovered('authority rotated, read late');
});
