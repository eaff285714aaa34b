import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fieldOwner } from '../../src/api/meta.ts';
import { pipeline } from '../../src/api/pipeline.ts';
import { definitionOf, type SchemaNode } from '../../src/api/crd.ts';
import { generatedFiles } from '../../src/api/generate.ts';
import { kinds } from '../../src/api/kinds.ts';
import type { Cluster } from '../sandbox/cluster/cluster.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { obtainControlPlane } from '../sandbox/cluster/obtain-control-plane.ts';
import { fill } from './fill.ts';
import { mistakes } from './mistakes.ts';
import { credentialManifest, pipelineManifest, promotedByEach, stored, type Manifest } from './objects.ts';

const crds = [...generatedFiles()].filter(([path]) => path.startsWith('crds/'));

let cluster: Cluster;
let namespace: string;

beforeAll(async () => {
  cluster = await obtainControlPlane({ say: () => undefined });
  for (const [, yaml] of crds) await cluster.applyYaml(yaml);
  namespace = await cluster.freshNamespace('api');
}, 600_000); // the first start on a machine builds the servers

afterAll(() => cluster.stop());

/** All that kubectl prints, when it is given `object` as a file. */
async function kubectl(args: readonly string[], object?: unknown): Promise<string> {
  const { stdout, stderr } = await cluster.kubectl(
    ['--namespace', namespace, ...args],
    object === undefined ? {} : { stdin: JSON.stringify(object) },
  );
  return `${stdout}${stderr}`.trim();
}

function named<M extends Manifest>(name: string, manifest: M): M {
  return { ...manifest, metadata: { ...manifest.metadata, name } };
}

function pathOf(plural: string, name: string): string {
  return `/apis/lockkeeper.dev/v1alpha1/namespaces/${namespace}/${plural}/${name}`;
}

/** As the controller writes it. */
async function writeStatus(plural: string, { apiVersion, kind, metadata }: Manifest, status: unknown) {
  return await cluster.api<{ status: unknown; message?: string; metadata: unknown }>(
    'PATCH',
    `${pathOf(plural, metadata.name)}/status?fieldManager=${fieldOwner}&force=true`,
    { apiVersion, kind, metadata, status },
    'application/apply-patch+yaml',
  );
}

function statusSchemaOf(kind: string): SchemaNode {
  const found = kinds.find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`there is no kind ${kind}`);
  return definitionOf(found).spec.versions[0]?.schema.openAPIV3Schema.properties?.['status'] ?? {};
}

describe('the definitions', () => {
  test.each(kinds.map(({ plural }) => plural))('of %s are accepted without a complaint', async (plural) => {
    const { body } = await cluster.api<{ status: { conditions: { type: string; status: string }[] } }>(
      'GET',
      `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.lockkeeper.dev`,
    );
    // A schema that is not structural would have a condition of its own.
    expect(body.status.conditions.map(({ type, status }) => `${type} ${status}`).toSorted()).toEqual([
      'Established True',
      'NamesAccepted True',
    ]);
  });

  test('can be applied by kubectl in the common way, and again', async () => {
    for (const [, yaml] of crds) {
      for (const [attempt, expected] of [/created|configured|unchanged/, /unchanged/].entries()) {
        const { code, stdout } = await cluster.kubectl(['apply', '-f', '-'], { stdin: yaml });
        expect([attempt, code, stdout]).toEqual([attempt, 0, expect.stringMatching(expected)]);
      }
    }
  });

  test('explain themselves in sentences', async () => {
    let text = '';
    // The server publishes a new definition a moment after it serves its objects.
    await eventually('kubectl explains Pipelines', async () => {
      text = await kubectl(['explain', 'pipelines.spec.environments']);
      return !text.startsWith("error: couldn't find resource");
    });
    expect(text).toContain('The environments in the order of promotion.');
    expect(text).toContain('Where the environment runs; all must agree before anything moves on.');
    expect(await kubectl(['explain', 'credentials.status.lastUsed'])).toContain(
      'When and by what it was last used.',
    );
  });

  test('let one command show all that is ours', async () => {
    expect(await kubectl(['api-resources', '--categories=lockkeeper', '--output=name'])).toBe(
      'credentials.lockkeeper.dev\npipelines.lockkeeper.dev',
    );
  });
});

