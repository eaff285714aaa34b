import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { Secret } from '../../src/base/secret.ts';
import { renderChart, systemNamespace } from '../sandbox/chart.ts';
import { startControlPlane, type ControlPlane } from '../sandbox/cluster/control-plane.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { untilRbacCounts } from '../sandbox/cluster/until-rbac-counts.ts';

// Of its own, since others would see what is forbidden in the whole cluster.
let cluster: ControlPlane;
let helm: string;
const namespace = 'apps';

beforeAll(async () => {
  cluster = await startControlPlane({ say: () => undefined });
  ({ helm } = await cluster.tools());
  await cluster.ensureNamespace(systemNamespace);
  await cluster.ensureNamespace(namespace);
  const { objects } = await renderChart(helm, {});
  await apply(...objects.filter(({ kind }) => kind !== 'Deployment'));
  await apply(...writers, ...things);
  await untilRbacCounts(cluster, { namespace, clusterWide: true });
  for (const plural of plurals)
    await eventually(`the API server knows the policy of ${plural}`, async () => {
      return (await write('an administrator', plural, statuses[plural])).status === 403;
    });
}, 600_000); // the first start on a machine builds the servers

afterAll(() => cluster.stop());

async function apply(...objects: readonly object[]): Promise<void> {
  await cluster.applyYaml(
    objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n'),
  );
}

const rbac = 'rbac.authorization.k8s.io';
const accounts = {
  'the controller': { namespace: systemNamespace, serviceAccount: 'lockkeeper-controller' },
  'the auditor': { namespace: systemNamespace, serviceAccount: 'lockkeeper-auditor' },
  'an administrator of the namespace': { namespace, serviceAccount: 'owner' },
  "an account of the controller's name elsewhere": { namespace, serviceAccount: 'lockkeeper-controller' },
};
type Writer = keyof typeof accounts | 'an administrator';
type Plural = 'pipelines' | 'credentials';

/** Everybody here may do everything with our kinds in the namespace, as far as roles go. */
const writers = [
  ...['owner', 'lockkeeper-controller'].map((name) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace, name },
  })),
  {
    apiVersion: `${rbac}/v1`,
    kind: 'Role',
    metadata: { namespace, name: 'writers' },
    rules: [{ apiGroups: ['lockkeeper.dev'], resources: ['*'], verbs: ['*'] }],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: { namespace, name: 'writers' },
    roleRef: { apiGroup: rbac, kind: 'Role', name: 'writers' },
    subjects: Object.values(accounts).map((each) => ({
      kind: 'ServiceAccount',
      name: each.serviceAccount,
      namespace: each.namespace,
    })),
  },
];

