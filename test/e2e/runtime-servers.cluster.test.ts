import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../sandbox/cluster/eventually.ts';
import type { ServerName } from '../sandbox/cluster/servers.ts';
import type { ControllerProcess } from '../sandbox/controller-process.ts';
import { gate } from './gate.ts';
import { linesOf, printTime, probe, said, untilEnded } from './replicas.ts';
import { untilSameAsServer } from './same-as-server.ts';
import { startScene, type Scene, type Stage } from './scene.ts';

/** The servers of the control plane break under a leader and a standby. */
let scene: Scene;
let stage: Stage;
let leader: ControllerProcess;
let standby: ControllerProcess;

beforeAll(async () => {
  scene = await startScene({ controller: false });
  leader = await scene.world.startReplica();
  await said(leader, 'leading');
  standby = await scene.world.startReplica();
  stage = await scene.stage('servers');
}, 60_000);
afterEach(() => scene.world.forge.faults.clear());
afterAll(async () => await scene.stop());

async function isProposed(version: string): Promise<void> {
  await stage.eventually(
    `a pull request for ${version} is open`,
    ({ promotion }) => promotion?.phase === 'Proposed' && promotion.revision.version === version,
    45_000,
  );
}

test('the API server is killed and started again: both replicas recover', async () => {
  const { cluster } = scene.world;
  await stage.release('6.2.0');
  await isProposed('6.2.0');
  await cluster.kill('kube-apiserver');
  for (const each of [leader, standby])
    await said(each, 'worked around', 20_000, (line) => line['what'] === 'pipelines');
  await cluster.restart('kube-apiserver');
  const restarted = Date.now();
  await cluster.ensureNamespace('servers-new');
  await stage.release('6.3.0');
  await isProposed('6.3.0');
  printTime('API server killed and started again: the next release is proposed', Date.now() - restarted);
  expect(stage.proposal.pullRequests).toHaveLength(1);
  await untilSameAsServer(scene.world, leader, standby);
  for (const each of [leader, standby]) {
    // A server that has just started does not know all definitions yet, and what it said counts until it is asked again.
    await eventually('it is ready', async () => (await probe(each, '/readyz')).status === 200);
  }
}, 90_000);

test.each<[ServerName, string]>([
  ['kube-apiserver', '7.1.0'],
  ['etcd', '7.2.0'],
])(
  'a leader that cannot renew as %s stands still ends, and another one goes on when that is over',
  async (server, version) => {
    const { cluster, forge } = scene.world;
    const writing = gate();
    forge.faults.add({
      route: 'POST /repos/{owner}/{repo}/git/trees',
      effect: { kind: 'hold', until: writing.until },
    });
    await stage.release(version);
    await writing.reached();
    await cluster.kill(server, 'SIGSTOP');
    const stopped = Date.now();
    const { code } = await untilEnded(leader, 25_000);
    printTime(`${server} stands still: the leader has ended`, Date.now() - stopped);
    const endedAt = Date.now();
    expect(code).toBe(1);
    const last = (await linesOf(leader)).at(-1);
    expect(last).toMatchObject({ msg: 'the controller failed', err: { code: 'LeadershipLost' } });
    expect((await probe(standby, '/livez')).status).toBe(200);
    const begun = forge.log.entries().filter(({ startMs }) => startMs > stopped && startMs <= endedAt);
    // The token that reads, and the one that was about to write: neither lives longer than the leader.
    const revoking = 'DELETE /installation/token';
    expect(begun.map(({ route }) => route)).toEqual([revoking, revoking]);

    writing.open();
    await cluster.kill(server, 'SIGCONT');
    const resumed = Date.now();
    await said(standby, 'leading', 45_000);
    printTime(`${server} goes on: another one leads`, Date.now() - resumed);
    await isProposed(version);
    expect(stage.proposal.pullRequests).toHaveLength(1);
    leader = standby;
    // As the kubelet would.
    standby = await scene.world.startReplica();
    expect((await probe(standby, '/readyz')).status).toBe(200);
    await untilSameAsServer(scene.world, leader, standby);
  },
  120_000,
);
