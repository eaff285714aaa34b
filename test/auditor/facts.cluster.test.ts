import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ClusterClient } from '../sandbox/cluster/cluster-client.ts';
import type { Cluster } from '../sandbox/cluster/cluster.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { obtainControlPlane } from '../sandbox/cluster/obtain-control-plane.ts';
import { untilRbacCounts } from '../sandbox/cluster/until-rbac-counts.ts';
import { account, can, grant, role, type WrittenRule } from './fixtures/objects.ts';

/** What the audit takes for granted of an API server. */
let cluster: Cluster;
let namespace: string;

beforeAll(async () => {
  cluster = await obtainControlPlane({ say: () => undefined });
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  await cluster.stop();
});

/** Somebody with these rules alone, in a namespace of their own; they count. */
async function somebody(...rules: readonly WrittenRule[]): Promise<ClusterClient> {
  namespace = await cluster.freshNamespace('facts');
  const objects = [
    account(`${namespace}/bot`),
    role(`${namespace}/strong`, can('get', 'secrets')),
    ...grant(`${namespace}/x`, `ServiceAccount ${namespace}/bot`, ...rules),
  ];
  await cluster.applyYaml(objects.map((each) => JSON.stringify(each)).join('\n---\n'));
  await untilRbacCounts(cluster, { namespace });
  return cluster.as(await cluster.requestToken({ namespace, serviceAccount: 'bot' }));
}

const secrets = (): string => `/api/v1/namespaces/${namespace}/secrets`;
const rbac = (plural: string): string =>
  `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/${plural}`;
const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'app-token' } };
const binding = () => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'more' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'strong' },
  subjects: [{ kind: 'ServiceAccount', name: 'bot', namespace }],
});
const stronger = { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['*'] }] };

test('list by name takes a field selector, and by the empty name it takes none', async () => {
  const byName = await somebody(can('list', 'secrets', 'app-token'));
  expect((await byName.api('GET', secrets())).status).toBe(403);
  expect((await byName.api('GET', `${secrets()}?fieldSelector=metadata.name%3Dapp-token`)).status).toBe(200);
  const byNone = await somebody(can('list', 'secrets', ''));
  expect((await byNone.api('GET', secrets())).status).toBe(200);
});

test('create by name makes nothing by itself, and with patch by server-side apply', async () => {
  const apply = (as: ClusterClient) =>
    as.api('PATCH', `${secrets()}/app-token?fieldManager=x`, secret, 'application/apply-patch+yaml');
  const creates = await somebody(can('create', 'secrets', 'app-token'));
  expect((await creates.api('POST', secrets(), secret)).status).toBe(403);
  expect((await apply(creates)).status).toBe(403);
  const patches = await somebody(can('create, patch', 'secrets', 'app-token'));
  expect((await patches.api('POST', secrets(), secret)).status).toBe(403);
  expect((await apply(patches)).status).toBe(201);
});

test('nobody binds more than they have without bind, or writes more into a role without escalate', async () => {
  const things = 'roles.rbac.authorization.k8s.io, rolebindings.rbac.authorization.k8s.io';
  const rewrite = (as: ClusterClient) =>
    as.api('PATCH', `${rbac('roles')}/x`, stronger, 'application/merge-patch+json');
  const writes = await somebody(can('create, update, patch, get', things));
  expect((await writes.api('POST', rbac('rolebindings'), binding())).status).toBe(403);
  expect((await rewrite(writes)).status).toBe(403);
  const binds = await somebody(can('create, bind', things));
  expect((await binds.api('POST', rbac('rolebindings'), binding())).status).toBe(201);
  const escalates = await somebody(can('patch, escalate', things));
  expect((await rewrite(escalates)).status).toBe(200);
});

test('within bounds somebody acts as a service account where both rights are given, each in its place', async () => {
  const identity = can('impersonate:serviceaccount', 'serviceaccounts.authentication.k8s.io', 'reader');
  const readAs = async (...rules: readonly WrittenRule[]): Promise<number> => {
    await somebody(...rules);
    const reader = `ServiceAccount ${namespace}/reader`;
    const objects = [
      account(`${namespace}/reader`),
      ...grant(`${namespace}/y`, reader, can('list', 'secrets')),
    ];
    await cluster.applyYaml(objects.map((each) => JSON.stringify(each)).join('\n---\n'));
    await untilRbacCounts(cluster, { namespace });
    const token = await cluster.requestToken({ namespace, serviceAccount: 'bot' });
    const as = `--as=system:serviceaccount:${namespace}:reader`;
    return (await cluster.kubectl(['get', '--raw', secrets(), as], { token })).code;
  };
  expect(await readAs(identity)).toBe(1);
  expect(await readAs(identity, can('impersonate-on:serviceaccount:list', 'secrets'))).toBe(0);
  expect(await readAs(can('impersonate', 'serviceaccounts', 'reader'))).toBe(0);
});

test('with RBAC alone it knows all that somebody may do, also where a role of theirs is not there', async () => {
  const one = await somebody(can('get', 'pods'));
  const missing = { ...binding(), roleRef: { ...binding().roleRef, name: 'not-there' } };
  expect((await cluster.api('POST', rbac('rolebindings'), missing)).status).toBe(201);
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    spec: { namespace },
  };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
  let status: { incomplete?: boolean; evaluationError?: string } = {};
  // It hears of the binding a moment later.
  await eventually('the role is missed', async () => {
    ({ status } = (await one.api<{ status: typeof status }>('POST', path, review)).body);
    return status.evaluationError !== undefined;
  });
  expect(status).toMatchObject({ incomplete: false, evaluationError: expect.stringContaining('not-there') });
});
