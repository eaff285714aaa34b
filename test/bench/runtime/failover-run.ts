import { sleep } from '../../../src/base/time.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import type { ControllerProcess } from '../../sandbox/controller-process.ts';
import { percentile } from '../statistics.ts';
import type { Wishes } from '../wishes.ts';
import type { RuntimeStage } from './runtime-stage.ts';
import { scrape } from './scrape.ts';

/** How often a leader renews its Lease: a kill comes at a random moment of that. */
const renewEveryMs = 2_000;
const kills = 7;
const cleanStops = 5;
const actsWithinMs = 60_000;
const pipelinePath = '/apis/lockkeeper.dev/v1alpha1/namespaces/apps/pipelines/podinfo';

/** Seconds until another replica has acted, each. */
export interface FailoverRun {
  readonly killed: { readonly p50: number; readonly longest: number };
  readonly stopped: { readonly p50: number; readonly longest: number };
}

/** Two replicas, of which the one that leads is ended again and again, by SIGKILL and then by SIGTERM; another takes its place. */
export async function runFailovers(
  stage: RuntimeStage,
  { say, signal }: Pick<Wishes, 'say' | 'signal'>,
): Promise<FailoverRun> {
  await stage.world.applyExamples();
  let replicas = await Promise.all([startReplica(stage), startReplica(stage)]);
  const secondsBy = async (how: 'SIGKILL' | 'SIGTERM', times: number): Promise<FailoverRun['killed']> => {
    const seconds: number[] = [];
    for (let round = 0; round < times; round += 1) {
      const { leader, standby } = await rolesOf(replicas);
      await sleep(Math.random() * renewEveryMs, signal);
      seconds.push(await secondsToAct(stage, leader, standby, how));
      say(`${how}: another replica had acted after ${seconds.at(-1)?.toFixed(2)} s`);
      await leader.exited;
      replicas = [standby, await startReplica(stage)];
    }
    return { p50: percentile(seconds, 0.5), longest: Math.max(...seconds) };
  };
  const run = { killed: await secondsBy('SIGKILL', kills), stopped: await secondsBy('SIGTERM', cleanStops) };
  await Promise.all(replicas.map((each) => each.stop()));
  return run;
}

async function startReplica(stage: RuntimeStage): Promise<ControllerProcess> {
  const { controller } = await stage.startController({ watched: false });
  return controller;
}

/** Once one of them leads. */
async function rolesOf(
  replicas: readonly ControllerProcess[],
): Promise<{ readonly leader: ControllerProcess; readonly standby: ControllerProcess }> {
  let leader: ControllerProcess | undefined;
  await eventually(
    'a replica leads',
    async () => {
      const leads = await Promise.all(
        replicas.map(({ telemetryUrl }) => scrape(telemetryUrl, 'lockkeeper_leader')),
      );
      leader = replicas[leads.indexOf(1)];
      return leader !== undefined;
    },
    { deadlineMs: actsWithinMs },
  );
  const standby = replicas.find((each) => each !== leader);
  if (leader === undefined || standby === undefined) throw new Error('there are not two replicas');
  return { leader, standby };
}

/**
 * From the signal until the other one leads and has said in a Pipeline's status that it has seen what was changed right after the
 * signal.
 */
async function secondsToAct(
  { world: { cluster } }: RuntimeStage,
  leader: ControllerProcess,
  standby: ControllerProcess,
  how: 'SIGKILL' | 'SIGTERM',
): Promise<number> {
  let leads = false;
  const unlisten = standby.onLine(({ msg }) => {
    leads ||= msg === 'leading';
  });
  try {
    const endedAt = performance.now();
    leader.kill(how);
    const { body } = await cluster.api<Seen>('GET', pipelinePath);
    const promotion = { suspend: body.spec.promotion.suspend !== true };
    const wish = { spec: { promotion } };
    const changed = await cluster.api<Seen>('PATCH', pipelinePath, wish, 'application/merge-patch+json');
    const { generation } = changed.body.metadata;
    await eventually(
      'another replica has acted',
      async () => {
        if (!leads) return false;
        const seen = await cluster.api<Seen>('GET', pipelinePath);
        return seen.body.status?.observedGeneration === generation;
      },
      { deadlineMs: actsWithinMs },
    );
    return (performance.now() - endedAt) / 1000;
  } finally {
    unlisten();
  }
}

interface Seen {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly promotion: { readonly suspend?: boolean } };
  readonly status?: { readonly observedGeneration?: number };
}
