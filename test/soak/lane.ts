import { CodedError, codeOf } from '../../src/base/error.ts';
import { jittered, sleep } from '../../src/base/time.ts';
import { applyStatus } from '../../src/kube/apply.ts';
import { Controller, type EndedPass } from '../../src/kube/controller.ts';
import type { Result } from '../../src/kube/disposition.ts';
import { Reflector } from '../../src/kube/reflector/reflector.ts';
import { keyOf } from '../../src/kube/reflector/store.ts';
import type { Transport } from '../../src/kube/transport/transport.ts';
import { countListeners } from '../kube/leaks.ts';
import type { LaneDigest, LaneLines, LaneName } from './questions.ts';
import { Random } from '../random.ts';
import { digestOf, lineOf, projectBoat, resource, sightOf, type SoakedBoat } from './soaked-boat.ts';

/** Longer than any pause between two events while boats change, and short enough for a silence to be over before we are compared. */
const silenceMs = 12_000;
const rereadMs = 3_000;
/** Shares of the passes that fail, take their time, or ask for another. */
const throwing = 0.01;
const slow = 0.02;
const requeueing = 0.01;

export interface LaneParts {
  readonly name: LaneName;
  readonly transport: Pick<Transport, 'call' | 'watch'>;
  readonly seed: number;
  /** Whether passes write a status; of two lanes only one may. */
  readonly writes: boolean;
}

/** A reflector that reads all objects in one of the two ways, and a controller that passes over whatever changes. */
export class Lane {
  readonly passes: Record<EndedPass['outcome'], number> = { ok: 0, requeued: 0, failed: 0 };
  readonly troubles = new Map<string, number>();
  readonly #name: LaneName;
  readonly #reflector: Reflector<SoakedBoat>;
  readonly #controller: Controller;
  readonly #random: Random;
  /** What the last pass over a key saw; nothing of a boat that was gone. */
  readonly #seen = new Map<string, string>();
  /** All that the reflector gave to calls: that of its own stop, which lives as long as it does. */
  readonly #signals = new Set<AbortSignal>();
  #statusWrites = 0;

  constructor({ name, transport, seed, writes }: LaneParts) {
    this.#name = name;
    this.#random = new Random(seed);
    this.#reflector = new Reflector<SoakedBoat>({
      transport: {
        call: (request) => {
          this.#signals.add(request.signal);
          return transport.call(request);
        },
        watch: (path, query, signal) => transport.watch(path, query, signal),
      },
      resource,
      project: projectBoat,
      indexOf: ({ town }) => [town],
      initial: name,
      silenceMs,
      rereadMs,
      onChange: ({ key }) => this.#controller.queue.add(key),
      onTrouble: (trouble) => this.#count(codeOf(trouble)),
    });
    this.#controller = new Controller({
      name,
      concurrency: 8,
      deadlineMs: 30_000,
      reconcile: (key, signal) => this.#reconcile(key, writes ? transport : undefined, signal),
      onFailure: (_, error) => this.#count(`pass: ${codeOf(error)}`),
      onPass: ({ outcome }) => void (this.passes[outcome] += 1),
    });
  }

  get statusWrites(): number {
    return this.#statusWrites;
  }

  /** Listeners on the signal of the reflector's stop, as far as it is known: one for each watch that is open. */
  get listeners(): number {
    return countListeners(this.#signals);
  }

  async start(): Promise<void> {
    this.#controller.start();
    await this.#reflector.start();
  }

  async stop(): Promise<void> {
    await this.#reflector.stop();
    await this.#controller.stop();
  }

  digest(): LaneDigest {
    const { store, seen } = this.lines();
    return {
      name: this.#name,
      store: digestOf(store),
      seen: digestOf(seen),
      size: store.length,
      indexFaults: this.#indexFaults(),
      isPermitted: this.#reflector.isPermitted,
    };
  }

  lines(): LaneLines {
    return { name: this.#name, store: this.#boats().map(lineOf), seen: [...this.#seen.values()] };
  }

  async #reconcile(
    key: string,
    writer: Pick<Transport, 'call'> | undefined,
    signal: AbortSignal,
  ): Promise<Result> {
    const boat = this.#reflector.store.get(key);
    if (this.#random.chance(throwing)) throw new CodedError('ThrownAtRandom', `${key}: this pass throws`);
    if (this.#random.chance(slow)) await sleep(this.#random.between(1, 100), signal);
    if (boat === undefined) this.#seen.delete(key);
    else {
      if (writer !== undefined && wantsStatus(boat)) await this.#write(boat, writer, signal);
      this.#seen.set(key, sightOf(key, boat.metadata));
    }
    return this.#random.chance(requeueing) ? { requeueAfterMs: jittered(1_000) } : {};
  }

  async #write(boat: SoakedBoat, transport: Pick<Transport, 'call'>, signal: AbortSignal): Promise<void> {
    const write = {
      resource,
      kind: 'Boat',
      metadata: boat.metadata,
      status: { level: boat.level },
      isDecidedUpon: (live: unknown) => projectBoat(live).written === boat.written,
      fieldManager: 'soak',
    };
    await applyStatus(transport, write, signal);
    this.#statusWrites += 1;
  }

  #boats(): SoakedBoat[] {
    const { store } = this.#reflector;
    return [...store.keys()].flatMap((key) => store.get(key) ?? []);
  }

  #indexFaults(): number {
    const { store } = this.#reflector;
    const boats = this.#boats();
    const lost = boats.filter((boat) => !store.indexed(boat.town).includes(keyOf(boat)));
    const inIndex = new Set(boats.map(({ town }) => town))
      .values()
      .reduce((sum, town) => sum + store.indexed(town).length, 0);
    return lost.length + Math.abs(inIndex - boats.length);
  }

  #count(code: string): void {
    this.troubles.set(code, (this.troubles.get(code) ?? 0) + 1);
  }
}

/** One boat in four has a status that is to tell its level. */
function wantsStatus({ metadata, level, written }: SoakedBoat): boolean {
  return metadata.name.endsWith('0') || metadata.name.endsWith('5') ? level !== written : false;
}
