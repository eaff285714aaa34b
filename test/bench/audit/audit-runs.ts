import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { audit } from '../../../src/auditor/closure.ts';
import { RbacIndex } from '../../../src/auditor/rbac-index.ts';
import { rbacKinds } from '../../../src/auditor/rbac-kinds.ts';
import type { RbacObject } from '../../../src/auditor/rbac.ts';
import { sleep } from '../../../src/base/time.ts';
import { listPages } from '../../../src/kube/reflector/list.ts';
import { pathOf } from '../../../src/kube/resource.ts';
import { Transport } from '../../../src/kube/transport/transport.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import type { ControllerProcess } from '../../sandbox/controller-process.ts';
import { cpuMs, peakResidentMB, residentMB } from '../process-meter.ts';
import { untilAtRest } from '../runtime/rest.ts';
import type { bareSetting } from '../runtime/bare-read.ts';
import { percentile } from '../statistics.ts';
import type { Wishes } from '../wishes.ts';
import type { AuditStage } from './audit-stage.ts';
import { readersBarely } from './bare-audit.ts';
import { readerBinding } from './rbac-fleet.ts';

const bareProgram = fileURLToPath(new URL('../runtime/bare-read.ts', import.meta.url));
const bareAnswer = z.object({ objects: z.number(), cpuMs: z.number() });
const controller = { namespace: 'lockkeeper-system', name: 'lockkeeper-controller' };
const rounds = 5;
const settleWithinMs = 300_000;

type Say = Pick<Wishes, 'say' | 'signal'>;

/** In memory alone: from the objects as they are listed to a report of each Secret. */
export interface PureRun {
  readonly objects: number;
  /** Of the index and of all reports. */
  readonly allMs: number;
  /** All reports again after one binding of one namespace has changed. */
  readonly againMs: number;
  readonly others: number;
  readonly bareMs: number;
}

const listedCredentials = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ namespace: z.string(), name: z.string() }),
      status: z.object({ access: z.object({ others: z.number() }).optional() }).optional(),
    }),
  ),
});
type Listed = z.infer<typeof listedCredentials>['items'];

async function credentialsOf({ cluster }: AuditStage): Promise<Listed> {
  const { body } = await cluster.api('GET', '/apis/lockkeeper.dev/v1alpha1/credentials');
  return listedCredentials.parse(body).items;
}

export async function runPure(stage: AuditStage, { say, signal }: Say): Promise<PureRun> {
  const { cluster } = stage;
  const transport = new Transport({
    server: cluster.server,
    tls: () => ({ ca: cluster.ca }),
    token: () => cluster.adminToken,
  });
  const objects: RbacObject[] = [];
  try {
    for (const { resource, schema } of rbacKinds)
      for await (const page of listPages(transport, resource, signal))
        for (const item of page) objects.push(schema.parse(item));
  } finally {
    await transport.close();
  }
  const questions = (await credentialsOf(stage)).map(({ metadata: { namespace, name } }) => ({
    namespace,
    secret: name,
    controller,
  }));
  const all: number[] = [];
  const again: number[] = [];
  const bare: number[] = [];
  let others = 0;
  for (let round = 0; round < rounds; round += 1) {
    let began = performance.now();
    const index = new RbacIndex();
    for (const object of objects) index.put(object);
    const reports = questions.map((question) => audit(index, question));
    all.push(performance.now() - began);
    others = reports.reduce((sum, report) => sum + report.others.length, 0) / reports.length;

    const changed = objects.findLast(({ kind }) => kind === 'RoleBinding');
    if (changed === undefined) throw new Error('there is no RoleBinding');
    index.put(changed);
    began = performance.now();
    for (const question of questions) audit(index, question);
    again.push(performance.now() - began);

    began = performance.now();
    for (const question of questions) readersBarely(objects, question);
    bare.push(performance.now() - began);
  }
  const run = {
    objects: objects.length,
    allMs: percentile(all, 0.5),
    againMs: percentile(again, 0.5),
    others,
    bareMs: percentile(bare, 0.5),
  };
  say(
    `in memory: ${run.objects} objects and ${questions.length} reports of ${Math.round(others)} others each in ${Math.round(run.allMs)} ms; again ${Math.round(run.againMs)} ms; barely ${Math.round(run.bareMs)} ms`,
  );
  return run;
}