describe('kubectl apply refuses, and says why,', () => {
  test.each(mistakes)('$what', async ({ object, kubectl: expected }) => {
    expect(await kubectl(['apply', '-f', '-'], object)).toBe(expected);
  });

  test('a field that does not exist, such as a misspelt one', async () => {
    const object = { ...pipelineManifest(), spec: { ...pipelineManifest().spec, enviroments: [] } };
    expect(await kubectl(['apply', '-f', '-'], object)).toBe(
      'Error from server (BadRequest): error when creating "STDIN": Pipeline in version "v1alpha1" cannot be handled as a Pipeline: strict decoding error: unknown field "spec.enviroments"',
    );
  });

  test('several mistakes at once, each with its place', async () => {
    const object = pipelineManifest(({ spec }) => {
      spec.appRef.name = 'Podinfo';
      for (const environment of spec.environments) environment.name = 'Dev';
    });
    const label =
      "must be a DNS label: lower-case letters, digits and '-', beginning and ending with a letter or digit";
    const [first, ...rest] = (await kubectl(['apply', '-f', '-'], object)).split('\n');
    expect(first).toBe('The Pipeline "podinfo" is invalid: ');
    expect(rest.toSorted()).toEqual([
      `* spec.appRef.name: Invalid value: "Podinfo": must be the name of an object: lower-case letters, digits, '-' and '.'`,
      '* spec.environments: Invalid value: the names of environments must be unique',
      `* spec.environments[0].name: Invalid value: "Dev": ${label}`,
      `* spec.environments[1].name: Invalid value: "Dev": ${label}`,
    ]);
  });
});

describe('a valid object', () => {
  test('of kind Pipeline comes back with its defaults, which are those of zod', async () => {
    const manifest = named(
      'of-few-words',
      pipelineManifest(({ spec }) => {
        spec.revision = {};
      }),
    );
    expect(await kubectl(['apply', '-f', '-'], manifest)).toBe(
      'pipeline.lockkeeper.dev/of-few-words created',
    );
    const { body } = await cluster.api<{ spec: unknown }>('GET', pathOf('pipelines', 'of-few-words'));
    expect(body.spec).toEqual({
      appRef: manifest.spec.appRef,
      revision: { from: 'Auto' },
      environments: [
        { name: 'dev', targets: [{ name: 'default', namespace: 'podinfo-dev' }] },
        { name: 'staging', targets: [{ name: 'default', namespace: 'podinfo-staging' }] },
      ],
      promotion: {
        strategy: {
          pullRequest: {
            url: 'https://github.com/acme/fleet',
            baseBranch: 'main',
            credentialRef: { name: 'acme-promoter' },
          },
        },
      },
    });
    expect(pipeline.parse(stored(manifest)).spec).toEqual(body.spec);
    expect(pipeline.parse(body).spec).toEqual(body.spec);
  });

  test('of kind Pipeline may say for each environment but the first how to promote into it', async () => {
    expect(await kubectl(['apply', '-f', '-'], named('of-many-words', promotedByEach()))).toBe(
      'pipeline.lockkeeper.dev/of-many-words created',
    );
  });

  test('of kind Credential comes back as it went', async () => {
    const manifest = named('round', credentialManifest());
    expect(await kubectl(['apply', '-f', '-'], manifest)).toBe('credential.lockkeeper.dev/round created');
    const { body } = await cluster.api<{ spec: unknown }>('GET', pathOf('credentials', 'round'));
    expect(body.spec).toEqual(manifest.spec);
  });

  test('keeps the status that somebody sends with it out of the cluster', async () => {
    const manifest = { ...named('boastful', credentialManifest()), status: { valid: 'True' } };
    await kubectl(['apply', '-f', '-'], manifest);
    const { body } = await cluster.api<{ status?: unknown }>('GET', pathOf('credentials', 'boastful'));
    expect(body.status).toBeUndefined();
  });
});

test('a second owner who applies a part of the environments is refused, and their order stays', async () => {
  const whole = named('owned', pipelineManifest());
  const apply = ['apply', '--server-side', '-f', '-'];
  expect(await kubectl([...apply, '--field-manager=gitops'], whole)).toBe(
    'pipeline.lockkeeper.dev/owned serverside-applied',
  );
  const part = named(
    'owned',
    pipelineManifest(({ spec }) => {
      spec.environments = [{ name: 'staging', targets: [{ namespace: 'elsewhere' }] }];
    }),
  );
  const answer = await kubectl([...apply, '--field-manager=somebody'], part);
  expect(answer.split('\n')[0]).toBe(
    'error: Apply failed with 1 conflict: conflict with "gitops": .spec.environments',
  );
  expect(await kubectl(['get', 'pipeline', 'owned', '--output=jsonpath={.spec.environments[*].name}'])).toBe(
    'dev staging',
  );
});

