import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { examples } from '../api/written.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { readEnvironment } from '../sandbox/pipeline-view.ts';
import { pipelineNamespace, startWorld, type World } from '../sandbox/world.ts';
import { rulesOf } from './rules.ts';

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

/** The right that a request to the API server takes, as `rulesOf` writes it. Only what is got may be granted by its name. */
function rightOf(method: string, address: string): string {
  const { pathname, searchParams } = new URL(address);
  const [, group, path = ''] =
    /^\/(?:api|apis\/([^/]+))\/[^/]+\/(?:namespaces\/[^/]+\/)?(.+)$/.exec(pathname) ?? [];
  const [resource, name, subresource] = path.split('/');
  const thing = [[resource, subresource].filter(Boolean).join('/'), group].filter(Boolean).join('.');
  const verb = verbs[method] ?? (searchParams.has('watch') ? 'watch' : name === undefined ? 'list' : 'get');
  return verb === 'get' ? `get ${thing} ${name}` : `${verb} ${thing}`;
}

test('the controller uses each right that the chart and the examples give it, and needs no other', async () => {
  await world.applyExamples();
  await world.release('6.2.0');
  await eventually(
    'a pull request is open',
    async () => {
      const staging = await readEnvironment(world.cluster, pipelineNamespace, 'podinfo', 'staging');
      return staging?.promotion?.phase === 'Proposed';
    },
    { deadlineMs: 60_000 },
  );
  const given = [...rulesOf(world.chart.objects), ...rulesOf(examples().map(({ object }) => object))];
  let used: readonly string[] = [];
  await eventually('each right is used', async () => {
    const lines = (await readFile(requestsFile, 'utf8')).trim().split('\n');
    const asked = lines
      .map((line) => line.split(' '))
      .filter(([, origin]) => origin === world.cluster.server)
      .map(([method = '', origin = '', path = '']) => rightOf(method, `${origin}${path}`));
    used = [...new Set(asked)].toSorted();
    return used.length >= given.length;
  });
  expect(used).toEqual(given.toSorted());
}, 120_000);