/** The real auditor: a start when nothing is written yet, and one when all is. */
export interface ProcessRun {
  readonly readySeconds: number;
  /** From its start until every Credential has its answer. */
  readonly writtenSeconds: number;
  readonly residentMB: number;
  readonly peakMB: number;
  readonly bare: { readonly seconds: number };
  readonly change: ChangeRun;
}

/** From the answer to the creation of a RoleBinding to the answer that holds the status. */
export interface ChangeRun {
  readonly p50Ms: number;
  readonly longestMs: number;
  /** Processor time of one change, all audits that it concerns included. */
  readonly cpuMs: number;
}

export async function runProcess(stage: AuditStage, wishes: Say): Promise<ProcessRun> {
  const { say, signal } = wishes;
  const began = performance.now();
  const auditor = await stage.startAuditor();
  await eventually(
    'all statuses are written',
    async () => {
      signal.throwIfAborted();
      return (await credentialsOf(stage)).every(({ status }) => status?.access !== undefined);
    },
    { deadlineMs: settleWithinMs },
  );
  const writtenSeconds = (performance.now() - began) / 1000;
  await untilAtRest(auditor.pid, settleWithinMs, signal);
  say(
    `auditor: ready after ${Math.round(auditor.readyMs)} ms, all written after ${writtenSeconds.toFixed(1)} s`,
  );
  const change = await runChanges(stage, auditor, wishes);
  const memory = { residentMB: await residentMB(auditor.pid), peakMB: await peakResidentMB(auditor.pid) };
  say(`auditor: ${Math.round(memory.residentMB)} MB resident, at most ${Math.round(memory.peakMB)} MB`);
  await auditor.stop();
  return {
    readySeconds: auditor.readyMs / 1000,
    writtenSeconds,
    ...memory,
    change,
    bare: await runBare(stage, say),
  };
}

async function runChanges(
  stage: AuditStage,
  { pid }: ControllerProcess,
  { say, signal }: Say,
): Promise<ChangeRun> {
  const times: number[] = [];
  const cpu: number[] = [];
  const credentials = await credentialsOf(stage);
  for (let round = 0; round < 2 * rounds; round += 1) {
    const chosen = credentials[round % credentials.length];
    if (chosen === undefined) throw new Error('there is no Credential');
    const { namespace, name } = chosen.metadata;
    const { path, body } = readerBinding(namespace, `reader-${round}`);
    const othersNow = async (): Promise<number> =>
      (await credentialsOf(stage)).find(
        ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
      )?.status?.access?.others ?? 0;
    const before = await othersNow();
    const cpuBefore = await cpuMs(pid);
    const { status } = await stage.cluster.api('POST', path, body);
    if (status !== 201) throw new Error(`POST ${path}: ${status}`);
    const began = performance.now();
    while ((await othersNow()) === before) {
      if (performance.now() - began > settleWithinMs) throw new Error('the change did not come into status');
      await sleep(5, signal);
    }
    times.push(performance.now() - began);
    await untilAtRest(pid, settleWithinMs, signal);
    cpu.push((await cpuMs(pid)) - cpuBefore);
  }
  const run = { p50Ms: percentile(times, 0.5), longestMs: Math.max(...times), cpuMs: percentile(cpu, 0.5) };
  say(
    `a change: ${Math.round(run.p50Ms)} ms until it is in status, ${Math.round(run.cpuMs)} ms of processor time`,
  );
  return run;
}

async function runBare(stage: AuditStage, say: Wishes['say']): Promise<ProcessRun['bare']> {
  const { server, ca } = stage.cluster;
  const token = (await stage.token()).expose();
  const paths = [
    ...rbacKinds.map(({ resource }) => pathOf(resource)),
    '/apis/lockkeeper.dev/v1alpha1/credentials',
  ];
  const began = performance.now();
  const child = spawn(process.execPath, [bareProgram], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const setting: z.infer<typeof bareSetting> = { server, ca, token, paths };
  child.stdin.end(`${JSON.stringify(setting)}\n`);
  const { objects } = bareAnswer.parse(JSON.parse(await text(child.stdout)));
  const seconds = (performance.now() - began) / 1000;
  await ended;
  say(`script: ${objects} objects in ${seconds.toFixed(1)} s`);
  return { seconds };
}
