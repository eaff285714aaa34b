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
import { forbiddenIn, rulesOf } from './rules.ts';

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
  test('are these and no more, held by its service account alone', async () => {
    const { objects } = await render();
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
      'get namespaces kube-system',
      'create events.events.k8s.io',
    ]);
    expect(objects.filter(({ kind }) => String(kind).endsWith('Binding'))).toEqual([
      expect.objectContaining({
        kind: 'ClusterRoleBinding',
        roleRef: expect.objectContaining({ kind: 'ClusterRole', name: 'lockkeeper-controller' }),
        subjects: [{ kind: 'ServiceAccount', name: 'lockkeeper-controller', namespace: systemNamespace }],
      }),
    ]);
  });

  test('open no Secret and hold no wildcard, whatever is set', async () => {
    for (const values of [{}, { crossNamespaceTargets: 'Allow', instance: 'a', caConfigMap: 'forge-ca' }]) {
      const { objects } = await render(values);
      expect(forbiddenIn(rulesOf(objects))).toEqual([]);
    }
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

  test('is what the controller takes without any: github.com alone', async () => {
    expect(await configOf({})).toEqual(readConfig([]));
  });

  test('carries every value to the controller as it was meant', async () => {
    const forges = [
      { host: 'git.example.com:8443', provider: 'github', caFile: '/etc/lockkeeper-ca/forge.pem' },
      { host: 'git.local', provider: 'github', apiURL: 'http://git.local/api/v3', allowHTTP: true },
    ];
    const given = { crossNamespaceTargets: 'Allow', instance: '007', logLevel: 'debug' };
    expect(await configOf({ ...given, forges })).toMatchObject({
      ...given,
      forges: [{ ...forges[0], apiURL: 'https://git.example.com:8443/api/v3' }, forges[1]],
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
    ['a level of the log that does not exist', { logLevel: 'loud' }, "at '/logLevel': "],
    ['a mode that does not exist', { crossNamespaceTargets: 'Never' }, "at '/crossNamespaceTargets': "],
    ['a tag that YAML reads as a number', { image: { repository: 'x', tag: 1.1 } }, "at '/image/tag': "],
    ['a name that no ConfigMap has', { caConfigMap: 'Forge CA' }, "at '/caConfigMap': "],
  ])('%s', async (_, values, words) => {
    expect(await refusalOf(values)).toContain(words);
  });
});

describe('the Deployment', () => {
  const podSpec = z.object({
    serviceAccountName: z.string(),
    securityContext: z.unknown(),
    containers: z
      .array(
        z.object({
          image: z.string(),
          args: z.array(z.string()),
          securityContext: z.unknown(),
          resources: z.object({ limits: z.object({ memory: z.string() }) }),
          volumeMounts: z.array(
            z.object({ name: z.string(), mountPath: z.string(), readOnly: z.literal(true) }),
          ),
        }),
      )
      .length(1),
    volumes: z.array(z.object({ name: z.string(), configMap: z.object({ name: z.string() }) })),
  });
  const deployment = z.object({
    spec: z.object({
      replicas: z.number(),
      strategy: z.object({ type: z.string() }),
      selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
      template: z.object({
        metadata: z.object({
          labels: z.record(z.string(), z.string()),
          annotations: z.record(z.string(), z.string()),
        }),
        spec: podSpec,
      }),
    }),
  });
  const deploymentOf = async (values: Record<string, unknown> = {}) => {
    const { objects } = await render(values);
    return deployment.parse(objects.find(({ kind }) => kind === 'Deployment')).spec;
  };

  test('runs one controller, without rights on its node', async () => {
    const { replicas, strategy, selector, template } = await deploymentOf();
    expect([replicas, strategy]).toEqual([1, { type: 'Recreate' }]);
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    const { containers, securityContext } = template.spec;
    expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('mounts what its arguments and the configuration name', async () => {
    const { template } = await deploymentOf({ caConfigMap: 'forge-ca' });
    const { containers, volumes } = template.spec;
    expect(containers[0]?.args).toEqual(['controller', '--config', '/etc/lockkeeper/config.yaml']);
    expect(containers[0]?.volumeMounts.map(({ name, mountPath }) => [name, mountPath])).toEqual([
      ['config', '/etc/lockkeeper'],
      ['ca', '/etc/lockkeeper-ca'],
    ]);
    expect(volumes).toEqual([
      { name: 'config', configMap: { name: 'lockkeeper-controller' } },
      { name: 'ca', configMap: { name: 'forge-ca' } },
    ]);
  });

  test('starts anew when its configuration changes, and only then', async () => {
    const annotationsOf = async (values: Record<string, unknown>) =>
      (await deploymentOf(values)).template.metadata.annotations;
    const before = await annotationsOf({});
    expect(await annotationsOf({})).toEqual(before);
    expect(await annotationsOf({ logLevel: 'debug' })).not.toEqual(before);
  });
});
