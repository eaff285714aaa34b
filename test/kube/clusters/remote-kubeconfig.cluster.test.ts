import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { remoteKubeconfig } from '../../../src/kube/clusters/remote-kubeconfig.ts';
import { pathOf } from '../../../src/kube/resource.ts';
import { readSecret } from '../../../src/kube/secrets.ts';
import { Transport } from '../../../src/kube/transport/transport.ts';
import type { Cluster } from '../../sandbox/cluster/cluster.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { obtainControlPlane } from '../../sandbox/cluster/obtain-control-plane.ts';

let cluster: Cluster;
let folder = '';

beforeAll(async () => {
  cluster = await obtainControlPlane({ say: () => undefined });
  folder = await mkdtemp(join(tmpdir(), 'lockkeeper-remote-'));
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true });
});

test('a real cluster is reached by the kubeconfig that a Secret of another one holds', async () => {
  const namespace = await cluster.freshNamespace('remote');
  await cluster.applyYaml(`
apiVersion: v1
kind: ServiceAccount
metadata: { name: keeper, namespace: ${namespace} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: keeper, namespace: ${namespace} }
rules: [{ apiGroups: [''], resources: [configmaps], verbs: [list] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: keeper, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: keeper }
subjects: [{ kind: ServiceAccount, name: keeper, namespace: ${namespace} }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: anna, namespace: ${namespace} }
`);
  const token = await cluster.requestToken({ namespace, serviceAccount: 'keeper' });
  const keeper = cluster.as(token);
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  await eventually('the role counts', async () => (await keeper.api('GET', path)).status === 200);
  const file = await cluster.kubeconfigFor({ token, folder, name: 'keeper', namespace });
  await cluster.api('POST', `/api/v1/namespaces/${namespace}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'lake' },
    stringData: { value: readFileSync(file, 'utf8') },
  });
  const home = new Transport({
    server: cluster.server,
    tls: () => ({ ca: cluster.ca }),
    token: () => cluster.adminToken,
  });
  const signal = AbortSignal.timeout(30_000);
  const { data } = await readSecret(home, { namespace, name: 'lake' }, signal);
  await home.close();
  const remote = new Transport(
    remoteKubeconfig(data.get('value') ?? new Secret(''), `Secret ${namespace}/lake`),
  );
  const configMaps = { group: '', version: 'v1', plural: 'configmaps' };
  const list = await remote.call({ method: 'GET', path: pathOf(configMaps, { namespace }), signal });
  await remote.close();
  expect(list).toMatchObject({ items: [{ metadata: { name: 'anna' } }] });
});

test('a kubeconfig that kubectl writes itself is taken', async () => {
  const { stdout } = await cluster.kubectl(['config', 'view', '--minify', '--flatten', '--raw']);
  expect(remoteKubeconfig(new Secret(stdout, 'stored'), 'SECRET').server).toBe(cluster.server);
});
