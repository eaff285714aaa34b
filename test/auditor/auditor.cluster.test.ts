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
  chart = await renderChart(helm, {
    'auditor.trusted': ['User trusted'],
    'auditor.fluxLockedDown': true,
  });
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

const credentialIn = (namespace: string) => ({
  apiVersion: 'lockkeeper.dev/v1alpha1',
  kind: 'Credential',
  metadata: { namespace, name: 'promoter' },
  spec: { host: 'github.com', repositories: ['acme/fleet'], token: { secretRef: { name: 'key' } } },
});

/** A namespace with a Credential `promoter` whose Secret does not exist. */
async function freshCredential(): Promise<string> {
  const namespace = await cluster.freshNamespace('access');
  await apply(credentialIn(namespace));
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
    managedFields: z.array(z.object({ manager: z.string().optional(), fieldsV1: z.unknown().optional() })),
  }),
  status: z.looseObject({ access: z.unknown().optional() }).optional(),
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
      secret: 'key',
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

  test('is Exclusive too when it is the controller that may read it', async () => {
    const namespace = await freshCredential();
    await untilVerdict(namespace, 'Exclusive');
    const controller = account(systemNamespace, 'lockkeeper-controller');
    // That somebody else is found shows that the binding was heard of.
    await apply(...readersOf(namespace, controller, user('ada')));
    expect(await untilVerdict(namespace, 'Shared')).toMatchObject({
      others: 1,
      paths: [{ subject: 'User ada' }],
    });
    await apply(...readersOf(namespace, controller));
    expect(await untilVerdict(namespace, 'Exclusive')).toMatchObject({ others: 0, paths: [] });
  });
});

