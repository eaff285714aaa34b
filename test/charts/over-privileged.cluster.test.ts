import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { rightsThatMustNotBe } from '../../src/credentials/rights/must-not.ts';
import { OverPrivilege } from '../../src/credentials/rights/over-privilege.ts';
import { haveRight } from '../../src/kube/access-review.ts';
import { Transport } from '../../src/kube/transport/transport.ts';
import { renderChart, systemNamespace, type RenderedChart } from '../sandbox/chart.ts';
import { startControlPlane, type ControlPlane } from '../sandbox/cluster/control-plane.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import {
  startController,
  type ControllerOptions,
  type ControllerProcess,
} from '../sandbox/controller-process.ts';

// Of its own, since others would see bindings of the whole cluster.
let cluster: ControlPlane;
let chart: RenderedChart;
let folder: string;

beforeAll(async () => {
  cluster = await startControlPlane({ say: () => undefined });
  const { helm } = await cluster.tools();
  chart = await renderChart(helm, {});
  folder = await mkdtemp(join(tmpdir(), 'lockkeeper-over-privileged-'));
  await cluster.ensureNamespace(systemNamespace);
  await cluster.applyYaml(await readFile(new URL('../sandbox/flux/crd.yaml', import.meta.url), 'utf8'));
  await apply(...chart.objects.filter(({ kind }) => kind !== 'Deployment'));
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true });
});

const rbac = 'rbac.authorization.k8s.io';
const controller = 'lockkeeper-controller';

async function apply(...objects: readonly object[]): Promise<void> {
  await cluster.applyYaml(
    objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n'),
  );
}

const here = " in the controller's namespace";

/** A role with rights, by their names, for a service account of the controller's namespace; there alone when they are for there. */
function granted(names: readonly string[], account: string, role = account): readonly object[] {
  const isHere = names.every((name) => name.endsWith(here));
  const rules = names.map((name) => {
    const [verb = '', kind = ''] = name.split(' ');
    const [resource = '', ...group] = kind.split('.');
    return { apiGroups: [group.join('.')], resources: [resource], verbs: [verb] };
  });
  const metadata = { name: role, ...(isHere ? { namespace: systemNamespace } : {}) };
  const kind = isHere ? 'Role' : 'ClusterRole';
  return [
    { apiVersion: `${rbac}/v1`, kind, metadata, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: rbac, kind, name: role },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace: systemNamespace }],
    },
  ];
}

/** In groups of eight or fewer, so that those which stand together in the table do not in a group. */
function groupsOf(names: readonly string[]): readonly (readonly string[])[] {
  const groups = Math.ceil(names.length / 8);
  return Array.from({ length: groups }, (_, group) =>
    names.filter((_name, index) => index % groups === group),
  );
}

async function tokenOf(serviceAccount: string) {
  return await cluster.requestToken({ namespace: systemNamespace, serviceAccount });
}

/** What the check of a service account finds. */
async function foundFor(account: string): Promise<unknown> {
  const token = await tokenOf(account);
  const transport = new Transport(
    { server: cluster.server, tls: () => ({ ca: cluster.ca }), token: () => token },
    { callsPerSecond: 100_000, burst: 100_000 },
  );
  try {
    const troubles: unknown[] = [];
    const rights = new OverPrivilege({
      namespace: systemNamespace,
      haveRight: (right, signal) => haveRight(transport, right, signal),
      onChange: () => {},
      onTrouble: (thrown) => void troubles.push(thrown),
    });
    const unanswered = await rights.check(new AbortController().signal);
    expect({ unanswered, troubles }).toEqual({ unanswered: 0, troubles: [] });
    return rights.current();
  } finally {
    await transport.close();
  }
}

test('a service account with exactly the rules of the chart has none of the rights that it must not have', async () => {
  expect(await foundFor(controller)).toEqual({ rights: [] });
});

