import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { EnvironmentStatus } from '../../src/api/pipeline-status.ts';
import { examples } from '../api/written.ts';
import { systemNamespace } from '../sandbox/chart.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { startController } from '../sandbox/controller-process.ts';
import { readEnvironment } from '../sandbox/pipeline-view.ts';
import { pipelineNamespace, startWorld, type World } from '../sandbox/world.ts';
import { rolesOf, rulesOf } from './rules.ts';

const recorder = new URL('record-requests.ts', import.meta.url).href;

let folder: string;
let requestsFile: string;
let world: World;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockkeeper-rights-'));
  requestsFile = join(folder, 'requests');
  world = await startWorld({
    say: () => undefined,
    nodeArgs: ['--import', recorder],
    env: { LOCKKEEPER_TEST_REQUESTS: requestsFile },
  });
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  await world.stop();
  await rm(folder, { recursive: true });
});

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  PATCH: 'patch',
  PUT: 'update',
  DELETE: 'delete',
};

/** The right that a request to the API server takes, as `rulesOf` writes it: by the name of the object if one is `given` so. */
function rightOf(method: string, address: string, given: readonly string[]): string {
  const { pathname, searchParams } = new URL(address);
  const [, group, path = ''] =
    /^\/(?:api|apis\/([^/]+))\/[^/]+\/(?:namespaces\/[^/]+\/)?(.+)$/.exec(pathname) ?? [];
  const [resource, nameInPath, subresource] = path.split('/');
  const [, nameInQuery] = /^metadata\.name=(.+)$/.exec(searchParams.get('fieldSelector') ?? '') ?? [];
  const thing = [[resource, subresource].filter(Boolean).join('/'), group].filter(Boolean).join('.');
  const isWatch = searchParams.has('watch');
  const verb = verbs[method] ?? (isWatch ? 'watch' : nameInPath === undefined ? 'list' : 'get');
  const named = `${verb} ${thing} ${nameInPath ?? nameInQuery ?? ''}`;
  return verb === 'get' || given.includes(named) ? named : `${verb} ${thing}`;
}

/** To ask who one is and what one may do oneself, which ClusterRole system:basic-user gives to everybody who is known. */
const everybodys = [
  'create selfsubjectaccessreviews.authorization.k8s.io',
  'create selfsubjectreviews.authentication.k8s.io',
];

/** Every right that some request of the world's controllers took, or would have at a server that streams no lists. */
async function rightsUsed(given: readonly string[]): Promise<string[]> {
  const lines = (await readFile(requestsFile, 'utf8')).trim().split('\n');
  const asked = lines
    .map((line) => line.split(' '))
    .filter(([, origin]) => origin === world.cluster.server)
    .flatMap(([method = '', origin = '', path = '']) => {
      const right = rightOf(method, `${origin}${path}`, given);
      return path.includes('sendInitialEvents=true') ? [right, right.replace('watch', 'list')] : [right];
    });
  return [...new Set(asked)].filter((right) => !everybodys.includes(right)).toSorted();
}

async function untilStaging(what: string, holds: (staging: EnvironmentStatus | undefined) => boolean) {
  await eventually(
    what,
    async () => holds(await readEnvironment(world.cluster, pipelineNamespace, 'podinfo', 'staging')),
    { deadlineMs: 60_000 },
  );
}

/** Says the same of staging twice, which is one Event that is counted on. */
async function forbidStagingTwice(): Promise<void> {
  const name = 'lockkeeper.dev/allow-pipelines-from';
  const annotate = async (value: string): Promise<unknown> =>
    await world.cluster.kubectl([
      'annotate',
      '--overwrite',
      'namespace',
      'podinfo-staging',
      `${name}${value}`,
    ]);
  const isForbidden = (staging: EnvironmentStatus | undefined): boolean =>
    staging?.waiting?.reason === 'NamespaceNotAllowed';
  for (let times = 0; times < 2; times += 1) {
    await untilStaging('staging is allowed', (staging) => staging !== undefined && !isForbidden(staging));
    await annotate('-');
    await untilStaging('staging is not allowed', isForbidden);
    await annotate(`=${pipelineNamespace}`);
  }
}

test('the controllers use each right that the chart and the examples give them, and need no other', async () => {
  await world.applyExamples();
  const { cluster, chart } = world;
  // Beside the one that acts, one that waits for its Lease.
  const standby = await startController({
    folder: join(folder, 'standby'),
    chart,
    server: cluster.server,
    ca: cluster.ca,
    token: await cluster.requestToken({
      namespace: systemNamespace,
      serviceAccount: 'lockkeeper-controller',
    }),
    nodeArgs: ['--import', recorder],
    env: { LOCKKEEPER_TEST_REQUESTS: requestsFile },
  });
  try {
    await forbidStagingTwice();
    await world.release('6.2.0');
    await untilStaging('a pull request is open', (staging) => staging?.promotion?.phase === 'Proposed');
    // What it has counted is written before it ends.
    await world.controller?.stop();
    const given = [
      ...rulesOf(rolesOf(chart.objects, 'lockkeeper-controller')),
      ...rulesOf(examples().map(({ object }) => object)),
    ].toSorted();
    await eventually('each right is used', async () => {
      const used = await rightsUsed(given);
      return given.every((right) => used.includes(right));
    }).catch(() => undefined); // the comparison says which one is not
    expect(await rightsUsed(given)).toEqual(given);
  } finally {
    await standby.stop();
  }
}, 180_000);