describe('a status', () => {
  const filled = [
    { kind: 'Pipeline', plural: 'pipelines', manifest: named('full', pipelineManifest()), letter: 'x' },
    { kind: 'Pipeline', plural: 'pipelines', manifest: named('full-utf8', pipelineManifest()), letter: 'é' },
    { kind: 'Credential', plural: 'credentials', manifest: named('full', credentialManifest()), letter: 'x' },
  ] as const;

  test.each(filled)(
    'of a $kind filled to its bounds with $letter is taken and stays below 512 kB',
    async (given) => {
      const { kind, plural, manifest, letter } = given;
      await kubectl(['apply', '-f', '-'], manifest);
      const status = fill(statusSchemaOf(kind), letter);
      const answer = await writeStatus(plural, manifest, status);
      expect([answer.status, answer.body.message]).toEqual([200, undefined]);
      expect(answer.body.status).toEqual(status);
      expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThan(512_000);
      // Whoever watches gets the owners of the fields as well.
      expect(Buffer.byteLength(JSON.stringify(answer.body))).toBeLessThan(600_000);
    },
  );

  test('of all bounds is one of 16 environments of 32 targets with messages of 256 bytes', () => {
    const { environments = [] } = pipeline.shape.status.parse(fill(statusSchemaOf('Pipeline'), 'é')) ?? {};
    const targets = environments.flatMap((environment) => environment.targets);
    expect([environments.length, targets.length]).toEqual([16, 512]);
    expect(new Set(targets.map(({ message = '' }) => Buffer.byteLength(message)))).toEqual(new Set([256]));
  });

  test('takes messages in any writing, but not one byte too many', async () => {
    const manifest = named('writing', credentialManifest());
    await kubectl(['apply', '-f', '-'], manifest);
    const fits = `${'鍵'.repeat(85)}.`;
    expect(Buffer.byteLength(fits)).toBe(256);
    expect((await writeStatus('credentials', manifest, { expiry: fits })).body.status).toEqual({
      expiry: fits,
    });
    const { status, body } = await writeStatus('credentials', manifest, { expiry: `${fits}!` });
    expect([status, body.message]).toEqual([
      422,
      `Credential.lockkeeper.dev "writing" is invalid: status.expiry: Invalid value: "${fits}!": must be at most 256 bytes of UTF-8`,
    ]);
  });
});

describe('kubectl get', () => {
  /** Cells of a table, which are two spaces apart at least; ages are not the same twice. */
  const tableOf = (text: string): string[][] =>
    text
      .split('\n')
      .map((line) => line.split(/\s{2,}/).map((cell) => cell.replace(/^\d+[smh](\d+s)?$/, '<age>')));

  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'PullRequestOpen',
    message: 'staging: pull request 42 is open',
    lastTransitionTime: '2026-11-22T08:00:00Z',
  };

  test('pipelines says where the app is, what it waits for and whose credential it uses', async () => {
    const manifest = named('podinfo', pipelineManifest());
    await kubectl(['apply', '-f', '-'], manifest);
    await writeStatus('pipelines', manifest, {
      conditions: [ready],
      summary: {
        revisions: 'dev 6.2.0, staging 6.1.0',
        waiting: 'staging: pull request 42 is open',
        credential: 'acme-promoter[bot], used 2026-11-22T07:58:00Z',
      },
    });
    expect(tableOf(await kubectl(['get', 'pipelines', 'podinfo']))).toEqual([
      ['NAME', 'APP', 'REVISIONS', 'WAITING', 'CREDENTIAL', 'READY', 'AGE'],
      [
        'podinfo',
        'podinfo',
        'dev 6.2.0, staging 6.1.0',
        'staging: pull request 42 is open',
        'acme-promoter[bot], used 2026-11-22T07:58:00Z',
        'True',
        '<age>',
      ],
    ]);
  });

  test('credentials says whose they are, whether they are good, when they end and were last used', async () => {
    const manifest = named(
      'ci-bot',
      credentialManifest(({ spec }) => {
        delete spec.githubApp;
        spec.token = { secretRef: { name: 'ci-bot' } };
      }),
    );
    await kubectl(['apply', '-f', '-'], manifest);
    await writeStatus('credentials', manifest, {
      conditions: [
        { ...ready, reason: 'Healthy', message: 'the forge accepts it' },
        { ...ready, type: 'Exclusive', status: 'False', reason: 'Shared', message: 'one other can read it' },
      ],
      kind: 'PersonalAccessToken',
      owner: { login: 'ci-bot', type: 'User', id: '42' },
      valid: 'True',
      expiryTime: '2027-01-31T00:00:00Z',
      lastUsed: {
        time: new Date(Date.now() - 90_000).toISOString().replace(/\.\d+/, ''),
        by: 'apps/podinfo staging',
        source: 'Controller',
      },
    });
    expect(tableOf(await kubectl(['get', 'credentials', 'ci-bot']))).toEqual([
      ['NAME', 'HOST', 'KIND', 'OWNER', 'VALID', 'EXPIRES', 'LAST-USED', 'ACCESS', 'READY', 'AGE'],
      [
        'ci-bot',
        'github.com',
        'PersonalAccessToken',
        'ci-bot',
        'True',
        '2027-01-31T00:00:00Z',
        '<age>',
        'Shared',
        'True',
        '<age>',
      ],
    ]);
  });
});
