import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { CredentialAccess } from '../../src/api/credential.ts';
import { renderChart, systemNamespace, type RenderedChart } from '../sandbox/chart.ts';
import { startControlPlane, type ControlPlane } from '../sandbox/cluster/control-plane.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { startController, type ControllerProcess } from '../sandbox/controller-process.ts';

// Of its own, since others would see bindings of the whole cluster.
let cluster: ControlPlane;
let chart: RenderedChart;
let folder: string;
let auditor: ControllerProcess;

beforeAll(async () => {
  cluster = await startControlPlane({ say: () => undefined });
  const { helm } = await cluster.tools();
  chart = await renderChart(helm, {});
  folder = await mkdtemp(join(tmpdir(), 'lockkeeper-auditor-'));
  await cluster.ensureNamespace(systemNamespace);
  const objects = chart.objects.filter(({ kind }) => kind !== 'Deployment');
  await cluster.applyYaml(objects.map((object) => stringify(object)).join('---\n'));
  auditor = await startAuditor();
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  await auditor.stop();
  await cluster.stop();
  await rm(folder, { recursive: true });
});

let starts = 0;

/** The auditor as the chart runs it, under exactly its rules. */
async function startAuditor(): Promise<ControllerProcess> {
  if (chart.auditor === undefined) throw new Error('the chart has no auditor');
  starts += 1;
  return await startController({
    folder: join(folder, `auditor-${starts}`),
    chart: chart.auditor,
    server: cluster.server,
    ca: cluster.ca,
    token: await cluster.requestToken({ namespace: systemNamespace, serviceAccount: 'lockkeeper-auditor' }),
  });
}

const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
const roleRef = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });
const path = (namespace: string, name = '') =>
  `/apis/lockkeeper.dev/v1alpha1/namespaces/${namespace}/credentials/${name}`;

async function apply(...objects: readonly object[]): Promise<void> {
  await cluster.applyYaml(
    objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n'),
  );
}

/** A namespace with a Credential `promoter` whose Secret does not exist. */
async function freshCredential(): Promise<string> {
  const namespace = await cluster.freshNamespace('access');
  await apply({
    apiVersion: 'lockkeeper.dev/v1alpha1',
    kind: 'Credential',
    metadata: { namespace, name: 'promoter' },
    spec: { host: 'github.com', repositories: ['acme/fleet'], token: { secretRef: { name: 'key' } } },
  });
  return namespace;
}

/** A role in a namespace that reads the Secret, and who has it. */
function readersOf(namespace: string, ...subjects: readonly object[]): readonly object[] {
  const metadata = { namespace, name: 'readers' };
  return [
    {
      ...rbac,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['key'] }],
    },
    { ...rbac, kind: 'RoleBinding', metadata, roleRef: roleRef('Role', 'readers'), subjects },
  ];
}

const user = (name: string) => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name });
const account = (namespace: string, name: string) => ({ kind: 'ServiceAccount', namespace, name });

const stored = z.object({
  metadata: z.object({
    resourceVersion: z.string(),
    managedFields: z.array(z.object({ manager: z.string(), fieldsV1: z.unknown() })),
  }),
  status: z.looseObject({ access: z.unknown() }).optional(),
});

async function read(namespace: string): Promise<z.infer<typeof stored>> {
  return stored.parse((await cluster.api('GET', path(namespace, 'promoter'))).body);
}

async function accessOf(namespace: string): Promise<CredentialAccess | undefined> {
  return (await read(namespace)).status?.access as CredentialAccess | undefined; // what the API server has checked
}

async function untilAccess(
  namespace: string,
  what: string,
  holds: (access: CredentialAccess) => boolean,
): Promise<CredentialAccess> {
  let last: CredentialAccess | undefined;
  await eventually(
    what,
    async () => {
      last = await accessOf(namespace);
      return last !== undefined && holds(last);
    },
    { deadlineMs: 20_000 },
  ).catch((cause: unknown) => {
    throw new Error(`${what}; status says ${JSON.stringify(last)}`, { cause });
  });
  if (last === undefined) throw new Error('there is no answer');
  return last;
}

const untilVerdict = (namespace: string, verdict: CredentialAccess['verdict']): Promise<CredentialAccess> =>
  untilAccess(namespace, `it is ${verdict}`, (access) => access.verdict === verdict);

describe('a Secret that nobody has been let to', () => {
  test('is Exclusive, also while it does not exist, and Shared for as long as a binding names somebody', async () => {
    const namespace = await freshCredential();
    expect(await untilVerdict(namespace, 'Exclusive')).toEqual({
      verdict: 'Exclusive',
      checkedTime: expect.any(String),
      message: 'nobody but the controller and the baseline can reach Secret key',
      others: 0,
      elsewhere: 0,
      paths: [],
      baseline: expect.arrayContaining([expect.stringContaining('system:masters')]),
    });
    await apply(...readersOf(namespace, user('ada')));
    expect(await untilVerdict(namespace, 'Shared')).toMatchObject({
      message: `1 other can reach Secret key; see: lockkeeper access promoter -n ${namespace}`,
      others: 1,
      elsewhere: 0,
      paths: [
        {
          subject: 'User ada',
          class: 'Read',
          via: `RoleBinding ${namespace}/readers -> Role ${namespace}/readers -> get secrets named key`,
        },
      ],
    });
    await cluster.kubectl(['delete', 'rolebinding', 'readers', '-n', namespace]);
    await untilVerdict(namespace, 'Exclusive');
  });

  test('is Exposed by a binding of the cluster, to whatever namespace it was made first', async () => {
    const [one, other] = [await freshCredential(), await freshCredential()];
    await apply({
      ...rbac,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'everybody-admin' },
      roleRef: roleRef('ClusterRole', 'cluster-admin'),
      subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:authenticated' }],
    });
    await untilVerdict(one, 'Exposed');
    await untilVerdict(other, 'Exposed');
    await cluster.kubectl(['delete', 'clusterrolebinding', 'everybody-admin']);
    await untilVerdict(one, 'Exclusive');
    await untilVerdict(other, 'Exclusive');
  });

  test('the controller may read it by what lockkeeper rbac prints, which is no other', async () => {
    const namespace = await freshCredential();
    await apply(...readersOf(namespace, account(systemNamespace, 'lockkeeper-controller')));
    await untilVerdict(namespace, 'Exclusive');
  });
});
