import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { readCredentials } from '../sandbox/pipeline-view.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import type { ControllerProcess } from '../sandbox/controller-process.ts';
import { gate } from './gate.ts';
import { credentialName } from './objects.ts';
import { linesOf, metric, printTime, probe, said } from './replicas.ts';
import { untilSameAsServer } from './same-as-server.ts';
import { startScene, type Scene, type Stage } from './scene.ts';

/** What a running controller reads is taken away and put back. It is the same process from the first test to the last. */
let scene: Scene;
let controller: ControllerProcess;
let stage: Stage;

beforeAll(async () => {
  scene = await startScene({ controller: false });
  controller = await scene.world.startReplica();
  await said(controller, 'leading');
  stage = await scene.stage('objects-stay');
}, 60_000);
afterEach(() => scene.world.forge.faults.clear());
afterAll(async () => await scene.stop());

async function isProposed(of: Stage, version: string, deadlineMs = 30_000): Promise<void> {
  await of.eventually(
    `a pull request for ${version} is open`,
    ({ promotion }) => promotion?.phase === 'Proposed' && promotion.revision.version === version,
    deadlineMs,
  );
}

async function credentialSays(of: Stage, reason: string): Promise<void> {
  await eventually(
    `Credential of ${of.namespace} says ${reason}`,
    async () => {
      const [credential] = await readCredentials(scene.world.cluster, of.namespace);
      return credential?.status?.conditions?.find(({ type }) => type === 'Ready')?.reason === reason;
    },
    { deadlineMs: 120_000 },
  );
}

/** SHA-256 of the tokens that a stage's App has read the forge with, the newest last. */
function readTokensOf({ login }: Stage): string[] {
  const { log } = scene.world.forge;
  const used = log
    .entries()
    .filter(({ owner, route }) => owner === login && route === 'POST /graphql repository')
    .flatMap(({ tokenFingerprint = [] }) => tokenFingerprint);
  return [...new Set(used)];
}

test.concurrent.each([
  ['another key', true],
  ['the same key', false],
] as const)(
  'a Secret that is deleted is missed, and used again when it is back with %s',
  async (_, isNew) => {
    const own = await scene.stage(`secret-${isNew ? 'new' : 'same'}`);
    await own.release('6.2.0');
    await isProposed(own, '6.2.0');
    const before = readTokensOf(own);
    const { world } = scene;

    await own.delete(`/api/v1/namespaces/${own.namespace}/secrets/${credentialName}`);
    await own.release('6.3.0');
    await own.eventually('it misses the Secret', ({ waiting }) => waiting?.reason === 'Missing');

    const privateKey = isNew
      ? world.forge.world.credentials.addKey(own.app)
      : (own.secretData['privateKey'] ?? '');
    const since = Date.now();
    await own.putSecret({ ...own.secretData, privateKey });
    await isProposed(own, '6.3.0', 120_000);
    printTime(`Secret deleted and created again (${isNew ? 'new' : 'same'} key)`, Date.now() - since);
    // Another Secret by its uid, whatever it holds.
    const after = readTokensOf(own).filter((token) => !before.includes(token));
    expect(after).toHaveLength(1);
    await own.release('6.4.0');
    await isProposed(own, '6.4.0');
    const reused = world.forge.log
      .entries()
      .filter(({ startMs, tokenFingerprint }) => startMs > since && before.includes(tokenFingerprint ?? ''));
    expect(reused.map(({ route }) => route)).toEqual([]);
    await credentialSays(own, 'Healthy');
    await untilSameAsServer(scene.world, controller);
  },
  180_000,
);

const doomed: Stage[] = [];
/** When nothing was under way any more of what they had. */
let goneAt = Infinity;

/** A stage whose pass is held where a fault says. */
async function inMidPass(namespace: string, route: string): Promise<{ stage: Stage; open: () => void }> {
  const own = await scene.stage(namespace);
  doomed.push(own);
  const holding = gate();
  scene.world.forge.faults.add({ route, effect: { kind: 'hold', until: holding.until } });
  await own.release('6.2.0');
  await holding.reached();
  return { stage: own, open: holding.open };
}

/** What the namespace controller deletes of a stage, which nobody else here does. */
async function deleteObjectsOf(own: Stage): Promise<void> {
  const { namespace } = own;
  const ours = `/apis/lockkeeper.dev/v1alpha1/namespaces/${namespace}`;
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  for (const path of [
    `/api/v1/namespaces/${namespace}/secrets/${credentialName}`,
    `${rbac}/rolebindings/lockkeeper-promoter`,
    `${rbac}/roles/lockkeeper-promoter`,
    `${ours}/credentials/${credentialName}`,
    `${ours}/pipelines/podinfo`,
  ])
    await own.delete(path);
}

/** Resolves when no token of a stage can write any more; rejects when none ever could. */
async function isRevoked({ app }: Stage): Promise<void> {
  await eventually('what was minted to write is revoked', () => {
    const writing = scene.world.forge.world.credentials
      .tokens()
      .filter((token) => token.kind === 'installation' && token.installation.app === app)
      .filter((token) => token.kind === 'installation' && token.permissions['contents'] === 'write');
    return writing.length > 0 && writing.every(({ revoked }) => revoked);
  });
}

async function eventsIn(namespace: string): Promise<readonly unknown[]> {
  const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
  return (await scene.world.cluster.api<{ items: unknown[] }>('GET', path)).body.items;
}

