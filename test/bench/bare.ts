import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { systemNamespace } from '../sandbox/chart.ts';
import { fleet, pipelineNamespace } from '../sandbox/world.ts';
import type { BareOrder, BareSetting } from './bare-requests.ts';
import type { Sample } from './costs.ts';
import { markedPath, releaseInStaging } from './fleet-generator.ts';
import { cpuMs, peakResidentMB } from './process-meter.ts';
import type { Span } from './requests.ts';
import { requestWatcher, type Stage } from './stage.ts';

const program = fileURLToPath(new URL('bare-requests.ts', import.meta.url));
const span = z.object({ start: z.number(), end: z.number() });

/** A process that sends a promotion's requests and does nothing else. */
export class Bare {
  readonly #stage: Stage;
  readonly #child: ReturnType<typeof spawnScript>;
  readonly #answers: AsyncIterator<string>;

  constructor(stage: Stage, requestsFile: string) {
    this.#stage = stage;
    this.#child = spawnScript(requestsFile);
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** A fresh process that may do what the controller may. The controller must not run meanwhile. */
  static async start(stage: Stage, requestsName: string): Promise<Bare> {
    const { cluster, forge, app } = stage.world;
    const bare = new Bare(stage, join(stage.folder, requestsName));
    const account = { namespace: systemNamespace, serviceAccount: 'lockkeeper-controller' };
    const setting: BareSetting = {
      api: forge.urls.api,
      server: cluster.server,
      ca: cluster.ca,
      kubeToken: (await cluster.requestToken(account)).expose(),
      appId: app.id,
      privateKey: app.privateKey,
      repository: fleet,
      secretPath: `/api/v1/namespaces/${pipelineNamespace}/secrets/acme-promoter`,
      pipelinesPath: `/apis/lockkeeper.dev/v1alpha1/namespaces/${pipelineNamespace}/pipelines`,
    };
    bare.#child.stdin.write(`${JSON.stringify(setting)}\n`);
    return bare;
  }

  /** A version that is released for it, and merged after it. */
  async promote(version: string, reads: BareOrder['reads']): Promise<Sample> {
    await this.#stage.release(version);
    const pid = this.#pid();
    const before = await cpuMs(pid);
    this.#order(this.#stage.pipelines[0] ?? '', version, reads);
    const window = await this.#answer();
    const used = (await cpuMs(pid)) - before;
    await this.#stage.mergeAll();
    return { window, cycle: window, cpuMs: used, cycleCpuMs: used };
  }

  /** All Pipelines of the stage as fast as it goes: the first finds the markers, the others know them. */
  async promoteAll(version: string, reads: BareOrder['reads']): Promise<Span> {
    const [first = '', ...others] = this.#stage.pipelines;
    this.#order(first, version, reads);
    const spans = [await this.#answer()];
    for (const pipeline of others) this.#order(pipeline, version, 'nothing');
    for (const _ of others) spans.push(await this.#answer());
    return {
      start: Math.min(...spans.map(({ start }) => start)),
      end: Math.max(...spans.map(({ end }) => end)),
    };
  }

  #order(pipeline: string, version: string, reads: BareOrder['reads']): void {
    const text = releaseInStaging(pipeline, version);
    const order: BareOrder = { pipeline, version, path: markedPath(pipeline), text, reads };
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
  }

  async #answer(): Promise<Span> {
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('the bare script ended');
    return span.parse(JSON.parse(value));
  }

  async peakMB(): Promise<number> {
    return await peakResidentMB(this.#pid());
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin.end();
    await ended;
  }

  #pid(): number {
    if (this.#child.pid === undefined) throw new Error('the bare script did not start');
    return this.#child.pid;
  }
}

function spawnScript(requestsFile: string) {
  return spawn(process.execPath, ['--import', requestWatcher, program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] ?? '', LOCKKEEPER_BENCH_REQUESTS: requestsFile },
  });
}
