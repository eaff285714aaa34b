import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { list } from 'tar';
import { parse } from 'yaml';
import { z } from 'zod';
import { readConfig } from '../../src/cli/config.ts';
import { renderChart, systemNamespace, type RenderedChart } from '../sandbox/chart.ts';
import { locateTools } from '../sandbox/cluster/tools.ts';
import { forbiddenIn, rolesOf, rulesOf } from './rules.ts';

const run = promisify(execFile);
const chart = fileURLToPath(new URL('../../charts/lockkeeper', import.meta.url));
const crdsFolder = fileURLToPath(new URL('../../crds', import.meta.url));

let helm: string;
let folder: string;
beforeAll(async () => {
  ({ helm } = await locateTools({ say: () => undefined }));
  folder = await mkdtemp(join(tmpdir(), 'lockkeeper-chart-'));
}, 120_000); // unpacks helm once on a machine
afterAll(() => rm(folder, { recursive: true }));

const render = (values: Record<string, unknown> = {}): Promise<RenderedChart> => renderChart(helm, values);

/** All that Helm says when it refuses `values`. */
async function refusalOf(values: Record<string, unknown>): Promise<string> {
  try {
    await render(values);
  } catch (thrown) {
    return z.object({ stderr: z.string() }).parse(thrown).stderr;
  }
  return 'it was not refused';
}

test('the chart passes the linter of Helm', async () => {
  const { stdout } = await run(helm, ['lint', '--strict', chart]);
  expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed');
});

describe('the definitions', () => {
  test('come with the chart as they are generated', async () => {
    const { objects } = await render();
    const generated = await Promise.all(
      (await readdir(crdsFolder)).map(async (file): Promise<unknown> =>
        parse(await readFile(join(crdsFolder, file), 'utf8')),
      ),
    );
    expect(generated).toHaveLength(2);
    expect(objects.filter(({ kind }) => kind === 'CustomResourceDefinition')).toEqual(
      expect.arrayContaining(generated),
    );
  });

  test('are in the package of the chart too, which knows no links', async () => {
    await run(helm, ['package', chart, '--destination', folder]);
    const file = (await readdir(folder)).find((each) => each.endsWith('.tgz')) ?? '';
    const paths: string[] = [];
    await list({
      file: join(folder, file),
      onReadEntry: ({ path, type }) => void paths.push(`${type} ${path}`),
    });
    expect(paths.filter((path) => path.includes('/crds/')).toSorted()).toEqual([
      'File lockkeeper/crds/lockkeeper.dev_credentials.yaml',
      'File lockkeeper/crds/lockkeeper.dev_pipelines.yaml',
    ]);
  });
});

describe('the rights of the controller', () => {
  const ofController = async (
    values?: Record<string, unknown>,
  ): Promise<readonly Record<string, unknown>[]> =>
    rolesOf((await render(values)).objects, 'lockkeeper-controller');

  test('are these and no more, held by its service account alone', async () => {
    const objects = await ofController();
    expect(rulesOf(objects)).toEqual([
      'list pipelines.lockkeeper.dev',
      'watch pipelines.lockkeeper.dev',
      'list credentials.lockkeeper.dev',
      'watch credentials.lockkeeper.dev',
      'patch pipelines/status.lockkeeper.dev',
      'patch credentials/status.lockkeeper.dev',
      'list helmreleases.helm.toolkit.fluxcd.io',
      'watch helmreleases.helm.toolkit.fluxcd.io',
      'list namespaces',
      'watch namespaces',
      'create events.events.k8s.io',
      'patch events.events.k8s.io',
      'get leases.coordination.k8s.io lockkeeper-controller',
      'watch leases.coordination.k8s.io lockkeeper-controller',
      'update leases.coordination.k8s.io lockkeeper-controller',
      'create leases.coordination.k8s.io',
    ]);
    const subjects = [{ kind: 'ServiceAccount', name: 'lockkeeper-controller', namespace: systemNamespace }];
    expect(objects.filter(({ kind }) => String(kind).endsWith('Binding'))).toEqual(
      ['ClusterRole', 'Role'].map((kind) =>
        expect.objectContaining({
          kind: `${kind}Binding`,
          roleRef: expect.objectContaining({ kind, name: 'lockkeeper-controller' }),
          subjects,
        }),
      ),
    );
  });

  test('over a Lease are none outside of its own namespace', async () => {
    const { objects } = await render();
    const holders = objects.filter((object) => rulesOf([object]).some((rule) => rule.includes(' leases.')));
    expect(holders).toEqual([
      expect.objectContaining({
        kind: 'Role',
        metadata: expect.objectContaining({ namespace: systemNamespace }),
      }),
    ]);
  });

  test('open no Secret and hold no wildcard, whatever is set', async () => {
    for (const values of [{}, { crossNamespaceTargets: 'Allow', instance: 'a', caConfigMap: 'forge-ca' }]) {
      expect(forbiddenIn(rulesOf(await ofController(values)))).toEqual([]);
    }
  });

  test('are all that the chart gives to anybody when there is no auditor', async () => {
    const { objects } = await render({ auditor: { enabled: false } });
    expect(rulesOf(objects)).toEqual(rulesOf(await ofController()));
  });

  test.each([
    'get secrets',
    'get secrets acme-promoter',
    'list *',
    '* pipelines.lockkeeper.dev',
    'list pipelines.*',
    'create serviceaccounts/token',
    'impersonate users',
    'bind clusterroles.rbac.authorization.k8s.io',
    'get rolebindings.rbac.authorization.k8s.io',
    'create pods',
    'create pods/exec',
    'patch pipelines.lockkeeper.dev',
    'update leases.coordination.k8s.io',
    'watch leases.coordination.k8s.io',
    'update leases.coordination.k8s.io another-controller',
    'delete leases.coordination.k8s.io',
  ])('would be found forbidden with %s', (rule) => {
    expect(forbiddenIn([rule])).toEqual([rule]);
  });
});