test('a pass ends well in a namespace that takes no Events any more', async () => {
  const { stage: own, open } = await inMidPass('doomed-first', 'POST /repos/{owner}/{repo}/pulls');
  const events = await eventsIn(own.namespace);
  await own.delete(`/api/v1/namespaces/${own.namespace}`);
  open();
  await isProposed(own, '6.2.0');
  await isRevoked(own);
  expect(await eventsIn(own.namespace)).toEqual(events);
  const refused = '{verb="create",resource="events",code="403"}';
  await eventually(
    'an Event was refused',
    async () => ((await metric(controller, 'lockkeeper_kube_requests_total'))[refused] ?? 0) > 0,
  );
  await deleteObjectsOf(own);
}, 60_000);

test('a pass over what is deleted with its namespace ends, and does nothing more', async () => {
  const { stage: own, open } = await inMidPass('doomed-second', 'POST /repos/{owner}/{repo}/git/trees');
  await own.delete(`/api/v1/namespaces/${own.namespace}`);
  await deleteObjectsOf(own);
  open();
  await isRevoked(own);
  expect(own.proposal).toEqual({ head: undefined, pullRequests: [] });
  await eventually('no pass is under way', async () =>
    Object.values(await metric(controller, 'lockkeeper_reconcile_running')).every((count) => count === 0),
  );
  await untilSameAsServer(scene.world, controller);
  goneAt = Date.now();
}, 60_000);

interface Kept {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status?: object;
}

interface Definition {
  /** Of the kind's API. */
  readonly root: string;
  readonly name: string;
  readonly resource: string;
}

/** Deletes a definition, and with it all its objects; gives what puts both back, the objects but for the status that we write. */
async function deleteDefinition({ root, name, resource }: Definition): Promise<() => Promise<number>> {
  const { cluster } = scene.world;
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
  const { spec } = (await cluster.api<{ spec: object }>('GET', path)).body;
  const { items } = (await cluster.api<{ items: Kept[] }>('GET', `${root}/${resource}`)).body;
  await stage.delete(path);
  await eventually('the definition is gone', async () => (await cluster.api('GET', path)).status === 404);
  return async () => {
    const apiVersion = 'apiextensions.k8s.io/v1';
    await cluster.applyYaml(
      stringify({ apiVersion, kind: 'CustomResourceDefinition', metadata: { name }, spec }),
    );
    for (const { metadata, ...rest } of items) {
      const collection = `${root}/namespaces/${metadata.namespace}/${resource}`;
      const made = await cluster.api<object>('POST', collection, {
        ...rest,
        metadata: { name: metadata.name, namespace: metadata.namespace },
      });
      expect(made.status).toBe(201);
      if (resource !== 'helmreleases') continue;
      const body = { ...made.body, status: rest.status };
      expect((await cluster.api('PUT', `${collection}/${metadata.name}/status`, body)).status).toBe(200);
    }
    return items.length;
  };
}

test.each([
  ['pipelines', '/apis/lockkeeper.dev/v1alpha1', 'pipelines.lockkeeper.dev', '7.1.0'],
  ['credentials', '/apis/lockkeeper.dev/v1alpha1', 'credentials.lockkeeper.dev', '7.2.0'],
  ['helmreleases', '/apis/helm.toolkit.fluxcd.io/v2', 'helmreleases.helm.toolkit.fluxcd.io', '7.3.0'],
])(
  'goes on by itself when the definition of %s was deleted and applied again',
  async (resource, root, name, version) => {
    const objects = async (): Promise<number | undefined> =>
      (await metric(controller, 'lockkeeper_store_objects'))[`{resource="${resource}"}`];
    const putBack = await deleteDefinition({ root, name, resource });
    await eventually('it has missed it several times', async () => {
      const restarts = await metric(controller, 'lockkeeper_watch_restarts_total');
      return (restarts[`{resource="${resource}",reason="NotFound"}`] ?? 0) >= 3;
    });
    const told = `"what":"${resource}","err":{[^}]*"code":"NotFound"`;
    expect(await controller.log()).toMatch(new RegExp(told));
    expect(await objects()).toBe(0);
    expect((await probe(controller, '/livez')).status).toBe(200);
    const unready = await probe(controller, '/readyz');
    expect(unready.status).toBe(503);
    expect(unready.text).toContain(`the API server has no ${resource}`);

    const count = await putBack();
    const since = Date.now();
    await eventually('it has all of them again', async () => (await objects()) === count, {
      deadlineMs: 45_000,
    });
    printTime(`definition of ${resource} deleted and applied again`, Date.now() - since);
    await stage.release(version);
    await isProposed(stage, version);
    expect(stage.proposal.pullRequests).toHaveLength(1);
    expect((await probe(controller, '/readyz')).status).toBe(200);
    await untilSameAsServer(scene.world, controller);
  },
  90_000,
);

test('nothing is tried for ever for what was deleted, and nothing of all that was a failure', async () => {
  const lines = await linesOf(controller);
  expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
  expect(lines.filter((line) => line['what'] === 'events')).toEqual([]);
  // Several back-offs have passed meanwhile.
  const logins = new Set<string | undefined>(doomed.map(({ login }) => login));
  const asked = scene.world.forge.log
    .entries()
    .filter(({ owner, startMs }) => logins.has(owner) && startMs > goneAt);
  expect(asked.map(({ route }) => route)).toEqual([]);
});
