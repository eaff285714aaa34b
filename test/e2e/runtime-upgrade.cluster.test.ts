import { setInterval as ticking } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ControllerProcess } from '../sandbox/controller-process.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { metric, printTime, probe, said } from './replicas.ts';
import { untilSameAsServer } from './same-as-server.ts';
import { startScene, type Scene, type Stage } from './scene.ts';

/** Replicas that are replaced: in peace, one after the other, and without a word. */
let scene: Scene;
let stages: Stage[];
/** Who leads. */
let leader: ControllerProcess;

beforeAll(async () => {
  scene = await startScene({ controller: false });
  leader = await scene.world.startReplica();
  await said(leader, 'leading');
  const numbers = Array.from({ length: 10 }, (_, index) => index);
  stages = await Promise.all(numbers.map((number) => scene.stage(`rolling-${number}`)));
}, 90_000);
afterAll(async () => await scene.stop());

/** Resolves when a process that stands by knows all that it has to know, and acts on nothing. */
async function isWarm(standby: ControllerProcess): Promise<void> {
  await eventually('the standby is ready', async () => (await probe(standby, '/readyz')).status === 200);
  const objects = await metric(leader, 'lockkeeper_store_objects');
  expect(await metric(standby, 'lockkeeper_store_objects')).toEqual(objects);
  expect(objects).toMatchObject({ '{resource="pipelines"}': stages.length });
  expect(await metric(standby, 'lockkeeper_leader')).toEqual({ '': 0 });
  // It looks at everything when it leads, and keeps no list of its own until then.
  expect(Object.values(await metric(standby, 'lockkeeper_queue_depth'))).toEqual([0, 0]);
  const passes = Object.values(await metric(standby, 'lockkeeper_reconcile_total'));
  expect(passes.filter((count) => count > 0)).toEqual([]);
}

/** Which versions the promotion branch of a stage has come to hold, in order; each commit is one of them. */
function promotedVersions(stage: Stage): { readonly heads: readonly string[]; readonly stop: () => void } {
  const heads: string[] = [];
  const branch = `promotion/${stage.namespace}/podinfo/staging`;
  const stop = scene.world.forge.onBranchMove(stage.repository, branch, (commit) => heads.push(commit));
  return { heads, stop };
}

async function versionAt(stage: Stage, commit: string): Promise<string> {
  const text = await scene.world.forge.readFile(stage.repository, commit, 'apps/staging.yaml');
  return /version: (\S+)/.exec(text ?? '')?.[1] ?? 'none';
}

test('two upgrades while versions are released lose no release and propose none twice', async () => {
  const followed = stages.map((stage) => promotedVersions(stage));
  const released = stages.map(() => 0);
  const upgraded = new AbortController();
  const releasing = (async () => {
    let turn = 0;
    // At a steady pace, whatever comes of it.
    for await (const _ of ticking(100)) {
      const index = (turn += 1) % stages.length;
      const patch = (released[index] = (released[index] ?? 0) + 1);
      await stages[index]?.release(`6.2.${patch}`);
      if (upgraded.signal.aborted && turn >= 3 * stages.length) return;
    }
  })();
  try {
    for (const upgrade of ['first', 'second']) {
      const next = await scene.world.startReplica();
      await isWarm(next);
      const asked = Date.now();
      leader.kill('SIGTERM');
      // Sooner than the Lease of one that says nothing would end.
      printTime(
        `rolling restart, ${upgrade} upgrade: the next one leads`,
        (await said(next, 'leading', 10_000)) - asked,
      );
      expect(await leader.exited).toBe(0);
      leader = next;
    }
  } finally {
    upgraded.abort();
    await releasing;
  }

  for (const [index, stage] of stages.entries()) {
    const last = `6.2.${released[index]}`;
    await stage.eventually(
      `${last} is proposed`,
      ({ promotion }) => promotion?.phase === 'Proposed' && promotion.revision.version === last,
      30_000,
    );
    followed[index]?.stop();
    const versions = await Promise.all((followed[index]?.heads ?? []).map((head) => versionAt(stage, head)));
    expect(versions.at(-1)).toBe(last);
    const inOrder = versions.toSorted((a, b) => Number(a.slice(4)) - Number(b.slice(4)));
    expect(versions).toEqual([...new Set(inOrder)]);
    expect(stage.proposal.pullRequests.map(({ title, state }) => ({ title, state }))).toEqual([
      { title: `Promote ${stage.namespace}/podinfo in staging to ${last}`, state: 'open' },
    ]);
    expect(await stage.warnings()).not.toContain('BranchTampered');
  }
  await untilSameAsServer(scene.world, leader);
}, 90_000);

test('when the leader is killed the one that stands by acts after the end of the Lease, out of caches that it has', async () => {
  const standby = await scene.world.startReplica();
  await isWarm(standby);
  const lists = await metric(standby, 'lockkeeper_kube_requests_total');
  const killed = Date.now();
  leader.kill('SIGKILL');
  await Promise.all(stages.map((stage) => stage.release('7.0.0')));
  printTime('leader killed by SIGKILL: another leads', (await said(standby, 'leading', 24_000)) - killed);
  expect(await metric(standby, 'lockkeeper_leader')).toEqual({ '': 1 });
  await Promise.all(
    stages.map((stage) =>
      stage.eventually('7.0.0 is proposed', ({ promotion }) => promotion?.revision.version === '7.0.0'),
    ),
  );
  printTime('leader killed by SIGKILL: what was released meanwhile is proposed', Date.now() - killed);
  // Nothing was read anew for it.
  const watched = (of: Readonly<Record<string, number>>): object =>
    Object.fromEntries(
      Object.entries(of).filter(([labels]) => /verb="(list|watch)",resource="(?!leases)/.test(labels)),
    );
  expect(watched(await metric(standby, 'lockkeeper_kube_requests_total'))).toEqual(watched(lists));
  await untilSameAsServer(scene.world, standby);
}, 90_000);