describe('the configuration', () => {
  const configOf = async (values: Record<string, unknown>): Promise<unknown> => {
    const { configFiles } = await render(values);
    const file = join(folder, 'config.yaml');
    await writeFile(file, configFiles['config.yaml'] ?? '');
    return readConfig(['--config', file]);
  };

  test('is what the controller takes without any: github.com and gitlab.com', async () => {
    expect(await configOf({})).toEqual(readConfig([]));
  });

  test('carries every value to the controller as it was meant', async () => {
    const forges = [
      { host: 'git.example.com:8443', provider: 'github', caFile: '/etc/lockkeeper-ca/forge.pem' },
      { host: 'git.local', provider: 'github', apiURL: 'http://git.local/api/v3', allowHTTP: true },
      { host: 'git.corp', provider: 'github', apiURL: 'https://10.0.0.7', allowPrivateNetwork: true },
    ];
    const given = { crossNamespaceTargets: 'Allow', instance: '007', logLevel: 'debug', strictRbac: true };
    expect(await configOf({ ...given, forges })).toMatchObject({
      ...given,
      forges: [{ ...forges[0], apiURL: 'https://git.example.com:8443/api/v3' }, ...forges.slice(1)],
    });
  });

  test('names the port of health and metrics', async () => {
    expect(await configOf({ metrics: { port: 9090, service: { enabled: false } } })).toMatchObject({
      telemetryAddress: { host: '', port: 9090 },
    });
  });
});

describe('Helm refuses, and names the place of,', () => {
  const forge = { host: 'github.com', provider: 'github' };
  test.each<[string, Record<string, unknown>, string]>([
    ['a value that does not exist', { colour: 'red' }, "at '': additional properties 'colour' not allowed"],
    ['no forge', { forges: [] }, "at '/forges': minItems: got 0, want 1"],
    [
      'a host that is an address',
      { forges: [{ ...forge, host: 'https://github.com' }] },
      "at '/forges/0/host': ",
    ],
    ['a forge that is not known', { forges: [{ ...forge, provider: 'svn' }] }, "at '/forges/0/provider': "],
    ['a misspelt member of a forge', { forges: [{ ...forge, apiUrl: 'https://x' }] }, "'apiUrl' not allowed"],
    [
      'http that nobody has allowed',
      { forges: [{ ...forge, apiURL: 'http://git.local' }] },
      "at '/forges/0': missing property 'allowHTTP'",
    ],
    [
      'http that somebody has forbidden',
      { forges: [{ ...forge, apiURL: 'http://git.local', allowHTTP: false }] },
      "at '/forges/0/allowHTTP': value must be true",
    ],
    ['an instance with a space', { instance: 'a b' }, "at '/instance': "],
    ['a switch that is a word', { strictRbac: 'yes' }, "at '/strictRbac': "],
    ['a level of the log that does not exist', { logLevel: 'loud' }, "at '/logLevel': "],
    ['a mode that does not exist', { crossNamespaceTargets: 'Never' }, "at '/crossNamespaceTargets': "],
    ['a tag that YAML reads as a number', { image: { repository: 'x', tag: 1.1 } }, "at '/image/tag': "],
    ['a name that no ConfigMap has', { caConfigMap: 'Forge CA' }, "at '/caConfigMap': "],
    ['more replicas than could ever help', { replicas: 9 }, "at '/replicas': maximum: got 9, want 5"],
    ['a part of a replica', { replicas: 1.5 }, "at '/replicas': got number, want integer"],
    [
      'a port that only root may open',
      { metrics: { port: 80, service: { enabled: false } } },
      "at '/metrics/port': minimum: got 80, want 1,024",
    ],
    [
      'a misspelt member of the metrics',
      { metrics: { port: 8080, service: { enabled: false }, Port: 1 } },
      "at '/metrics': additional properties 'Port' not allowed",
    ],
  ])('%s', async (_, values, words) => {
    expect(await refusalOf(values)).toContain(words);
  });
});