test('each right is found when it is given, and no other', async () => {
  const names = rightsThatMustNotBe(systemNamespace).map(({ name }) => name);
  const groups = [
    ...groupsOf(names.filter((name) => !name.endsWith(here))),
    ...groupsOf(names.filter((name) => name.endsWith(here))),
  ].map((rights, index) => ({ rights, account: `too-much-${index}` }));
  await apply(
    ...groups.flatMap(({ rights, account }) => [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace: systemNamespace } },
      ...granted(rights, account),
    ]),
    // With the rules of the chart beside it.
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'as-the-chart' },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: controller },
      subjects: groups.map(({ account: name }) => ({
        kind: 'ServiceAccount',
        name,
        namespace: systemNamespace,
      })),
    },
  );
  const found: unknown[] = [];
  for (const { rights, account } of groups) {
    let last: unknown;
    await eventually('the API server knows the binding', async () => {
      last = await foundFor(account);
      return isDeepStrictEqual(last, { rights });
    }).catch(() => undefined); // the comparison says which is not found
    found.push(last);
  }
  expect(found).toEqual(groups.map(({ rights }) => ({ rights })));
}, 120_000);

describe('a controller that may list every Secret', () => {
  const tooMuch = 'lockkeeper-too-much';
  const credentials = '/apis/lockkeeper.dev/v1alpha1/namespaces/apps/credentials/promoter';
  let starts = 0;

  const start = async (more: Partial<ControllerOptions> = {}): Promise<ControllerProcess> => {
    starts += 1;
    return await startController({
      folder: join(folder, `controller-${starts}`),
      chart,
      server: cluster.server,
      ca: cluster.ca,
      token: await tokenOf(controller),
      ...more,
    });
  };
  const conditionOf = async (): Promise<unknown> => {
    const { body } = await cluster.api<{
      status?: { conditions?: readonly { type: string; message: string }[] };
    }>('GET', credentials);
    return body.status?.conditions?.find(({ type }) => type === 'OverPrivileged')?.message;
  };
  const isWritten = async (): Promise<boolean> => {
    const { body } = await cluster.api<{ status?: { conditions?: unknown } }>('GET', credentials);
    return body.status?.conditions !== undefined;
  };
  const metricOf = async ({ telemetryUrl }: ControllerProcess): Promise<string[]> => {
    const text = await (await fetch(`${telemetryUrl}/metrics`)).text();
    return text.split('\n').filter((line) => line.startsWith('lockkeeper_overprivileged{'));
  };

  beforeAll(async () => {
    await cluster.ensureNamespace('apps');
    await apply(...granted(['list secrets'], controller, tooMuch), {
      apiVersion: 'lockkeeper.dev/v1alpha1',
      kind: 'Credential',
      metadata: { namespace: 'apps', name: 'promoter' },
      spec: { host: 'github.com', repositories: ['acme/fleet'], token: { secretRef: { name: 'key' } } },
    });
    await eventually('the API server knows the binding', async () => {
      return JSON.stringify(await foundFor(controller)) === '{"rights":["list secrets"]}';
    });
  });

  test('says so in the log, in the metric and in the status of each Credential', async () => {
    const process = await start();
    try {
      await eventually('the status is written', async () => (await conditionOf()) !== undefined);
      expect(await conditionOf()).toBe(
        'the controller may list secrets; take that away, for who takes the controller takes this credential',
      );
      expect(await metricOf(process)).toEqual(['lockkeeper_overprivileged{right="list secrets"} 1']);
      expect(await process.log()).toMatch(
        /"rights":\["list secrets"\].*"msg":"the controller has rights that it must not have"/,
      );
    } finally {
      await process.stop();
    }
  });

  test.each([
    ['the flag', { extraArgs: ['--strict-rbac'] }],
    ['the value of the chart', { chart: 'strict' }],
  ])('does not start with %s', async (_, more) => {
    const { helm } = await cluster.tools();
    const process = await start({
      until: 'listening',
      ...('extraArgs' in more ? more : { chart: await renderChart(helm, { strictRbac: true }) }),
    });
    expect(await process.exited).toBe(1);
    const log = await process.log();
    expect(log).toContain(
      'strictRbac is set and the controller has rights that it must not have: list secrets; take them from its service account, or leave strictRbac out',
    );
    expect(log).not.toContain('"msg":"leading"');
  });

  test('starts when the right is taken away, strict or not, and takes back what it said', async () => {
    await cluster.api('DELETE', `/apis/${rbac}/v1/clusterrolebindings/${tooMuch}`);
    await eventually('the API server knows that', async () => {
      return JSON.stringify(await foundFor(controller)) === '{"rights":[]}';
    });
    const process = await start({ extraArgs: ['--strict-rbac'] });
    try {
      await eventually('the status is written', async () => (await conditionOf()) === undefined);
      expect(await isWritten()).toBe(true);
      expect(await metricOf(process)).toEqual([]);
    } finally {
      await process.stop();
    }
  });
});