/** A number that the auditor tells, summed over the other labels. */
async function metric(start: string): Promise<number> {
  const text = await (await fetch(`${auditor.telemetryUrl}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(start));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

const passes = (): Promise<number> => metric('lockkeeper_reconcile_total{');
const writes = (): Promise<number> => metric('lockkeeper_kube_requests_total{verb="patch"');

async function untilPasses(before: number, more: number): Promise<void> {
  await eventually(`${more} more passes`, async () => (await passes()) >= before + more);
}

test('whom the operator trusts is not counted, and named in the baseline', async () => {
  const namespace = await freshCredential();
  await apply(...readersOf(namespace, user('trusted'), user('ada')));
  const access = await untilVerdict(namespace, 'Shared');
  expect(access.paths.map(({ subject }) => subject)).toEqual(['User ada']);
  expect(access.baseline).toContain('Trusted by the operator: User trusted');
  await apply(...readersOf(namespace, user('trusted')));
  await untilVerdict(namespace, 'Exclusive');
});

test('that Flux is locked down, as the operator says, is told where one of its controllers can reach the Secret', async () => {
  const namespace = await freshCredential();
  const helm = { kind: 'ServiceAccount', namespace, name: 'helm-controller' };
  await apply(...readersOf(namespace, helm));
  const { baseline } = await untilVerdict(namespace, 'Shared');
  expect(baseline).toContainEqual(expect.stringContaining('Trusted by the operator: Flux is locked down'));
});

test('a right of the cluster that a binding completes, in a namespace of which no report speaks, is noticed', async () => {
  const namespace = await freshCredential();
  const far = await cluster.freshNamespace('far');
  const [editors, asMasters] = [{ namespace: far, name: 'editors' }, { name: 'acts-as-masters' }];
  const mayImpersonate = (resource: string) => [
    { apiGroups: [''], resources: [resource], verbs: ['impersonate'] },
  ];
  const edits = {
    ...rbac,
    kind: 'RoleBinding',
    metadata: editors,
    roleRef: roleRef('Role', editors.name),
    subjects: [user('eve')],
  };
  await apply(
    { ...rbac, kind: 'Role', metadata: editors, rules: mayImpersonate('serviceaccounts') },
    edits,
    { ...rbac, kind: 'ClusterRole', metadata: asMasters, rules: mayImpersonate('groups') },
    {
      ...rbac,
      kind: 'ClusterRoleBinding',
      metadata: asMasters,
      roleRef: roleRef('ClusterRole', asMasters.name),
      subjects: [user('eve')],
    },
  );
  await untilVerdict(namespace, 'Shared');
  await cluster.kubectl(['delete', 'rolebinding', editors.name, '-n', far]);
  await untilVerdict(namespace, 'Exclusive');
  await apply(edits);
  expect(await untilVerdict(namespace, 'Shared')).toMatchObject({ paths: [{ subject: 'User eve' }] });
  await cluster.kubectl(['delete', 'clusterrolebinding', asMasters.name]);
  await untilVerdict(namespace, 'Exclusive');
});

test('service accounts of other namespaces are counted, and nothing of theirs is named', async () => {
  const namespace = await freshCredential();
  const ci = await cluster.freshNamespace('canary');
  const metadata = { namespace: ci, name: 'impostors' };
  await apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: ci, name: 'canary-runner' } },
    ...readersOf(namespace, account(ci, 'canary-runner'), user('ada')),
    {
      ...rbac,
      kind: 'Role',
      metadata,
      rules: [
        {
          apiGroups: [''],
          resources: ['serviceaccounts/token'],
          resourceNames: ['canary-runner'],
          verbs: ['create'],
        },
      ],
    },
    {
      ...rbac,
      kind: 'RoleBinding',
      metadata,
      roleRef: roleRef('Role', 'impostors'),
      subjects: [user('eve')],
    },
  );
  const access = await untilAccess(namespace, 'all are found', ({ others }) => others === 3);
  expect(access).toMatchObject({
    verdict: 'Shared',
    message: `3 others can reach Secret key, 1 of them of other namespaces; see: lockkeeper access promoter -n ${namespace}`,
    elsewhere: 1,
  });
  expect(access.paths.map(({ subject }) => subject)).toEqual(['User ada', 'User eve']);
  expect(JSON.stringify(access)).not.toContain('canary');
  expect(access.paths[1]?.via).toContain(
    'a RoleBinding of another namespace -> a Role of another namespace -> create serviceaccounts/token (I-2) -> a ServiceAccount of another namespace',
  );
  // A change where only that account lives concerns this Credential as well.
  await cluster.kubectl(['delete', 'rolebinding', 'impostors', '-n', ci]);
  await untilAccess(namespace, 'one is gone', ({ others }) => others === 2);
});

describe('of a status the auditor', () => {
  test('owns access and nothing else', async () => {
    const namespace = await freshCredential();
    await untilVerdict(namespace, 'Exclusive');
    const { metadata } = await read(namespace);
    const owned = metadata.managedFields.filter(({ manager }) => manager === 'lockkeeper-auditor');
    expect(owned).toEqual([
      { manager: 'lockkeeper-auditor', fieldsV1: { 'f:status': { 'f:access': expect.any(Object) } } },
    ]);
  });

  test('writes nothing when a change changes nothing', async () => {
    const namespace = await freshCredential();
    await untilVerdict(namespace, 'Exclusive');
    const { resourceVersion } = (await read(namespace)).metadata;
    const [passesBefore, writesBefore] = [await passes(), await writes()];
    const metadata = { namespace, name: 'nothing' };
    await apply(
      {
        ...rbac,
        kind: 'Role',
        metadata,
        rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['list'] }],
      },
      {
        ...rbac,
        kind: 'RoleBinding',
        metadata,
        roleRef: roleRef('Role', 'nothing'),
        subjects: [user('ada')],
      },
    );
    await untilPasses(passesBefore, 1);
    expect((await read(namespace)).metadata.resourceVersion).toBe(resourceVersion);
    expect(await writes()).toBe(writesBefore);
  });

  test('says again what somebody took away', async () => {
    const namespace = await freshCredential();
    const before = await untilVerdict(namespace, 'Exclusive');
    const nothing = { status: { access: null } };
    // By its own account, since the policy of the chart lets no other.
    const token = await tokenOf('lockkeeper-auditor');
    const { status } = await cluster
      .as(token)
      .api('PATCH', `${path(namespace, 'promoter')}/status`, nothing, 'application/merge-patch+json');
    expect(status).toBe(200);
    expect(await untilVerdict(namespace, 'Exclusive')).toMatchObject({
      ...before,
      checkedTime: expect.any(String),
    });
  });

  test('leaves alone what is not its own', async () => {
    const namespace = await freshCredential();
    await untilVerdict(namespace, 'Exclusive');
    await patchStatus(namespace, 'lockkeeper-controller', { valid: 'True' });
    await apply(...readersOf(namespace, user('ada')));
    await untilVerdict(namespace, 'Shared');
    expect((await read(namespace)).status).toMatchObject({ valid: 'True' });
  });
});

const tokenOf = (serviceAccount: string) =>
  cluster.requestToken({ namespace: systemNamespace, serviceAccount });

/** Server-side apply of a status by one of our service accounts, or by an administrator; each under a name of its own. */
async function patchStatus(
  namespace: string,
  by: 'lockkeeper-auditor' | 'lockkeeper-controller' | 'admin',
  status: object,
): Promise<{ readonly status: number; readonly message: string }> {
  const token = by === 'admin' ? cluster.adminToken : await tokenOf(by);
  const answer = await cluster
    .as(token)
    .api<{ message?: string }>(
      'PATCH',
      `${path(namespace, 'promoter')}/status?fieldManager=${by}&force=true`,
      { ...credentialIn(namespace), spec: undefined, status },
      'application/apply-patch+yaml',
    );
  return { status: answer.status, message: answer.body.message ?? '' };
}

describe('the policy of the chart', () => {
  const access = {
    verdict: 'Exclusive',
    secret: 'key',
    checkedTime: '2026-11-25T12:00:00Z',
    message: 'by a thief',
    others: 0,
    elsewhere: 0,
    paths: [],
    baseline: [],
  };

  /** Of a Credential of which no auditor knows, as none was there when it came. */
  async function withoutAuditor<T>(work: (namespace: string) => Promise<T>): Promise<T> {
    await auditor.stop();
    try {
      return await work(await freshCredential());
    } finally {
      auditor = await startAuditor();
    }
  }

  test('keeps the auditor to access, and the controller from it', async () => {
    await withoutAuditor(async (namespace) => {
      expect(
        await patchStatus(namespace, 'lockkeeper-auditor', { valid: 'True', appearsAs: 'eve', access }),
      ).toEqual({
        status: 422,
        message: expect.stringMatching(
          /the auditor writes access alone, and not (appearsAs, valid|valid, appearsAs)$/,
        ),
      });
      expect(await patchStatus(namespace, 'lockkeeper-controller', { valid: 'True', access })).toEqual({
        status: 422,
        message: expect.stringContaining('the controller writes all but access'),
      });
      const taken = { status: 200, message: '' };
      expect(await patchStatus(namespace, 'lockkeeper-controller', { valid: 'True' })).toEqual(taken);
      expect(await patchStatus(namespace, 'lockkeeper-auditor', { access })).toEqual(taken);
      // By now there is something of the other one that each could change or take away.
      expect(await patchStatus(namespace, 'lockkeeper-controller', { valid: 'False' })).toEqual(taken);
      expect(
        await patchStatus(namespace, 'lockkeeper-auditor', { access: { ...access, others: 1 } }),
      ).toEqual(taken);
      expect(await patchStatus(namespace, 'lockkeeper-auditor', { access, valid: 'True' })).toMatchObject({
        status: 422,
      });
      expect(await patchStatus(namespace, 'lockkeeper-controller', { access })).toMatchObject({
        status: 422,
      });
      expect(await patchStatus(namespace, 'admin', { valid: 'True', access })).toMatchObject({ status: 403 });
    });
  });
});

describe('the process', () => {
  test('goes on where it stopped: it writes nothing again, and sees what came meanwhile', async () => {
    const [same, changed] = [await freshCredential(), await freshCredential()];
    await untilVerdict(same, 'Exclusive');
    await untilVerdict(changed, 'Exclusive');
    const { resourceVersion } = (await read(same)).metadata;
    expect(await auditor.stop()).toBe(0);
    await apply(...readersOf(changed, user('ada')));
    auditor = await startAuditor();
    await untilVerdict(changed, 'Shared');
    await untilPasses(0, await metric('lockkeeper_store_objects{resource="credentials"}'));
    expect((await read(same)).metadata.resourceVersion).toBe(resourceVersion);
  });

  test('counts what it found, forgets a Credential that is deleted, and answers for one of the same name', async () => {
    const namespace = await freshCredential();
    await apply(...readersOf(namespace, user('ada')));
    await untilVerdict(namespace, 'Shared');
    const [shared, readers] = [
      'lockkeeper_credential_access{verdict="Shared"}',
      'lockkeeper_credential_access_others{class="Read"}',
    ];
    const before = [await metric(shared), await metric(readers)];
    await cluster.kubectl(['delete', 'credential', 'promoter', '-n', namespace]);
    await eventually('it is counted no more', async () => (await metric(shared)) < (before[0] ?? 0));
    expect([await metric(shared), await metric(readers)]).toEqual(before.map((count) => count - 1));
    await apply(credentialIn(namespace));
    await untilVerdict(namespace, 'Shared');
  });

  test('is ready, leads nothing, and has never asked for a Secret', async () => {
    expect(await (await fetch(`${auditor.telemetryUrl}/readyz`)).text()).toBe('ok');
    expect(await (await fetch(`${auditor.telemetryUrl}/livez`)).text()).toBe('ok');
    expect(await metric('lockkeeper_leader ')).toBe(0);
    const scrape = await (await fetch(`${auditor.telemetryUrl}/metrics`)).text();
    expect(scrape).toContain('resource="subjectaccessreviews"');
    expect(scrape).not.toContain('resource="secrets"');
    expect(await auditor.log()).not.toContain('"level":"error"');
  });
});
