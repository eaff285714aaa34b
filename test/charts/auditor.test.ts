import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { auditorFieldOwner } from '../../src/api/meta.ts';
import { readAuditorConfig } from '../../src/cli/auditor-config.ts';
import { renderChart, systemNamespace } from '../sandbox/chart.ts';
import { locateTools } from '../sandbox/cluster/tools.ts';
import { forbiddenToAuditorIn, rolesOf, rulesOf } from './rules.ts';

const account = 'lockkeeper-auditor';

let helm: string;
beforeAll(async () => {
  ({ helm } = await locateTools({ say: () => undefined }));
}, 120_000); // unpacks helm once on a machine

type Values = Record<string, unknown>;

const ofAuditor = async (values: Values = {}): Promise<readonly Record<string, unknown>[]> =>
  rolesOf((await renderChart(helm, values)).objects, account);

const container = z.looseObject({ ports: z.unknown(), resources: z.unknown(), args: z.array(z.string()) });
const deployment = z.object({
  kind: z.literal('Deployment'),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    replicas: z.number(),
    strategy: z.unknown(),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.object({
        serviceAccountName: z.string(),
        securityContext: z.unknown(),
        volumes: z.unknown().optional(),
        containers: z.array(container).length(1),
      }),
    }),
  }),
});

/** Deployments by their names. */
async function deployments(values: Values = {}) {
  const { objects } = await renderChart(helm, values);
  const parsed = objects.flatMap((object) => deployment.safeParse(object).data ?? []);
  return new Map(parsed.map((each) => [each.metadata.name, each.spec]));
}

async function podOf(name: string, values: Values = {}) {
  const spec = (await deployments(values)).get(name);
  if (spec === undefined) throw new Error(`there is no Deployment ${name}`);
  const [only] = spec.template.spec.containers;
  return { ...spec, pod: spec.template.spec, container: only ?? container.parse({}) };
}

describe('the rights of the auditor', () => {
  test('are these and no more, in the whole cluster, held by its service account alone', async () => {
    const objects = await ofAuditor();
    expect(rulesOf(objects)).toEqual([
      'list roles.rbac.authorization.k8s.io',
      'watch roles.rbac.authorization.k8s.io',
      'list clusterroles.rbac.authorization.k8s.io',
      'watch clusterroles.rbac.authorization.k8s.io',
      'list rolebindings.rbac.authorization.k8s.io',
      'watch rolebindings.rbac.authorization.k8s.io',
      'list clusterrolebindings.rbac.authorization.k8s.io',
      'watch clusterrolebindings.rbac.authorization.k8s.io',
      'create subjectaccessreviews.authorization.k8s.io',
      'list credentials.lockkeeper.dev',
      'watch credentials.lockkeeper.dev',
      'patch credentials/status.lockkeeper.dev',
    ]);
    expect(objects.filter(({ kind }) => String(kind).endsWith('Binding'))).toEqual([
      expect.objectContaining({
        kind: 'ClusterRoleBinding',
        subjects: [{ kind: 'ServiceAccount', name: account, namespace: systemNamespace }],
      }),
    ]);
  });

  test('open no Secret and change no right, whatever is set', async () => {
    for (const values of [{}, { replicas: 2, logLevel: 'debug' }])
      expect(forbiddenToAuditorIn(rulesOf(await ofAuditor(values)))).toEqual([]);
  });

  test.each([
    'get secrets',
    'list secrets',
    'watch *',
    'list roles.*',
    'create serviceaccounts/token',
    'impersonate users',
    'patch roles.rbac.authorization.k8s.io',
    'create rolebindings.rbac.authorization.k8s.io',
    'bind clusterroles.rbac.authorization.k8s.io',
    'create pods',
    'patch credentials.lockkeeper.dev',
    'patch pipelines/status.lockkeeper.dev',
    'create tokenreviews.authentication.k8s.io',
    'update leases.coordination.k8s.io',
  ])('would be found forbidden with %s', (rule) => {
    expect(forbiddenToAuditorIn([rule])).toEqual([rule]);
  });
});

