import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Secret } from '../../../src/base/secret.ts';
import { inCluster } from '../../../src/kube/clusters/in-cluster.ts';
import { pathOf } from '../../../src/kube/resource.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { isFollowing } from '../asked.ts';
import { AccountVolume } from '../clusters/account-volume.ts';
import { setStage } from './stage.ts';

const stage = setStage('credentials');

const serviceAccount = 'reader';
const volumes: AccountVolume[] = [];

beforeAll(async () => {
  const { namespace, resource } = stage.fleet;
  await stage.cluster.applyYaml(`
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
});
afterAll(() => {
  for (const volume of volumes) volume.remove();
});

/** The token of an account that has not been there before. */
async function issueToken(): Promise<Secret> {
  const { cluster, fleet } = stage;
  const { namespace } = fleet;
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}`;
  expect([200, 404]).toContain((await cluster.api('DELETE', path)).status);
  await cluster.applyYaml(
    `{ apiVersion: v1, kind: ServiceAccount, metadata: { name: ${serviceAccount}, namespace: ${namespace} } }`,
  );
  return await cluster.requestToken({ namespace, serviceAccount });
}

/** One that knows whom to trust and who it is from its service account's folder; `said` is what was wrong with that. */
async function startInPod(token: Secret) {
  const volume = new AccountVolume({ token: token.expose(), 'ca.crt': 'still to come' });
  volumes.push(volume);
  const said: string[] = [];
  const scene = await stage.start({
    connection: ({ server, ca }) => {
      volume.replace({ token: token.expose(), 'ca.crt': ca });
      const { hostname, port } = new URL(server);
      const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
      return inCluster(volume.folder, env, ({ message }) => void said.push(message));
    },
  });
  return { scene, volume, said };
}

test('the token is rotated on disk, and the old one revoked, while it runs', async () => {
  const { cluster, fleet } = stage;
  const old = await issueToken();
  const { scene, volume, said } = await startInPod(old);
  const issued = await issueToken();
  volume.replace({ token: issued.expose(), 'ca.crt': scene.proxy.ca });
  const refused = async (): Promise<boolean> =>
    (await cluster.as(old).api('GET', pathOf(fleet.resource))).status === 401;
  // The server remembers for ten seconds whom it knew.
  await eventually('the old one is refused', refused, { deadlineMs: 30_000 });
  scene.watch.reset();
  await fleet.change();
  await scene.recovered('token rotated');
  expect(scene.troubles).toEqual(['Unavailable']);
  const last = scene.proxy.asked.findLast(isFollowing);
  expect(last?.headers.authorization === `Bearer ${issued.expose()}`).toBe(true);
  expect(said).toEqual([]);
}, 60_000);

test('the authority is rotated while it runs', async () => {
  const scene = await stage.start();
  scene.proxy.changeCertificate();
  scene.proxy.breakAll();
  await stage.fleet.change();
  await scene.recovered('authority rotated');
  expect(scene.asked().whole).toBe(1);
});

test('the authority is rotated on disk while it runs, and read anew once the old one is not believed', async () => {
  const token = await issueToken();
  const { scene, volume, said } = await startInPod(token);
  scene.proxy.changeCertificate();
  volume.replace({ token: token.expose(), 'ca.crt': scene.proxy.ca });
  scene.proxy.breakAll();
  await stage.fleet.change();
  await scene.recovered('authority rotated on disk');
  expect(scene.asked().whole).toBe(1);
  expect(said).toEqual([]);
});
