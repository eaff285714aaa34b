import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { sleep } from '../../../src/base/time.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { percentile } from '../statistics.ts';
import type { Wishes } from '../wishes.ts';
import { collectionOf, helmReleaseKeys } from './fleet-objects.ts';
import { heardLine, monotonicMs, type Heard, type HearSetting } from './hearing.ts';
import type { RuntimeStage } from './runtime-stage.ts';

const programs = {
  ours: fileURLToPath(new URL('hear-by-runtime.ts', import.meta.url)),
  bare: fileURLToPath(new URL('hear-barely.ts', import.meta.url)),
};
const eventsASecond = 100;
const seconds = 30;
/** Each of another object until all had their turn: two events of one key in a row may be one pass. */
const objects = 1_000;
const atOnce = 32;
const syncWithinMs = 180_000;
const written = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

interface Spread {
  readonly p50: number;
  readonly p99: number;
}

/** Milliseconds until it was heard of. */
export interface Latency {
  /** Since the answer to the write, 0 where it was heard of before that. */
  readonly sinceAnswer: Spread;
  /** Since the write was sent. */
  readonly sinceSent: Spread;
}

export interface LatencyRun {
  readonly ours: Latency;
  readonly bare: Latency;
}

interface Write {
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** Changes HelmReleases at 100 a second for 30 s, and lets the runtime and a script hear of it, each in a process of its own. */
export async function runLatency(
  stage: RuntimeStage,
  { pipelines, say, signal }: Pick<Wishes, 'pipelines' | 'say' | 'signal'>,
): Promise<LatencyRun> {
  const { server, ca, adminToken } = stage.world.cluster;
  const token = (await stage.controllerToken()).expose();
  const hearers = {
    ours: new Hearer(programs.ours, { server, ca, token }),
    bare: new Hearer(programs.bare, { server, ca, token }),
  };
  try {
    await Promise.all([hearers.ours.synced(), hearers.bare.synced()]);
    const keys = helmReleaseKeys(Math.min(objects, pipelines));
    const writes = await write({ server, ca, token: adminToken.expose() }, keys, { say, signal });
    const run = { ours: await hearers.ours.latency(writes), bare: await hearers.bare.latency(writes) };
    const told = ({ sinceAnswer, sinceSent }: Latency): string =>
      `p50 ${sinceAnswer.p50.toFixed(2)} ms, p99 ${sinceAnswer.p99.toFixed(1)} ms; since sent ${sinceSent.p50.toFixed(1)} and ${sinceSent.p99.toFixed(1)} ms`;
    say(`to the runtime: ${told(run.ours)}`);
    say(`to a script: ${told(run.bare)}`);
    return run;
  } finally {
    await Promise.all([hearers.ours.stop(), hearers.bare.stop()]);
  }
}

/** Gives what was written by `key version`. */
async function write(
  { server, ca, token }: HearSetting,
  keys: readonly string[],
  { say, signal }: Pick<Wishes, 'say' | 'signal'>,
): Promise<ReadonlyMap<string, Write>> {
  const dispatcher = new Agent({ connect: { ca } });
  const writes = new Map<string, Write>();
  const began = monotonicMs();
  const patch = async (at: number): Promise<void> => {
    const key = keys[at % keys.length] ?? '';
    const [namespace = '', name = ''] = key.split('/');
    const sentMs = monotonicMs();
    const answer = await request(`${server}${collectionOf(namespace)}/${name}`, {
      method: 'PATCH',
      dispatcher,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/merge-patch+json',
        accept: 'application/json',
      },
      body: JSON.stringify({ metadata: { annotations: { 'bench.example.com/turn': `${began}-${at}` } } }),
    });
    // The head of the answer: the API server has written by then.
    const answeredMs = monotonicMs();
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`PATCH ${key}: ${text}`);
    const { metadata } = written.parse(JSON.parse(text));
    writes.set(`${key} ${metadata.resourceVersion}`, { sentMs, answeredMs });
  };
  try {
    const underWay = new Set<Promise<void>>();
    for (let at = 0; at < eventsASecond * seconds; at += 1) {
      const wait = began + (at * 1000) / eventsASecond - monotonicMs();
      if (wait > 0) await sleep(wait, signal);
      // Where the machine cannot keep the pace, fewer events tell more than a queue in the API server.
      while (underWay.size >= atOnce) await Promise.race(underWay);
      const patched = patch(at).finally(() => underWay.delete(patched));
      underWay.add(patched);
    }
    await Promise.all(underWay);
    const rate = (1000 * writes.size) / (monotonicMs() - began);
    say(`${writes.size} events at ${Math.round(rate)} a second`);
  } finally {
    await dispatcher.destroy();
  }
  return writes;
}

/** A process that tells of what it hears. */
class Hearer {
  readonly #child;
  readonly #heard = new Map<string, Heard>();
  readonly #synced = Promise.withResolvers<void>();
  readonly #ended;

  constructor(program: string, setting: HearSetting) {
    this.#child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = once(this.#child, 'close');
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      if (line === 'synced') {
        this.#synced.resolve();
        return;
      }
      const heard = heardLine.parse(JSON.parse(line));
      this.#heard.set(`${heard.key} ${heard.version}`, heard);
    });
    this.#child.stdin.write(`${JSON.stringify(setting)}\n`);
  }

  /** Rejects when it ends before or takes minutes. */
  async synced(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), syncWithinMs);
    const ended = this.#ended.then(() => Promise.reject(new Error('a process that listens has ended')));
    await Promise.race([this.#synced.promise, ended]);
    clearTimeout(timer);
  }

  /** Once it has heard of all of them. */
  async latency(writes: ReadonlyMap<string, Write>): Promise<Latency> {
    await eventually('all events were heard of', () =>
      [...writes.keys()].every((each) => this.#heard.has(each)),
    );
    const spread = (since: (write: Write) => number): Spread => {
      const delays = [...writes].map(([each, made]) => {
        const atMs = this.#heard.get(each)?.atMs ?? NaN;
        return Math.max(0, atMs - since(made));
      });
      return { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99) };
    };
    return { sinceAnswer: spread(({ answeredMs }) => answeredMs), sinceSent: spread(({ sentMs }) => sentMs) };
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }
}
