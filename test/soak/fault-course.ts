import { sleep } from '../../src/base/time.ts';
import type { Fault } from '../kube/fault-proxy.ts';
import { anyFault, faultNames, type FaultName } from './faults.ts';
import type { Random } from '../random.ts';

export interface Pace {
  /** Milliseconds between two faults. */
  readonly leastMs: number;
  readonly mostMs: number;
}

/** A fault that has met nothing so often is broken itself: it holds the soak up no longer, and the report tells of it. */
const mostTries = 6;

/** How often a fault was tried, and how often of these it met something: it meets nothing while the runtime waits before it tries again. */
export interface Tries {
  readonly tried: number;
  readonly met: number;
}

/** Begins a fault. */
type Strike = (name: FaultName, random: Random) => Fault | Promise<Fault>;

/** Faults one after another: first each of them in random order, and after a calm again those that met nothing, then at random. */
export class FaultCourse {
  readonly #strike: Strike;
  readonly #random: Random;
  readonly #pace: Pace;
  readonly #say: (line: string) => void;
  readonly #next: FaultName[];
  readonly #tries = new Map<FaultName, Tries>(faultNames.map((name) => [name, { tried: 0, met: 0 }]));
  /** Those that were begun since the last calm. */
  #begun: { readonly name: FaultName; readonly fault: Fault }[] = [];

  constructor(options: {
    readonly strike: Strike;
    readonly random: Random;
    readonly pace: Pace;
    readonly say: (line: string) => void;
  }) {
    this.#strike = options.strike;
    this.#random = options.random;
    this.#pace = options.pace;
    this.#say = options.say;
    this.#next = this.#random.shuffled(faultNames);
  }

  /** Whether each has had its turn and met something, or been tried as often as is worth it. */
  get isRound(): boolean {
    return this.#next.length === 0;
  }

  /** Up to the last calm. */
  tries(): Readonly<Record<string, Tries>> {
    return Object.fromEntries(this.#tries);
  }

  /** One fault after another until `until` is aborted; the last one is over when it resolves, but for what still waits to be met. */
  async run(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      await sleep(this.#random.between(this.#pace.leastMs, this.#pace.mostMs), until).catch(() => undefined);
      if (until.aborted) return;
      const name = this.#next.shift() ?? anyFault(this.#random);
      this.#say(name);
      this.#begun.push({ name, fault: await this.#strike(name, this.#random) });
    }
  }

  /** Whatever still waits to be met is called off; what has never met anything comes first when it goes on. */
  calm(): void {
    for (const { name, fault } of this.#begun) {
      fault.lift();
      const { tried, met } = this.#tries.get(name) ?? { tried: 0, met: 0 };
      this.#tries.set(name, { tried: tried + 1, met: met + (fault.hits() > 0 ? 1 : 0) });
    }
    const begun = new Set(this.#begun.map(({ name }) => name));
    this.#begun = [];
    this.#next.unshift(...[...begun].filter((name) => this.#isWanted(name)));
  }

  #isWanted(name: FaultName): boolean {
    const { tried, met } = this.#tries.get(name) ?? { tried: 0, met: 0 };
    return met === 0 && tried < mostTries;
  }
}
