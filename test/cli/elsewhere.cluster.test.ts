import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { BareInstall } from '../charts/bare-install.ts';
import { renderChart, type RenderedChart } from '../sandbox/chart.ts';
import { startControlPlane, type ControlPlane } from '../sandbox/cluster/control-plane.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { startController } from '../sandbox/controller-process.ts';
import { lockkeeper } from './lockkeeper.ts';

// Of its own, since what it installs is of the whole cluster.
let cluster: ControlPlane;
let chart: RenderedChart;
let folder: string;

beforeAll(async () => {
  cluster = await startControlPlane({ say: () => undefined });
  const { helm } = await cluster.tools();
  const apiURL = 'http://127.0.0.1:9';
  chart = await renderChart(helm, {
    forges: [{ host: 'github.com', provider: 'github', apiURL, allowHTTP: true, allowPrivateNetwork: true }],
  });
  folder = await mkdtemp(join(tmpdir(), 'lockkeeper-elsewhere-'));
  const crds = ['pipelines', 'credentials'].map((name) => `../../crds/lockkeeper.dev_${name}.yaml`);
  for (const file of ['../sandbox/flux/crd.yaml', ...crds])
    await cluster.applyYaml(await readFile(new URL(file, import.meta.url), 'utf8'));
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true });
});

test('a controller that was installed in another namespace gives the command that lets it read, not another one', async () => {
  const namespace = 'platform';
  const install = new BareInstall(cluster, namespace);
  await install.apply(chart.objects, 'none', 'get secrets acme-promoter');
  const credential = ['credential', 'acme-promoter', '-n', namespace];
  const message = async (): Promise<string> => {
    const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].message}';
    return (await cluster.kubectl(['get', ...credential, '-o', path])).stdout;
  };
  const controller = await startController({
    folder: join(folder, namespace),
    chart,
    server: cluster.server,
    ca: cluster.ca,
    token: await cluster.requestToken({ namespace, serviceAccount: 'lockkeeper-controller' }),
    extraArgs: ['--leader-election-namespace', namespace],
  });
  try {
    await eventually('status gives a command', async () => (await message()).includes('run lockkeeper rbac'));
    const [, command = ''] = /^run lockkeeper (.+) \| kubectl apply -f -; /.exec(await message()) ?? [];
    expect(command).toBe(`rbac acme-promoter -n ${namespace} --controller-namespace ${namespace}`);
    const flags = [...command.split(' '), '--kubeconfig', cluster.adminKubeconfig];
    const { stdout } = await lockkeeper(flags);
    expect(await cluster.kubectl(['apply', '-f', '-'], { stdin: stdout })).toMatchObject({ code: 0 });
    const can = ['auth', 'can-i', 'get', 'secrets/acme-promoter', '-n', namespace];
    const as = `--as=system:serviceaccount:${namespace}:lockkeeper-controller`;
    await eventually('it may', async () => (await cluster.kubectl([...can, as])).stdout.trim() === 'yes');
    await cluster.kubectl(['annotate', ...credential, 'example.com/touched=now']);
    await eventually('the command is gone', async () => !(await message()).includes('lockkeeper rbac'));
  } finally {
    await controller.stop();
  }
}, 120_000);
