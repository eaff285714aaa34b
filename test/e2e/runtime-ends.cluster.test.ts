import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { z } from 'zod';
import { systemNamespace } from '../sandbox/chart.ts';
import type { ControllerProcess } from '../sandbox/controller-process.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { gate } from './gate.ts';
import { leaseOf, linesOf, metric, printTime, probe, said, untilEnded } from './replicas.ts';
import { startScene, type Scene, type Stage } from './scene.ts';

/** How a process that is asked to stop ends, and what it does while it may not begin. */
let scene: Scene;
let app: Stage;
let bot: Stage;
let late: Stage;
/** Takes connections and says nothing. */
let mute: Server;

beforeAll(async () => {
  mute = createServer().listen(0, '127.0.0.1');
  await once(mute, 'listening');
  scene = await startScene({ controller: false });
  await leading();
  [app, bot, late] = await Promise.all([
    scene.stage('ends-app'),
    scene.stage('ends-token', { credential: 'token' }),
    scene.stage('ends-late'),
  ]);
}, 60_000);
afterEach(() => scene.world.forge.faults.clear());
afterAll(async () => {
  mute.close();
  await scene.stop();
});

/** A port that breaks each connection until it is opened, and then leads to another one of this machine. */
async function startDoor(
  to: number,
): Promise<{ port: number; open: () => void; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  let isOpen = false;
  const kept = (socket: Socket): Socket => {
    sockets.add(socket);
    // Whoever breaks off tells us so by an error.
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server = createServer((socket) => {
    if (!isOpen) return void socket.destroy();
    const upstream = kept(connect(to, '127.0.0.1'));
    kept(socket).pipe(upstream).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, // a TCP server that listens has one
    open: () => (isOpen = true),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

let leader: ControllerProcess;
async function leading(): Promise<ControllerProcess> {
  leader = await scene.world.startReplica();
  await said(leader, 'leading');
  return leader;
}

async function isProposed(stage: Stage, version: string): Promise<void> {
  await stage.eventually(
    `a pull request for ${version} is open`,
    ({ promotion }) => promotion?.phase === 'Proposed' && promotion.revision.version === version,
    30_000,
  );
}

/** How long a process took to stop, by the times of its own log. */
async function stoppingMs(process: ControllerProcess): Promise<number> {
  return (await said(process, 'stopped')) - (await said(process, 'stopping'));
}

async function lastWords(process: ControllerProcess): Promise<readonly string[]> {
  return (await linesOf(process)).slice(-2).map(({ msg }) => msg);
}

test('a standby that is asked to stop ends well and leaves the Lease to its holder', async () => {
  const { holder } = await leaseOf(scene.world);
  const standby = await scene.world.startReplica();
  standby.kill('SIGTERM');
  const { code, ms } = await untilEnded(standby, 5_000);
  printTime('SIGTERM as a standby: it has ended', ms);
  expect(code).toBe(0);
  expect(await lastWords(standby)).toEqual(['stopping', 'stopped']);
  expect((await leaseOf(scene.world)).holder).toBe(holder);
});

test.each([
  ['does not answer', () => (mute.address() as AddressInfo).port], // a TCP server that listens has one
  ['is not there', () => 1],
])('one that waits for an API server that %s ends well when it is asked to', async (which, port) => {
  const env = { KUBERNETES_SERVICE_PORT: String(port()) };
  const waiting = await scene.world.startReplica({ env, until: 'listening' });
  expect((await probe(waiting, '/livez')).status).toBe(200);
  expect((await probe(waiting, '/readyz')).status).toBe(503);
  waiting.kill('SIGTERM');
  const { code, ms } = await untilEnded(waiting, 5_000);
  printTime(`SIGTERM while the API server ${which}: it has ended`, ms);
  expect(code).toBe(0);
  expect(await lastWords(waiting)).toEqual(['stopping', 'stopped']);
});

test('a leader whose passes hang in the forge ends within its time, revokes what it minted and only then gives the Lease back', async () => {
  const { forge } = scene.world;
  const { holder } = await leaseOf(scene.world);
  const standby = await scene.world.startReplica();
  const [writing, reading] = [gate(), gate()];
  forge.faults.add({
    route: 'POST /repos/{owner}/{repo}/git/trees',
    effect: { kind: 'hold', until: writing.until },
  });
  await app.release('6.2.0');
  await writing.reached();
  forge.faults.add({ graphql: 'repository', effect: { kind: 'hold', until: reading.until } });
  await bot.release('6.2.0');
  await reading.reached();
  const revoking = 'DELETE /installation/token';
  // Seen for a second from where the first of them is held: the pass that sent it has four to end.
  const holders: string[] = [];
  const leads: unknown[] = [];
  const look = async (): Promise<void> => {
    for (const until = Date.now() + 1_000; Date.now() < until || holders.length < 10;)
      holders.push((await leaseOf(scene.world)).holder);
    leads.push(await metric(leader, 'lockkeeper_leader'));
  };
  // And from where the one that comes beside the release is.
  const lookAgain = async (): Promise<void> => void leads.push(await metric(leader, 'lockkeeper_leader'));
  forge.faults.add(
    { route: revoking, effect: { kind: 'hold', until: look } },
    { route: revoking, after: 1, effect: { kind: 'hold', until: lookAgain } },
  );
  const minted = forge.world.credentials
    .tokens()
    .flatMap((token) => (token.kind === 'installation' && token.installation.app === app.app ? [token] : []));

  const stoppedAt = Date.now();
  leader.kill('SIGTERM');
  const ended = untilEnded(leader, 15_000);
  await said(leader, 'stopping');
  // Nobody begins with it any more.
  await late.release('6.2.0');
  const { code, ms } = await ended;
  printTime('SIGTERM while passes hang in the forge: it has ended', ms);
  expect(code).toBe(0);
  // While its pass is aborted, and has not ended: what it sent may still be carried out.
  expect([...new Set(holders)]).toEqual([holder]);
  expect(leads).toEqual([{ '': 1 }, { '': 0 }]);
  expect(await stoppingMs(leader)).toBeLessThanOrEqual(10_000);
  expect(await lastWords(leader)).toEqual(['stopping', 'stopped']);
  const left = minted.map(
    ({ permissions, revoked }) => `${permissions['contents'] ?? 'names'} ${revoked ? 'revoked' : 'alive'}`,
  );
  expect(left.toSorted()).toEqual(['names revoked', 'read revoked', 'write revoked']);
  const leadsAt = await said(standby, 'leading');
  const begun = forge.log.entries().filter(({ startMs }) => startMs > stoppedAt && startMs <= leadsAt);
  // Of the token to write, while its pass ends; that to read is revoked beside the release, which need not wait for it.
  expect(begun[0]?.route).toBe(revoking);
  expect(begun.map(({ route }) => route).filter((route) => route !== revoking)).toEqual([]);
  writing.open();
  reading.open();

  leader = standby;
  await Promise.all([app, bot, late].map((stage) => isProposed(stage, '6.2.0')));
  for (const { proposal } of [app, bot, late]) expect(proposal.pullRequests).toHaveLength(1);
}, 60_000);

test('one whose forge answers nothing any more ends before it would be killed', async () => {
  const { forge } = scene.world;
  const silent = gate();
  await late.release('6.2.1');
  for (const route of ['POST /repos/{owner}/{repo}/git/trees', 'DELETE /installation/token'])
    forge.faults.add({ route, effect: { kind: 'hold', until: silent.until } });
  await silent.reached();
  leader.kill('SIGTERM');
  // The kubelet would wait for 20 s.
  const { code, ms } = await untilEnded(leader, 15_000);
  printTime('SIGTERM while the forge answers nothing: it has ended', ms);
  expect(code).toBe(0);
  expect((await leaseOf(scene.world)).holder).toBe('');
  silent.open();
  await leading();
  await isProposed(late, '6.2.1');
});

test('a leader that has nothing to do ends soon and gives the Lease back', async () => {
  leader.kill('SIGTERM');
  const { code, ms } = await untilEnded(leader, 5_000);
  printTime('SIGTERM while idle: it has ended', ms);
  expect(code).toBe(0);
  expect((await leaseOf(scene.world)).holder).toBe('');
});

test('one that is started while the API server is away says what it waits for, and is ready when that is back', async () => {
  const away = await startDoor(Number(new URL(scene.world.cluster.server).port));
  try {
    const env = { KUBERNETES_SERVICE_PORT: String(away.port) };
    const waiting = await scene.world.startReplica({ env, until: 'listening' });
    const missing = /cache-pipelines: has not been filled yet, last Unavailable; /;
    await said(waiting, 'the caches are not filled yet', 20_000, (line) =>
      missing.test(String(line['missing'])),
    );
    away.open();
    const opened = Date.now();
    printTime('API server back: who waited for it is ready', (await said(waiting, 'ready')) - opened);
    expect(await waiting.stop()).toBe(0);
  } finally {
    await away.close();
  }
}, 60_000);

test('with strictRbac too it tries to fill its caches while the API server is away, and begins when that is back', async () => {
  const away = await startDoor(Number(new URL(scene.world.cluster.server).port));
  try {
    const env = { KUBERNETES_SERVICE_PORT: String(away.port) };
    const waiting = await scene.world.startReplica({ env, until: 'listening', extraArgs: ['--strict-rbac'] });
    for (const what of ['own rights', 'pipelines'])
      await said(waiting, 'worked around', 20_000, (line) => line['what'] === what);
    expect((await probe(waiting, '/livez')).status).toBe(200);
    expect((await probe(waiting, '/readyz')).text).toMatch(/^\[-\]own-rights failed: strictRbac is set /m);
    away.open();
    await said(waiting, 'ready');
    expect((await probe(waiting, '/readyz')).text).not.toMatch(/own-rights/);
    expect(await waiting.stop()).toBe(0);
  } finally {
    await away.close();
  }
}, 60_000);

test('a second SIGTERM ends it at once', async () => {
  await leading();
  const writing = gate();
  scene.world.forge.faults.add({
    route: 'POST /repos/{owner}/{repo}/git/trees',
    effect: { kind: 'hold', until: writing.until },
  });
  await app.release('6.3.0');
  await writing.reached();
  leader.kill('SIGTERM');
  await said(leader, 'stopping');
  leader.kill('SIGTERM');
  const { code, ms } = await untilEnded(leader, 3_000);
  printTime('second SIGTERM: it has ended', ms);
  expect(code).toBe('SIGTERM');
  writing.open();
});

test('without the right to the Lease it says so and is not ready, and leads when it is granted', async () => {
  const { cluster, chart, forge } = scene.world;
  await app.delete(
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${systemNamespace}/rolebindings/lockkeeper-controller`,
  );
  const lease = `/apis/coordination.k8s.io/v1/namespaces/${systemNamespace}/leases/lockkeeper-controller`;
  await app.delete(lease);
  const account = { namespace: systemNamespace, serviceAccount: 'lockkeeper-controller' };
  const user = cluster.as(await cluster.requestToken(account));
  await eventually('the right is gone', async () => (await user.api('GET', lease)).status === 403);

  const before = forge.log.entries().length;
  const standby = await scene.world.startReplica();
  const missing = new RegExp(
    `"what":"leader election".*Lease ${systemNamespace}/lockkeeper-controller: we may not get it.* get on leases of coordination\\.k8s\\.io in namespace ${systemNamespace}`,
    'g',
  );
  const complaints = async (): Promise<number> => [...(await standby.log()).matchAll(missing)].length;
  const refusals = async (): Promise<number> => {
    const all = Object.entries(await metric(standby, 'lockkeeper_kube_requests_total'));
    return all.find(([labels]) => labels.includes('leases') && labels.includes('403'))?.[1] ?? 0;
  };
  await eventually('it keeps trying', async () => (await refusals()) >= 3, { deadlineMs: 20_000 });
  // What it tries again every few seconds is told once a minute.
  expect(await complaints()).toBe(1);
  const { status: ready, text } = await probe(standby, '/readyz');
  expect(ready).toBe(503);
  expect(text).toMatch(
    /election\b.*the API server does not let us (get leases, update leases|update leases, get leases);/,
  );
  expect((await probe(standby, '/livez')).status).toBe(200);
  expect(await metric(standby, 'lockkeeper_leader')).toEqual({ '': 0 });
  expect(Object.values(await metric(standby, 'lockkeeper_reconcile_total')).filter(Boolean)).toEqual([]);
  expect(forge.log.entries().slice(before)).toEqual([]);

  const bindings = chart.objects.filter(({ kind }) => kind === 'RoleBinding');
  await cluster.applyYaml(bindings.map((object) => stringify(object)).join('---\n'));
  const granted = Date.now();
  printTime('right to the Lease granted: it leads', (await said(standby, 'leading')) - granted);
  await isProposed(app, '6.3.0');
  await eventually('it is ready', async () => (await probe(standby, '/readyz')).status === 200);
  leader = standby;
}, 60_000);

test('without the right to write statuses it is not ready until it is granted', async () => {
  const { cluster, chart } = scene.world;
  const roles = chart.objects.filter(({ kind }) => kind === 'ClusterRole');
  const without = roles.map(({ rules, ...role }) => ({
    ...role,
    rules: z
      .array(z.looseObject({ resources: z.array(z.string()).default([]) }))
      .parse(rules)
      .filter(({ resources }) => !resources.includes('pipelines/status')),
  }));
  await cluster.applyYaml(without.map((object) => stringify(object)).join('---\n'));
  await app.release('6.4.0');
  await eventually('it is not ready', async () => (await probe(leader, '/readyz')).status === 503);
  expect((await probe(leader, '/readyz')).text).toMatch(
    /status-pipelines\b.*the API server does not let us patch pipelines\/status;/,
  );
  expect((await probe(leader, '/livez')).status).toBe(200);
  await cluster.applyYaml(roles.map((object) => stringify(object)).join('---\n'));
  await isProposed(app, '6.4.0');
  await eventually('it is ready', async () => (await probe(leader, '/readyz')).status === 200);
}, 60_000);
