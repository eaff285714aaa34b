import { join } from 'node:path';
import { Bare } from './bare.ts';
import { costsOf, type Costs, type Sample, type Seen } from './costs.ts';
import { cpuMs, peakResidentMB } from './process-meter.ts';
import { readRequests } from './requests.ts';
import { startStage, type Stage } from './stage.ts';
import type { Wishes } from './wishes.ts';

const app = 'podinfo';
/** Versions that replace one another in an open pull request. */
const replacements = 10;
const coldBares = 2;
const warmBares = 20;
/** So many files are read in batches; more come in one archive. */
const batchesUpTo = 500;

/** What promotions cost one process. */
export interface Run {
  readonly cold: Costs;
  readonly warm: Costs;
  readonly peakMB: number;
}

export interface FleetRun {
  readonly files: number;
  readonly ours: Run;
  /** Warm, the pull request of the version before being open still. */
  readonly inPlace: Costs;
  /** The script. */
  readonly bare: Run;
}

/**
 * Promotes again and again in a fleet of one size: first each time with a controller that has just started, then with the last of
 * these; at last the same by a script, the controller being stopped.
 */
export async function runFleet(files: number, wishes: Wishes): Promise<FleetRun> {
  const { say } = wishes;
  const promotions = wishes.promotions ?? (files === 56 ? 200 : 20);
  const colds = wishes.colds ?? (files < 20_000 ? 5 : 3);
  say(`${files} files: ${colds} cold and ${promotions} warm promotions`);
  const size = { files, history: Math.min(500, files), pipelines: [app] };
  const stage = await startStage({ size, ...wishes });
  try {
    await stage.applyPipelines();
    let last = 0;
    const nextVersion = (): string => {
      wishes.signal.throwIfAborted();
      last += 1;
      return `6.1.${last}`;
    };
    const ours = await runController(stage, { colds, promotions }, nextVersion);
    tell(say, files, 'controller', ours);
    const inPlace = await runInPlace(stage, nextVersion);
    await stage.world.controller?.stop();
    const warm = Math.min(promotions, warmBares);
    const bare = await runBare(
      stage,
      files,
      { colds: Math.min(colds, coldBares), promotions: warm },
      nextVersion,
    );
    tell(say, files, 'script', bare);
    return { files, ours, inPlace, bare };
  } finally {
    await stage.stop();
  }
}

interface Counts {
  readonly colds: number;
  readonly promotions: number;
}

async function runController(
  stage: Stage,
  { colds, promotions }: Counts,
  nextVersion: () => string,
): Promise<Run> {
  const cold: Sample[] = [];
  const warm: Sample[] = [];
  let pid = 0;
  let peakMB = 0;
  for (let round = 0; round < colds; round += 1) {
    ({ pid } = await stage.startController());
    cold.push(await promote(stage, pid, nextVersion()));
    peakMB = Math.max(peakMB, await peakResidentMB(pid));
  }
  for (let round = 0; round < promotions; round += 1) warm.push(await promote(stage, pid, nextVersion()));
  peakMB = Math.max(peakMB, await peakResidentMB(pid));
  return { ...(await costs(stage, stage.requestsFile, cold, warm)), peakMB };
}

async function runInPlace(stage: Stage, nextVersion: () => string): Promise<Costs> {
  const pid = stage.world.controller?.pid ?? 0;
  await propose(stage, pid, nextVersion());
  const samples: Sample[] = [];
  let version = '';
  for (let round = 0; round < replacements; round += 1) {
    version = nextVersion();
    samples.push(await propose(stage, pid, version));
  }
  await stage.mergeAll();
  await stage.untilPhase(app, version, 'Promoted');
  return costsOf(samples, await seenBy(stage, stage.requestsFile, samples));
}

async function runBare(
  stage: Stage,
  files: number,
  { colds, promotions }: Counts,
  nextVersion: () => string,
): Promise<Run> {
  const cold: Sample[] = [];
  const warm: Sample[] = [];
  let peakMB = 0;
  const requestsName = 'bare.jsonl';
  for (let round = 1; round <= colds; round += 1) {
    const bare = await Bare.start(stage, requestsName);
    try {
      cold.push(await bare.promote(nextVersion(), files <= batchesUpTo ? 'blobs' : 'archive'));
      for (let at = 0; round === colds && at < promotions; at += 1)
        warm.push(await bare.promote(nextVersion(), 'changes'));
      peakMB = Math.max(peakMB, await bare.peakMB());
    } finally {
      await bare.stop();
    }
  }
  return { ...(await costs(stage, join(stage.folder, requestsName), cold, warm)), peakMB };
}

async function costs(
  stage: Stage,
  requestsFile: string,
  cold: readonly Sample[],
  warm: readonly Sample[],
): Promise<{ readonly cold: Costs; readonly warm: Costs }> {
  const seen = await seenBy(stage, requestsFile, warm);
  return { cold: costsOf(cold, seen), warm: costsOf(warm, seen) };
}

async function seenBy(stage: Stage, requestsFile: string, samples: readonly Sample[]): Promise<Seen> {
  const { forge } = stage.world;
  return {
    sent: await readRequests(requestsFile, samples.at(-1)?.window.end ?? 0),
    answered: forge.log.entries(),
    forgeOrigins: [forge.urls.api, forge.urls.codeload],
  };
}

/** From a release into dev until staging runs it: a new pull request each time, merged by a person. */
async function promote(stage: Stage, pid: number, version: string): Promise<Sample> {
  const cpuBefore = await cpuMs(pid);
  const proposed = await propose(stage, pid, version);
  await stage.mergeAll();
  await stage.untilPhase(app, version, 'Promoted');
  return {
    ...proposed,
    cycle: { start: proposed.cycle.start, end: now() },
    cycleCpuMs: (await cpuMs(pid)) - cpuBefore,
  };
}

/** From a release into dev until the pull request shows it and the status says so. */
async function propose(stage: Stage, pid: number, version: string): Promise<Sample> {
  const cpuBefore = await cpuMs(pid);
  const start = now();
  const published = stage.published(1);
  const [healthyAt, [opened]] = await Promise.all([stage.release(version), published]);
  if (opened === undefined) throw new Error('no pull request');
  await stage.untilPhase(app, version, 'Proposed');
  const used = (await cpuMs(pid)) - cpuBefore;
  return {
    window: { start: healthyAt, end: opened.endMs },
    cycle: { start, end: now() },
    cpuMs: used,
    cycleCpuMs: used,
  };
}

function tell(say: (line: string) => void, files: number, who: string, { cold, warm }: Run): void {
  const ms = ({ ms: { p50, p99 } }: Costs): string => `${Math.round(p50)} ms, at worst ${Math.round(p99)} ms`;
  say(`${files} files, ${who}: cold ${ms(cold)}; warm ${ms(warm)}`);
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
