import { figure, type Figure } from './report.ts';
import { runFailovers, type FailoverRun } from './runtime/failover-run.ts';
import { runLatency, type LatencyRun } from './runtime/latency-run.ts';
import { startRuntimeStage } from './runtime/runtime-stage.ts';
import { runStarts, type StartRun } from './runtime/start-run.ts';
import { runSync, settleStatuses, type SyncRun } from './runtime/sync-run.ts';
import type { Wishes } from './wishes.ts';

/** What `--parts` may name. */
export const runtimeParts = ['start', 'failover', 'sync', 'latency'] as const;

/** What the runtime takes among many objects, how fast it hears, and how soon another takes over. */
export async function measureRuntime(wishes: Wishes): Promise<readonly Figure[]> {
  const { pipelines, say } = wishes;
  const wants = (part: (typeof runtimeParts)[number]): boolean => wishes.parts?.includes(part) ?? true;
  const figures: Figure[] = [];
  const stage = await startRuntimeStage(wishes);
  try {
    if (wants('start')) figures.push(...startFigures(await runStarts(stage, say)));
    if (wants('failover')) figures.push(...failoverFigures(await runFailovers(stage, wishes)));
    if (wants('sync') || wants('latency')) await stage.fill(pipelines);
    if (wants('sync')) {
      await settleStatuses(stage, pipelines, wishes);
      figures.push(...syncFigures(pipelines, await runSync(stage, pipelines, wishes)));
    }
    if (wants('latency')) figures.push(...latencyFigures(await runLatency(stage, wishes)));
  } finally {
    await stage.stop();
  }
  return figures;
}

function startFigures({ medianMs, longestMs, bareMs }: StartRun): Figure[] {
  const what = 'empty cluster: start of the process to ready';
  return [
    figure(`${what}, median`, medianMs, 'ms', { bar: 600, limit: bareMs }),
    figure(`${what}, longest`, longestMs, 'ms'),
  ];
}

function failoverFigures({ killed, stopped }: FailoverRun): Figure[] {
  return [
    figure('leader killed: another has acted, p50', killed.p50, 's', { bar: 17 }),
    figure('leader killed: another has acted, longest', killed.longest, 's', { bar: 24 }),
    figure('leader stopped by SIGTERM: another has acted, p50', stopped.p50, 's'),
    figure('leader stopped by SIGTERM: another has acted, longest', stopped.longest, 's', { bar: 2 }),
  ];
}

function syncFigures(pipelines: number, run: SyncRun): Figure[] {
  const what = `${pipelines} Pipelines with ${4 * pipelines} HelmReleases`;
  const { stalls, bare } = run;
  return [
    figure(`${what}: cold start to synced`, run.seconds, 's', { bar: 60, limit: bare.seconds }),
    figure(`${what}: cold start to synced, our processor time`, run.cpuSeconds, 's', {
      bar: 20,
      limit: bare.cpuSeconds,
    }),
    figure(`${what}: memory resident, steady`, run.residentMB, 'MB', { bar: 300 }),
    figure(`${what}: memory resident at most`, run.peakMB, 'MB'),
    figure(`${what}: idle, of a core`, run.idlePercent, '%', { bar: 2 }),
    figure(`${what}: longest stall of the event loop`, Math.max(stalls.loadingMs, stalls.afterMs), 'ms', {
      bar: 100,
    }),
    figure(`${what}: longest stall once modules are loaded`, stalls.afterMs, 'ms'),
    figure(`${what}: longest that the main thread ran in one of these`, stalls.afterCpuMs, 'ms'),
    figure(`${what}: passes that change nothing`, run.passesPerSecond, 'a second of a core', {
      better: 'higher',
      bar: 2_000,
    }),
    figure(`${what}: writes to the API in passes that change nothing`, run.apiWrites, 'requests', { bar: 0 }),
    figure(`${what}: forge calls in passes that change nothing`, run.forgeCalls, 'requests', { bar: 0 }),
  ];
}

function latencyFigures({ ours, bare }: LatencyRun): Figure[] {
  const what = '100 events a second: event at the API server to begin of the reconcile';
  return [
    figure(`${what}, p50`, ours.sinceAnswer.p50, 'ms', { bar: 5, limit: bare.sinceAnswer.p50 }),
    figure(`${what}, p99`, ours.sinceAnswer.p99, 'ms', { bar: 50, limit: bare.sinceAnswer.p99 }),
    figure(`${what}, since the write was sent, p50`, ours.sinceSent.p50, 'ms', { limit: bare.sinceSent.p50 }),
    figure(`${what}, since the write was sent, p99`, ours.sinceSent.p99, 'ms', { limit: bare.sinceSent.p99 }),
  ];
}
