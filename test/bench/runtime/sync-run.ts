import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { sleep } from '../../../src/base/time.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { cpuMs, peakResidentMB, residentMB } from '../process-meter.ts';
import { readRequests, type SentRequest } from '../requests.ts';
import type { Wishes } from '../wishes.ts';
import { askProbe, type Stalls } from './ask-probe.ts';
import type { bareSetting } from './bare-read.ts';
import { untilAtRest } from './rest.ts';
import type { RuntimeStage } from './runtime-stage.ts';
import { scrape } from './scrape.ts';

const bareProgram = fileURLToPath(new URL('bare-read.ts', import.meta.url));
const bareAnswer = z.object({ objects: z.number(), bytes: z.number(), cpuMs: z.number() });
const paths = [
  '/api/v1/namespaces',
  '/apis/lockkeeper.dev/v1alpha1/credentials',
  '/apis/lockkeeper.dev/v1alpha1/pipelines',
  '/apis/helm.toolkit.fluxcd.io/v2/helmreleases',
];
const settleWithinMs = 300_000;
const writesEveryMs = 1_000;
const idleMs = 60_000;

/** A cold start among many objects, all of whose statuses are written already, and what follows when nothing happens. */
export interface SyncRun {
  readonly seconds: number;
  /** Until it was ready. */
  readonly cpuSeconds: number;
  readonly residentMB: number;
  readonly peakMB: number;
  /** Of a core. */
  readonly idlePercent: number;
  readonly stalls: Stalls;
  /** From ready until all was at rest: every Pipeline had its pass. */
  readonly passesPerSecond: number;
  /** In that time, of the API server: Leases are no part of a pass. */
  readonly apiWrites: number;
  /** In that time, of a forge: what the Credentials' own passes ask is no part of a Pipeline's. */
  readonly forgeCalls: number;
  readonly bare: { readonly seconds: number; readonly cpuSeconds: number };
}

/** Starts a controller and measures until it has been at rest for a minute, and then a script that reads the same. */
export async function runSync(
  stage: RuntimeStage,
  count: number,
  wishes: Pick<Wishes, 'say' | 'signal'>,
): Promise<SyncRun> {
  const { say, signal } = wishes;
  const { controller, probeSocket, requestsFile } = await stage.startController({ watched: true });
  const { pid, readyMs } = controller;
  const readyAt = performance.now();
  const readyCpuMs = await cpuMs(pid);
  const seconds = (readyMs / 1000).toFixed(1);
  say(`${count} Pipelines: ready after ${seconds} s, of which ${(readyCpuMs / 1000).toFixed(1)} s are ours`);
  const rest = await untilAtRest(pid, settleWithinMs, signal);
  const stalls = await askProbe(probeSocket);
  const passes = await scrape(controller.telemetryUrl, 'lockkeeper_reconcile_total', {
    controller: 'pipelines',
  });
  if (passes < count) throw new Error(`only ${passes} passes were made for ${count} Pipelines`);
  const passCpuMs = rest.cpuMs - readyCpuMs;
  const wallMs = rest.at - readyAt;
  say(
    `passes: ${Math.round(wallMs)} ms, of which ${Math.round(passCpuMs)} ms are ours; stalls: ${stalls.told}`,
  );

  const idleFrom = { at: performance.now(), cpuMs: await cpuMs(pid) };
  await sleep(idleMs, signal);
  const idleCpuMs = (await cpuMs(pid)) - idleFrom.cpuMs;
  const idlePercent = (100 * idleCpuMs) / (performance.now() - idleFrom.at);
  const memory = { residentMB: await residentMB(pid), peakMB: await peakResidentMB(pid) };
  say(`at rest: ${idlePercent.toFixed(2)} % of a core, ${Math.round(memory.residentMB)} MB resident`);
  await controller.stop();
  const sent = await readRequests(requestsFile, 0);
  if (sent.length === 0) throw new Error('no request was seen');
  return {
    seconds: readyMs / 1000,
    cpuSeconds: readyCpuMs / 1000,
    ...memory,
    idlePercent,
    stalls,
    passesPerSecond: passes / (passCpuMs / 1000),
    apiWrites: sent.filter((each) => isWriteOfPass(each, stage)).length,
    forgeCalls: sent.filter((each) => isForgeCallOfPass(each, stage)).length,
    bare: await runBare(stage, say),
  };
}

/** Runs a controller until it has written every Pipeline's first status. */
export async function settleStatuses(
  stage: RuntimeStage,
  count: number,
  { say, signal }: Pick<Wishes, 'say' | 'signal'>,
): Promise<void> {
  const began = performance.now();
  const seconds = (): string => ((performance.now() - began) / 1000).toFixed(1);
  const { controller, requestsFile } = await stage.startController({ watched: true });
  say(`first start: ready after ${seconds()} s; it writes all statuses`);
  // On a busy machine a process that waits for its writes may look as if it were at rest.
  await eventually(
    'all statuses are written',
    async () => {
      signal.throwIfAborted();
      await sleep(writesEveryMs, signal);
      const sent = await readRequests(requestsFile, 0);
      const written = sent.filter(({ method, path }) => method === 'PATCH' && path.includes('/pipelines/'));
      return written.length >= count;
    },
    { deadlineMs: settleWithinMs },
  );
  await untilAtRest(controller.pid, settleWithinMs, signal);
  say(`first start: all statuses written after ${seconds()} s`);
  await controller.stop();
}

/** Which rights we have is asked at the start and hourly, by no pass; such a question is sent as POST and stores nothing. */
function isWriteOfPass({ origin, method, path }: SentRequest, { world }: RuntimeStage): boolean {
  const isOfPass = !path.includes('/leases') && !path.endsWith('/selfsubjectaccessreviews');
  return origin === world.cluster.server && method !== 'GET' && isOfPass;
}

/** What a Pipeline asks concerns a repository; a Credential's probe stops at the App and its installation. */
function isForgeCallOfPass({ origin, path }: SentRequest, { world }: RuntimeStage): boolean {
  if (origin === world.cluster.server) return false;
  return !/^\/(app|installation)\b|\/installation$/.test(path);
}

async function runBare(stage: RuntimeStage, say: (line: string) => void): Promise<SyncRun['bare']> {
  const { server, ca } = stage.world.cluster;
  const token = (await stage.controllerToken()).expose();
  const began = performance.now();
  const child = spawn(process.execPath, [bareProgram], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const setting: z.infer<typeof bareSetting> = { server, ca, token, paths };
  child.stdin.end(`${JSON.stringify(setting)}\n`);
  const answer = bareAnswer.parse(JSON.parse(await text(child.stdout)));
  const seconds = (performance.now() - began) / 1000;
  await ended;
  const perObject = Math.round(answer.bytes / answer.objects);
  say(`script: ${answer.objects} objects of ${perObject} bytes on average in ${seconds.toFixed(1)} s`);
  return { seconds, cpuSeconds: answer.cpuMs / 1000 };
}
