import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { untilRbacCounts } from '../sandbox/cluster/until-rbac-counts.ts';
import { pipelineNamespace, startWorld, type World } from '../sandbox/world.ts';
import { lockkeeper } from '../cli/lockkeeper.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld({ say: () => undefined, auditor: true });
}, 600_000); // the first start on a machine builds the servers

afterAll(() => world.stop());

const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
const group = 'rbac.authorization.k8s.io';

/** A line of `kubectl get credentials` by its columns, and what follows from it. */
async function columns(): Promise<string> {
  const { stdout } = await world.cluster.kubectl(['get', 'credentials', '-n', pipelineNamespace]);
  return stdout;
}

async function untilColumns(what: string, words: RegExp): Promise<void> {
  let last = '';
  await eventually(
    what,
    async () => {
      last = await columns();
      return words.test(last);
    },
    { deadlineMs: 30_000 },
  ).catch((cause: unknown) => {
    throw new Error(`${what}; kubectl get credentials says\n${last}`, { cause });
  });
}

test('kubectl get credentials says who else could take it, lockkeeper access why, and again once that is mended', async () => {
  await world.applyExamples();
  await untilColumns('nobody else can take it', /acme-promoter .*\bExclusive\b/);
  const metadata = { name: 'debuggers', namespace: pipelineNamespace };
  const objects = [
    {
      ...rbac,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }],
    },
    {
      ...rbac,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'Role', name: 'debuggers' },
      subjects: [{ apiGroup: group, kind: 'Group', name: 'on-call' }],
    },
  ];
  await world.cluster.applyYaml(objects.map((object) => stringify(object)).join('---\n'));
  await untilColumns('the people on call can', /acme-promoter .*\bShared\b/);
  const { stdout } = await lockkeeper([
    'access',
    'acme-promoter',
    '-n',
    pipelineNamespace,
    '--kubeconfig',
    world.cluster.adminKubeconfig,
  ]);
  expect(stdout).toMatch(/^Group on-call +Indirect +RoleBinding apps\/debuggers -> .*\(I-5\)$/m);
  await world.cluster.kubectl(['delete', 'rolebinding', 'debuggers', '-n', pipelineNamespace]);
  await untilColumns('nobody else can any more', /acme-promoter .*\bExclusive\b/);
}, 120_000);

test('where the controller may not read the Secret, status gives the command that lets it, and it works', async () => {
  await world.applyExamples();
  const names = ['delete', 'role,rolebinding', 'lockkeeper-acme-promoter', '-n', pipelineNamespace];
  await world.cluster.kubectl(names);
  // Who may still read it when they look at once do not look again for long.
  await untilRbacCounts(world.cluster, { namespace: pipelineNamespace });
  const describe = async (): Promise<string> =>
    (
      await world.cluster.kubectl([
        'get',
        'credential',
        'acme-promoter',
        '-n',
        pipelineNamespace,
        '-o',
        'jsonpath={.status.conditions[?(@.type=="Ready")].message}',
      ])
    ).stdout;
  /** A change of the Credential is a reason to look at once. */
  const touch = async (...repositories: readonly string[]): Promise<unknown> =>
    await world.cluster.kubectl([
      'patch',
      'credential',
      'acme-promoter',
      '-n',
      pipelineNamespace,
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { repositories } }),
    ]);
  await touch('acme/fleet', 'acme/other');
  await eventually(
    'status names the command',
    async () => (await describe()).includes('lockkeeper rbac acme-promoter -n apps | kubectl apply -f -'),
    { deadlineMs: 60_000 },
  );
  const { stdout } = await lockkeeper([
    'rbac',
    'acme-promoter',
    '-n',
    pipelineNamespace,
    '--kubeconfig',
    world.cluster.adminKubeconfig,
  ]);
  await world.cluster.kubectl(['apply', '-f', '-'], { stdin: stdout });
  await untilRbacCounts(world.cluster, { namespace: pipelineNamespace });
  await touch('acme/fleet');
  await eventually('it works again', async () => !(await describe()).includes('may not get'), {
    deadlineMs: 150_000,
  });
}, 300_000);
