import { messageOf } from '../../src/base/error.ts';
import { sleep } from '../../src/base/time.ts';
import { peakResidentMB, residentMB } from '../bench/process-meter.ts';
import { percentile } from '../bench/statistics.ts';
import { Churn } from './churn.ts';
import { boatsOf, differenceOf, isEqual } from './comparison.ts';
import { FaultCourse, type Pace } from './fault-course.ts';
import { strike } from './faults.ts';
import type { Measured } from './questions.ts';
import { Random } from '../random.ts';
import { heapGrowthMB, leftOf, lesser, surplusOf, whatIsWrong, type SoakReport } from './report.ts';
import type { RuntimeProcess } from './runtime-process.ts';
import { startWorld, type World } from './world.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** Repeats the operations, the faults and their order; how many there are in the time is the machine's. */
  readonly seed: number;
  /** After so long the faults pause, and all is compared. */
  readonly roundMs: number;
  readonly pace: Pace;
  readonly writesPerSecond: number;
  readonly say: (line: string) => void;
  /** Ends it: it rejects with the signal's reason, and nothing is left. */
  readonly signal: AbortSignal;
}

const objects = 2_000;
/** A watch that is silent for 12 s or a list for 15 s, then the longest pause between two attempts, 39 s, and time to read all. */
const recoveredWithinMs = 90_000;
const lookEveryMs = 250;
/** Changes after the faults, so that who hears nothing any more cannot be equal by luck. */
const lastWords = 25;
/** Changes once all is equal: nobody reads all anew then, and what a watch does not bring is missed. */
const calmWords = 500;
/** Less than the silence that a watch is cut for. */
const pulseEveryMs = 3_000;
/** Connections that nobody uses any more are closed after four seconds. */
const restMs = 8_000;
const quietWithinMs = 60_000;
const stoppedWithinMs = 10_000;
const lateRoundMs = 15_000;