test('nothing of it is left when it is not enabled', async () => {
  const { objects } = await renderChart(helm, {
    auditor: { enabled: false },
    metrics: { port: 8080, service: { enabled: true } },
  });
  const rest = objects.filter(({ kind }) => kind !== 'CustomResourceDefinition');
  expect(JSON.stringify(rest)).not.toContain('auditor');
});

describe('its Pod', () => {
  test('has no more rights on its node than that of the controller, and no volume at all', async () => {
    const [auditor, controller] = [await podOf(account), await podOf('lockkeeper-controller')];
    expect(auditor.pod.serviceAccountName).toBe(account);
    expect(auditor.pod.securityContext).toEqual(controller.pod.securityContext);
    expect(auditor.pod.volumes).toBeUndefined();
    for (const part of ['securityContext', 'image', 'startupProbe', 'livenessProbe', 'readinessProbe'])
      expect([part, auditor.container[part]]).toEqual([part, controller.container[part]]);
  });

  test('is one at a time, and of no selector of the controller', async () => {
    const [auditor, controller] = [await podOf(account), await podOf('lockkeeper-controller')];
    expect([auditor.replicas, auditor.strategy]).toEqual([1, { type: 'Recreate' }]);
    expect(auditor.template.metadata.labels).toMatchObject(auditor.selector.matchLabels);
    expect(auditor.template.metadata.labels).not.toMatchObject(controller.selector.matchLabels);
  });

  test('is told to trust nothing and nobody unless the values say so', async () => {
    const { container: only } = await podOf(account);
    const trusting = { trusted: [], fluxLockedDown: false, otherAuthorizers: 'Doubted' };
    expect(readAuditorConfig(only.args.slice(1))).toMatchObject(trusting);
  });

  test('is started with flags that the auditor takes, and carries every value to it', async () => {
    const values = {
      logLevel: 'debug',
      metrics: { port: 9090, service: { enabled: false } },
      auditor: {
        enabled: true,
        trusted: ['ServiceAccount flux-system/helm-controller', 'Group cn="ops", dc=example'],
        fluxLockedDown: true,
        otherAuthorizers: 'Trusted',
        resources: { limits: { memory: '1Gi' } },
        nodeOptions: '',
      },
    };
    const { container: only } = await podOf(account, values);
    const [command, ...flags] = only.args;
    expect(command).toBe('auditor');
    expect(readAuditorConfig(flags)).toMatchObject({
      logLevel: 'debug',
      telemetryAddress: { host: '', port: 9090 },
      controller: { name: 'lockkeeper-controller' },
      trusted: values.auditor.trusted,
      fluxLockedDown: true,
      otherAuthorizers: 'Trusted',
    });
    expect(only.ports).toEqual([{ name: 'metrics', containerPort: 9090 }]);
    expect(only.resources).toMatchObject({ limits: { memory: '1Gi' } });
    expect(only['env']).toEqual([{ name: 'NODE_OPTIONS', value: '--disable-sigusr1' }]);
  });
});

test.each([
  'Group system:authenticated',
  'Group system:serviceaccounts:ci',
  'User system:anonymous',
  'User system:serviceaccount:apps:web',
  'ServiceAccount apps/default',
  'helm-controller',
])('the chart does not let the operator trust %s', async (subject) => {
  await expect(renderChart(helm, { 'auditor.trusted': [subject] })).rejects.toThrow(/trusted/);
});

test('the accounts are called as the code and the policy know them', async () => {
  const { objects } = await renderChart(helm, {});
  expect(auditorFieldOwner).toBe(account);
  const policy = JSON.stringify(objects.find(({ kind }) => kind === 'ValidatingAdmissionPolicy'));
  for (const name of [account, 'lockkeeper-controller'])
    expect(policy).toContain(`system:serviceaccount:${systemNamespace}:${name}`);
});
