import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../src/base/error.ts';
import { pathOf } from '../../src/kube/resource.ts';
import type { Cluster } from '../sandbox/cluster/cluster.ts';
import type { Random } from '../random.ts';
import { resource } from './soaked-boat.ts';

export type Operation = 'create' | 'update' | 'delete' | 'replace';

const namespaces = ['amstel', 'dommel', 'eem', 'linge', 'vecht'];
const towns = Array.from({ length: 40 }, (_, index) => `Zürich, 東京 🛶 ${index}`);
/** Nobody keeps it, so keeping it would be seen. */
const cargo = 'grain '.repeat(100);
const mergePatch = 'application/merge-patch+json';
const writers = 8;
const againMs = 200;
const patienceMs = 60_000;
/** Names for each boat that is there: a sixth of them is free, so that deleting one in five keeps the number about the same. */
const namesPerBoat = 1.2;

/** Creates, changes, deletes and replaces boats at random, straight at the server. What it does and in which order is given by the seed; what fails is tried until it is done. */
export class Churn {
  readonly operations: Record<Operation, number> = { create: 0, update: 0, delete: 0, replace: 0 };
  readonly #cluster: Pick<Cluster, 'api'>;
  readonly #random: Random;
  readonly #objects: number;
  readonly #perSecond: number;
  readonly #names: readonly string[];
  /** Numbers of the boats that are there, or will be when all operations that were decided upon are done. */
  readonly #there = new Set<number>();
  readonly #running = new Map<number, Promise<void>>();
  #failure: unknown;
  #pulses = 0;

  constructor(options: {
    readonly cluster: Pick<Cluster, 'api'>;
    readonly random: Random;
    readonly objects: number;
    readonly perSecond: number;
  }) {
    this.#cluster = options.cluster;
    this.#random = options.random;
    this.#objects = options.objects;
    this.#perSecond = options.perSecond;
    this.#names = Array.from(
      { length: Math.ceil(options.objects * namesPerBoat) },
      (_, index) => `boat-${String(index).padStart(5, '0')}`,
    );
  }

  /** Brings the number of boats to what it is to be, exactly. */
  async settle(signal: AbortSignal): Promise<void> {
    for (const boat of this.#names.keys()) {
      if (this.#there.size === this.#objects) break;
      if (this.#there.size < this.#objects ? this.#there.has(boat) : !this.#there.has(boat)) continue;
      await this.#begin(this.#there.has(boat) ? 'delete' : 'create', boat, signal);
    }
    await this.#done(signal);
  }

  /** Goes on until `until` is aborted and everything that was begun is done. Rejects with `signal`'s reason. */
  async run(until: AbortSignal, signal: AbortSignal): Promise<void> {
    let next = performance.now();
    while (!until.aborted && !signal.aborted) {
      await this.#one(signal);
      // What could not be done in time is not made up for.
      next = Math.max(next + 1_000 / this.#perSecond, performance.now() - 1_000);
      await delay(Math.max(0, next - performance.now()));
    }
    await this.#done(signal);
  }

  /** So many operations, as fast as they go. */
  async some(count: number, signal: AbortSignal): Promise<void> {
    for (let done = 0; done < count; done += 1) await this.#one(signal);
    await this.#done(signal);
  }

  /** A change of one boat, beside those that the seed gives: as long as one comes now and then, no watch is silent that works. */
  async pulse(signal: AbortSignal): Promise<void> {
    const [boat] = this.#there;
    if (boat === undefined || this.#running.has(boat)) return;
    this.#pulses += 1;
    await this.#perform('update', boat, { level: this.#pulses % 10 }, signal);
  }

  async #one(signal: AbortSignal): Promise<void> {
    const boat = this.#random.below(this.#names.length);
    const draw = this.#random.next();
    const existing = draw < 0.2 ? 'delete' : draw < 0.3 ? 'replace' : 'update';
    await this.#begin(this.#there.has(boat) ? existing : 'create', boat, signal);
  }

  /** Resolves when it has begun: behind what else is done to the same boat, and as one of a few at a time. */
  async #begin(operation: Operation, boat: number, signal: AbortSignal): Promise<void> {
    const level = this.#random.below(10);
    const town = this.#random.pick(towns);
    if (operation === 'create') this.#there.add(boat);
    if (operation === 'delete') this.#there.delete(boat);
    this.operations[operation] += 1;
    await this.#running.get(boat);
    while (this.#running.size >= writers) await Promise.race(this.#running.values());
    this.#refuse(signal);
    const work = this.#perform(operation, boat, { town, level, cargo }, signal)
      .catch((thrown: unknown) => void (this.#failure ??= thrown))
      .finally(() => this.#running.delete(boat));
    this.#running.set(boat, work);
  }

  async #done(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#running.values());
    this.#refuse(signal);
  }

  #refuse(signal: AbortSignal): void {
    signal.throwIfAborted();
    if (this.#failure !== undefined)
      throw new Error(`boats could not be changed: ${messageOf(this.#failure)}`, { cause: this.#failure });
  }

  async #perform(operation: Operation, boat: number, spec: object, signal: AbortSignal): Promise<void> {
    const name = this.#names[boat] ?? '';
    const namespace = namespaces[boat % namespaces.length] ?? '';
    const path = pathOf(resource, { namespace, name });
    if (operation === 'update') await this.#ask('PATCH', path, [200], signal, { spec });
    // What was done although we heard nothing of it is found done.
    if (operation === 'delete' || operation === 'replace')
      await this.#ask('DELETE', path, [200, 404], signal);
    if (operation !== 'create' && operation !== 'replace') return;
    const apiVersion = `${resource.group}/${resource.version}`;
    const body = { apiVersion, kind: 'Boat', metadata: { name, namespace }, spec };
    await this.#ask('POST', pathOf(resource, { namespace }), [201, 409], signal, body);
  }

  /** Asks until the answer is one of those; rejects when it is not for a minute, in which every server that was killed is back. */
  async #ask(
    method: 'POST' | 'PATCH' | 'DELETE',
    path: string,
    answers: readonly number[],
    signal: AbortSignal,
    body?: object,
  ): Promise<void> {
    const endsAt = performance.now() + patienceMs;
    for (;;) {
      signal.throwIfAborted();
      const status = await this.#cluster
        .api(method, path, body, method === 'PATCH' ? mergePatch : undefined)
        .then((answer) => answer.status)
        .catch(() => 0);
      if (answers.includes(status)) return;
      if (performance.now() > endsAt) throw new Error(`${method} ${path}: answered ${status} for a minute`);
      await delay(againMs);
    }
  }
}

/** Those that boats go into. */
export async function makeNamespaces(cluster: Cluster): Promise<void> {
  for (const namespace of namespaces) await cluster.ensureNamespace(namespace);
}