/** Churns and breaks until the time is over and each fault has had its turn. Rejects only when it could not do its work; what it finds wrong with the runtime stands in the report. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { seed, writesPerSecond: perSecond, say, signal } = options;
  const world = await startWorld(say, signal);
  try {
    const churn = new Churn({ cluster: world.controlPlane, random: new Random(seed), objects, perSecond });
    await churn.settle(signal);
    return await new Soak(world, churn, options).run();
  } finally {
    await world.stop();
  }
}

class Soak {
  readonly #world: World;
  readonly #options: SoakOptions;
  readonly #churn: Churn;
  readonly #runtime: RuntimeProcess;
  readonly #faults: FaultCourse;
  readonly #recoveriesMs: number[] = [];
  readonly #heapsMB: number[] = [];
  readonly #residentMB: number[] = [];
  readonly #failures: string[] = [];
  readonly #began = performance.now();
  #missed = 0;

  constructor(world: World, churn: Churn, options: SoakOptions) {
    const { seed, pace } = options;
    this.#world = world;
    this.#options = options;
    this.#churn = churn;
    this.#runtime = world.startRuntime(seed + 1);
    this.#faults = new FaultCourse({
      strike: (name, random) => strike(name, { ...world, runtime: this.#runtime }, random),
      random: new Random(seed + 2),
      pace,
      say: (fault) => this.#say(fault),
    });
  }

  async run(): Promise<SoakReport> {
    const { minutes, seed, signal } = this.#options;
    await this.#runtime.ask('synced');
    await this.#recover('all objects are read for the first time', { isCalm: true });
    const start = await this.#measureQuiet();
    const startRssMB = await residentMB(this.#runtime.pid);
    const began = performance.now();
    await this.#rounds(began + minutes * 60_000);
    await this.#churn.settle(signal);
    await this.#recover('the end', { isCalm: true });
    const end = await this.#measureQuiet(start);
    const seconds = (performance.now() - began) / 1_000;
    const rssMB = {
      start: startRssMB,
      end: await residentMB(this.#runtime.pid),
      peak: await peakResidentMB(this.#runtime.pid),
    };
    const counted = await this.#runtime.ask('count');
    const longestStallMs = await this.#runtime.longestStallMs();
    const stopMs = await this.#stop();
    this.#failures.push(...whatIsWrong(start, end));
    return {
      name: 'soak',
      seed,
      minutes: round(seconds / 60),
      objects,
      operations: this.#churn.operations,
      faults: this.#faults.tries(),
      recoveries: {
        count: this.#recoveriesMs.length,
        p50Ms: Math.round(percentile(this.#recoveriesMs, 0.5)),
        maxMs: Math.round(Math.max(...this.#recoveriesMs)),
      },
      runtime: { ...counted, longestStallMs: Math.round(longestStallMs) },
      missed: this.#missed,
      heapMB: {
        start: round(start.heapMB),
        end: round(end.heapMB),
        bound: heapGrowthMB,
        each: this.#heapsMB.map(round),
      },
      rssMB: {
        start: round(rssMB.start),
        end: round(rssMB.end),
        peak: round(rssMB.peak),
        each: this.#residentMB.map(round),
      },
      left: { start: leftOf(start), end: leftOf(end) },
      stopMs,
      failures: this.#failures,
    };
  }

  /** Until then, and until each fault has had its turn and met something. Not beyond the first failure, after which nothing would be worth knowing. */
  async #rounds(endsAt: number): Promise<void> {
    while (this.#failures.length === 0) {
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0 && this.#faults.isRound) return;
      await this.#round(leftMs > 0 ? Math.min(leftMs, this.#options.roundMs) : lateRoundMs);
    }
  }

  async #round(ms: number): Promise<void> {
    const { signal } = this.#options;
    const until = AbortSignal.any([AbortSignal.timeout(Math.ceil(ms)), signal]);
    const failed = new AbortController();
    const ended = AbortSignal.any([until, failed.signal]);
    const parts = [this.#churn.run(ended, signal), this.#faults.run(ended)];
    for (const part of parts) part.catch(() => failed.abort());
    void this.#runtime.exited.then(() => failed.abort());
    // Both, whatever becomes of one: a server that a fault has killed is to be there again before anything else is done.
    const results = await Promise.allSettled(parts);
    signal.throwIfAborted();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    this.#faults.calm();
    this.#world.proxy.asked.length = 0;
    await this.#churn.some(lastWords, signal);
    await this.#recover('the faults pause');
    await this.#churn.some(calmWords, signal);
    await this.#recover('all is calm', { isCalm: true });
    const { heapMB } = await this.#runtime.ask('measure');
    this.#heapsMB.push(heapMB);
    this.#residentMB.push(await residentMB(this.#runtime.pid));
  }

  /** Waits until the runtime has what the server has, and has seen to it; what is different after the longest time it may take is a failure. */
  async #recover(when: string, { isCalm = false } = {}): Promise<void> {
    if (this.#failures.length > 0) return;
    const { signal } = this.#options;
    const began = performance.now();
    let pulseAt = began + pulseEveryMs;
    while (!(await this.#isEqual())) {
      const now = performance.now();
      if (now - began > recoveredWithinMs) return await this.#fail(when);
      await sleep(lookEveryMs, signal);
      if (now < pulseAt) continue;
      await this.#churn.pulse(signal);
      pulseAt = now + pulseEveryMs;
    }
    const ms = performance.now() - began;
    if (!isCalm) this.#recoveriesMs.push(ms);
    this.#say(`${when}: equal after ${Math.round(ms)} ms`);
  }

  async #isEqual(): Promise<boolean> {
    const boats = await boatsOf(this.#world.controlPlane);
    const lanes = await this.#runtime.ask('digest');
    return lanes.every((lane) => lane.isPermitted && isEqual(boats, lane));
  }

  async #fail(when: string): Promise<void> {
    const boats = await boatsOf(this.#world.controlPlane);
    for (const lane of await this.#runtime.ask('lines')) {
      const { missed, sentences } = differenceOf(boats, lane);
      this.#missed += missed;
      this.#failures.push(...sentences);
    }
    const digests = await this.#runtime.ask('digest');
    const others = digests.map(
      (lane) => `${lane.name}: ${lane.indexFaults} faults of the index, permitted: ${lane.isPermitted}`,
    );
    this.#failures.push(`${when}: not equal within ${recoveredWithinMs / 1_000} s`, ...others);
  }

  /** The least there is of everything while nothing happens; at the end as soon as it is no more than at the start. */
  async #measureQuiet(start?: Measured): Promise<Measured> {
    const endsAt = performance.now() + (start === undefined ? restMs : quietWithinMs);
    let least = await this.#runtime.ask('measure');
    while (performance.now() < endsAt && (start === undefined || surplusOf(start, least).length > 0)) {
      await sleep(lookEveryMs, this.#options.signal);
      least = lesser(least, await this.#runtime.ask('measure'));
    }
    return least;
  }

  async #stop(): Promise<number> {
    try {
      return Math.round(await this.#runtime.stop(stoppedWithinMs));
    } catch (thrown) {
      this.#failures.push(messageOf(thrown));
      return stoppedWithinMs;
    }
  }

  #say(what: string): void {
    const seconds = Math.round((performance.now() - this.#began) / 1_000);
    this.#options.say(`${String(seconds).padStart(5)} s  ${what}`);
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