const kinds = { pipelines: 'Pipeline', credentials: 'Credential' };
const specs = {
  pipelines: {
    appRef: { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', name: 'podinfo' },
    environments: ['dev', 'prod'].map((name) => ({ name, targets: [{ namespace: `podinfo-${name}` }] })),
    promotion: {
      strategy: {
        pullRequest: {
          url: 'https://github.com/acme/fleet',
          baseBranch: 'main',
          paths: ['apps/podinfo'],
          credentialRef: { name: 'promoter' },
        },
      },
    },
  },
  credentials: {
    host: 'github.com',
    repositories: ['acme/fleet'],
    token: { secretRef: { name: 'key' } },
  },
};
const thing = (plural: Plural, name = 'promoter') => ({
  apiVersion: 'lockkeeper.dev/v1alpha1',
  kind: kinds[plural],
  metadata: { namespace, name },
  spec: specs[plural],
});
const things = [thing('pipelines'), thing('credentials')];
const path = (plural: Plural, name = 'promoter') =>
  `/apis/lockkeeper.dev/v1alpha1/namespaces/${namespace}/${plural}/${name}`;

async function tokenOf(who: Writer): Promise<Secret> {
  return who === 'an administrator' ? cluster.adminToken : await cluster.requestToken(accounts[who]);
}

interface Said {
  readonly status: number;
  readonly message: string;
}

/** A merge patch of a status. */
async function write(who: Writer, plural: Plural, status: object | null): Promise<Said> {
  const client = cluster.as(await tokenOf(who));
  const answer = await client.api<{ message?: string }>(
    'PATCH',
    `${path(plural)}/status`,
    { status },
    'application/merge-patch+json',
  );
  return { status: answer.status, message: answer.body.message ?? '' };
}

interface Stored {
  readonly metadata: { readonly labels?: object };
  readonly status?: unknown;
}

async function stored(plural: Plural, name = 'promoter'): Promise<Stored> {
  return (await cluster.api<Stored>('GET', path(plural, name))).body;
}

const taken: Said = { status: 200, message: '' };
const controller = `system:serviceaccount:${systemNamespace}:lockkeeper-controller`;
const auditor = `system:serviceaccount:${systemNamespace}:lockkeeper-auditor`;
const sentences = {
  pipelines: `the status of pipelines is written by ${controller} alone`,
  credentials: `the status of credentials is written by ${controller} and ${auditor} alone`,
};
const refused = (plural: Plural): Said => ({
  status: 403,
  message: expect.stringContaining(`denied request: ${sentences[plural]}`) as unknown as string, // a matcher
});
const plurals = ['pipelines', 'credentials'] as const;
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
const statuses = { pipelines: { observedGeneration: 1 }, credentials: { valid: 'True' } };

describe.each(plurals)('the status of %s', (plural) => {
  test('is written by the controller', async () => {
    expect(await write('the controller', plural, statuses[plural])).toEqual(taken);
    expect((await stored(plural)).status).toMatchObject(statuses[plural]);
  });

  test.each([
    'an administrator',
    'an administrator of the namespace',
    "an account of the controller's name elsewhere",
  ] as const)('is written, changed and taken away by no other: %s', async (who) => {
    await write('the controller', plural, statuses[plural]);
    const before = await stored(plural);
    expect(await write(who, plural, { observedGeneration: 7 })).toEqual(refused(plural));
    expect(await write(who, plural, { access, observedGeneration: 7 })).toEqual(refused(plural));
    expect(await write(who, plural, null)).toEqual(refused(plural));
    expect(await write(who, plural, {})).toEqual(refused(plural));
    expect(await stored(plural)).toEqual(before);
  });

  test('is refused to a put and to a server-side apply as well', async () => {
    const before = await stored(plural);
    const forged = { ...before, status: { observedGeneration: 7 } };
    const put = await cluster.api('PUT', `${path(plural)}/status`, forged);
    const applied = await cluster.api(
      'PATCH',
      `${path(plural)}/status?fieldManager=lockkeeper-auditor&force=true`,
      { ...thing(plural), spec: undefined, status: { observedGeneration: 7 } },
      'application/apply-patch+yaml',
    );
    expect([put.status, applied.status]).toEqual([403, 403]);
    expect(await stored(plural)).toEqual(before);
  });

  test('is left alone by who creates, changes or deletes the object with one, and that is not refused', async () => {
    const name = 'another';
    const status = { observedGeneration: 7 };
    const all = path(plural, '').slice(0, -1);
    expect((await cluster.api('POST', all, { ...thing(plural, name), status })).status).toBe(201);
    const made = await stored(plural, name);
    expect(made.status).toBeUndefined();
    const labels = { team: 'a' };
    const changed = { ...made, metadata: { ...made.metadata, labels }, status };
    expect((await cluster.api('PUT', path(plural, name), changed)).status).toBe(200);
    expect(await stored(plural, name)).toMatchObject({ metadata: { labels } });
    expect((await stored(plural, name)).status).toBeUndefined();
    expect((await cluster.api('DELETE', path(plural, name))).status).toBe(200);
  });
});

test('the auditor writes no status of a Pipeline, whatever its roles give, and access of a Credential', async () => {
  expect(await write('the auditor', 'pipelines', { observedGeneration: 7 })).toEqual(refused('pipelines'));
  expect(await write('the auditor', 'credentials', { access })).toEqual(taken);
  expect(await write('the auditor', 'credentials', { observedGeneration: 7 })).toEqual({
    status: 422,
    message: expect.stringContaining('the auditor writes access alone, and not observedGeneration'),
  });
  expect(await write('the controller', 'credentials', { access: null })).toEqual({
    status: 422,
    message: expect.stringContaining('the controller writes all but access'),
  });
});

test('the policy is left out with statusPolicy.enabled alone, and refuses what it cannot judge', async () => {
  const kindsOf = async (values: Record<string, unknown>): Promise<unknown[]> => {
    const { objects } = await renderChart(helm, values);
    return objects.filter(({ kind }) => String(kind).startsWith('ValidatingAdmission'));
  };
  const both = [
    expect.objectContaining({ spec: expect.objectContaining({ failurePolicy: 'Fail' }) }),
    expect.objectContaining({ spec: { policyName: 'lockkeeper-status', validationActions: ['Deny'] } }),
  ];
  expect(await kindsOf({})).toEqual(both);
  expect(await kindsOf({ auditor: { enabled: false } })).toEqual(both);
  expect(await kindsOf({ statusPolicy: { enabled: false } })).toEqual([]);
});

test('where there is no auditor nobody writes access', async () => {
  const { objects } = await renderChart(helm, { auditor: { enabled: false } });
  await apply(...objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy'));
  await eventually('the API server knows the policy', async () => {
    return (await write('the auditor', 'credentials', { access: null })).status === 403;
  });
  expect((await write('the auditor', 'credentials', { access: null })).message).toContain(
    `the status of credentials is written by ${controller} alone`,
  );
  expect(await write('the controller', 'credentials', { access: { ...access, others: 1 } })).toMatchObject({
    status: 422,
  });
  expect(await write('the controller', 'credentials', { valid: 'False' })).toEqual(taken);
});
