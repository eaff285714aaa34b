import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { generatedFiles } from '../../src/api/generate.ts';
import type { Cluster } from '../sandbox/cluster/cluster.ts';
import { obtainControlPlane } from '../sandbox/cluster/obtain-control-plane.ts';
import { untilRbacCounts } from '../sandbox/cluster/until-rbac-counts.ts';

const controller = '--as=system:serviceaccount:lockkeeper-system:lockkeeper-controller';

let cluster: Cluster;
/** The examples, in namespaces that no other test has. */
let folder: string;
let suffix: string;

beforeAll(async () => {
  suffix = randomBytes(4).toString('hex');
  folder = mkdtempSync(join(tmpdir(), 'lockkeeper-examples-'));
  cpSync(fileURLToPath(new URL('../../examples', import.meta.url)), folder, { recursive: true });
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), 'utf8');
    const renamed = text.replaceAll(/(?<=: )(apps|podinfo-(?:dev|staging|prod))$/gm, `$1-${suffix}`);
    writeFileSync(join(folder, file), renamed);
  }
  cluster = await obtainControlPlane({ say: () => undefined });
  for (const [path, yaml] of generatedFiles()) if (path.startsWith('crds/')) await cluster.applyYaml(yaml);
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await cluster.stop();
});

test('kubectl applies the folder of examples at once, to a cluster that has none of its namespaces', async () => {
  const { code, stdout, stderr } = await cluster.kubectl(['apply', '-f', folder]);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.trim().split('\n')).toEqual([
    `namespace/apps-${suffix} created`,
    `namespace/podinfo-dev-${suffix} created`,
    `namespace/podinfo-staging-${suffix} created`,
    `namespace/podinfo-prod-${suffix} created`,
    'role.rbac.authorization.k8s.io/lockkeeper-acme-promoter created',
    'rolebinding.rbac.authorization.k8s.io/lockkeeper-acme-promoter created',
    'credential.lockkeeper.dev/acme-promoter created',
    'pipeline.lockkeeper.dev/podinfo created',
  ]);
  await untilRbacCounts(cluster, { namespace: `apps-${suffix}` });
});

test.each([
  ['get', 'secret/acme-promoter', 'yes'],
  ['get', 'secret/another', 'no'],
  ['list', 'secrets', 'no'],
  ['watch', 'secrets', 'no'],
  ['update', 'secret/acme-promoter', 'no'],
])('they let the controller %s %s: %s', async (verb, resource, answer) => {
  const { stdout } = await cluster.kubectl([
    'auth',
    'can-i',
    verb,
    resource,
    `--namespace=apps-${suffix}`,
    controller,
  ]);
  expect(stdout.trim()).toBe(answer);
});
