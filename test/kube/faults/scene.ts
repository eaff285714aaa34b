import { expect } from '@jest/globals';
import type { Connection } from '../../../src/kube/transport/connection.ts';
import { Controller } from '../../../src/kube/controller.ts';
import { Reflector, type ReflectorOptions } from '../../../src/kube/reflector/reflector.ts';
import { keyOf, type Change } from '../../../src/kube/reflector/store.ts';
import { Transport } from '../../../src/kube/transport/transport.ts';
import type { Cluster } from '../../sandbox/cluster/cluster.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { isFollowing, isWhole, type Asked } from '../asked.ts';
import { startFaultProxy, statusOf, type FaultProxy } from '../fault-proxy.ts';
import { countListeners, countResources, nothingLeft, type Resources } from '../leaks.ts';
import type { Relay } from '../relay.ts';
import { projectBoat, type Boat, type Fleet } from './fleet.ts';

export interface SceneOptions extends Partial<
  Pick<ReflectorOptions<Boat>, 'initial' | 'silenceMs' | 'rereadMs'>
> {
  /** Calls give up sooner than they would by themselves. */
  readonly callTimeoutMs?: number;
  /** Watches give up sooner when there is no head of their answer. */
  readonly watchHeadMs?: number;
  /** In place of one with all rights that trusts the proxy whatever it shows. */
  readonly connection?: (proxy: FaultProxy) => Connection;
  /** The last that is done with a change; may throw. */
  readonly onChange?: (change: Change<Boat>) => void;
  /** The first that is done in a pass; may throw. */
  readonly reconcile?: (key: string) => void;
}

/** A reflector and a controller before a proxy that breaks things, before a real server; nothing is started. Close it. */
export async function openScene(cluster: Cluster, fleet: Fleet, options: SceneOptions = {}): Promise<Scene> {
  const before = countResources();
  return new Scene({ cluster, fleet, options, before, proxy: await startFaultProxy(cluster) });
}

const deadlineMs = 30_000;

export class Scene {
  readonly proxy: FaultProxy;
  readonly reflector: Reflector<Boat>;
  /** What was told, such as `added boat-1`. */
  readonly changes: string[] = [];
  /** Codes of what was told to be wrong. */
  readonly troubles: string[] = [];
  readonly #fleet: Fleet;
  readonly #controller: Controller;
  readonly #transport: Transport;
  readonly #before: Resources;
  #ended: Promise<void> | undefined;
  /** The version that the last pass over a key saw. */
  readonly #seen = new Map<string, string>();
  /** All that the reflector gave to the transport. */
  readonly #signals = new Set<AbortSignal>();
  /** What one watch that is well holds. */
  #held: { readonly listeners: number; readonly connections: number } | undefined;

  /** Use `openScene`. */
  constructor(parts: {
    readonly cluster: Cluster;
    readonly fleet: Fleet;
    readonly options: SceneOptions;
    readonly proxy: FaultProxy;
    readonly before: Resources;
  }) {
    const { cluster, fleet, options, proxy, before } = parts;
    const { connection = asAdmin(cluster), onChange, reconcile, ...rest } = options;
    const { callTimeoutMs = Infinity, watchHeadMs = 30_000, ...reflecting } = rest;
    this.proxy = proxy;
    this.#fleet = fleet;
    this.#before = before;
    this.#transport = new Transport(connection(proxy), { watchHeadMs });
    this.#controller = new Controller({
      name: 'boats',
      concurrency: 2,
      deadlineMs,
      reconcile: async (key) => {
        reconcile?.(key);
        this.#seen.set(key, this.#versionOf(key));
        return {};
      },
      onFailure: () => undefined,
    });
    this.reflector = new Reflector<Boat>({
      transport: this.#watched(callTimeoutMs),
      resource: fleet.resource,
      project: projectBoat,
      onChange: (change) => {
        this.changes.push(`${change.kind} ${change.object.metadata.name}`);
        this.#controller.queue.add(change.key);
        onChange?.(change);
      },
      onTrouble: (trouble) => this.troubles.push(codeIn(trouble)),
      ...reflecting,
    });
  }

  async start(): Promise<void> {
    this.#controller.start();
    await this.reflector.start();
    await eventually('it follows', () => this.proxy.watches.length === 1);
    await this.recovered();
    this.#held = { listeners: this.listeners, connections: this.proxy.open };
    this.changes.length = 0;
  }

  /** The one watch that is open. */
  get watch(): Relay {
    const [only, ...more] = this.proxy.watches;
    if (only === undefined || more.length > 0)
      throw new Error(`${more.length + (only === undefined ? 0 : 1)} watches are open, not one`);
    return only;
  }

  /** How often all objects were read, and how often only what changed. */
  asked(): { readonly whole: number; readonly following: number } {
    const count = (what: (asked: Asked) => boolean): number => this.proxy.asked.filter(what).length;
    return { whole: count(isWhole), following: count(isFollowing) };
  }

  /** Resolves with the watch that is open after `before`. */
  async watchAfter(before: Relay): Promise<Relay> {
    const endsAt = Date.now() + deadlineMs;
    for (;;) {
      const [only, ...more] = this.proxy.watches;
      if (only !== undefined && only !== before && more.length === 0) return only;
      if (Date.now() > endsAt) throw new Error('it does not watch again');
      await new Promise(setImmediate);
    }
  }

  /** The server says that it has forgotten where we are. */
  expire(): void {
    this.watch.inject(errorEvent(410));
  }

  /**
   * Resolves when the store equals the server in all objects, and a pass over every key that ever changed has seen its last state;
   * with the name of a fault it prints how long that took since the fault was over, and while it goes on no more listeners and connections
   * may be held than before the fault. Rejects with the differences.
   */
  async recovered(
    fault?: string,
    { since = performance.now(), withinMs = 15_000 }: { since?: number; withinMs?: number } = {},
  ): Promise<void> {
    const expected = await this.#fleet.all();
    const isEqual = (): boolean => JSON.stringify(this.#stored()) === JSON.stringify(byKey(expected));
    const isSeen = (): boolean => this.#unseen().length === 0;
    await eventually('the store equals the server', isEqual, { deadlineMs: withinMs }).catch(() => {
      expect(this.#stored()).toEqual(byKey(expected));
    });
    await eventually('every change is seen to', isSeen).catch(() => {
      expect(this.#unseen()).toEqual([]);
    });
    const ms = Math.round(performance.now() - since);
    if (fault === undefined) return;
    process.stderr.write(`fault "${fault}": recovered in ${ms} ms\n`);
    await this.#holdsNoMore();
  }

  async #holdsNoMore(): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    const now = (): typeof held => ({ listeners: this.listeners, connections: this.proxy.open });
    // One connection of calls may stay open for the next, and each watch after the first waits for one thing more.
    const isMore = (): boolean =>
      now().listeners > held.listeners + 1 || now().connections > held.connections + 1;
    await eventually('it holds no more than before', () => !isMore(), { deadlineMs }).catch(() => {
      expect(now()).toEqual(held);
    });
  }

  /** Stops everything, and rejects when any connection or listener is left. Repeating it does nothing. */
  end(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  /** The same, and rejects when there is more of anything than before the scene was opened. */
  async close(): Promise<void> {
    await this.end();
    await nothingLeft(this.#before);
  }

  async #end(): Promise<void> {
    await this.reflector.stop();
    expect(countListeners(this.#signals)).toBe(0);
    await this.#controller.stop();
    await eventually('no watch is left', () => this.proxy.watches.length === 0);
    await this.#transport.close();
    await eventually('no connection is left', () => this.proxy.open === 0);
    await this.proxy.close();
  }

  /** Listeners on what the reflector gave to the transport. */
  get listeners(): number {
    return countListeners(this.#signals);
  }

  #watched(callTimeoutMs: number): Pick<Transport, 'call' | 'watch'> {
    return {
      call: (request) => {
        this.#signals.add(request.signal);
        const timeoutMs = Math.min(request.timeoutMs ?? Infinity, callTimeoutMs);
        return this.#transport.call({ ...request, timeoutMs });
      },
      watch: (path, query, signal) => {
        this.#signals.add(signal);
        return this.#transport.watch(path, query, signal);
      },
    };
  }

  #stored(): readonly Boat[] {
    const { store } = this.reflector;
    return byKey([...store.keys()].flatMap((key) => store.get(key) ?? []));
  }

  #unseen(): readonly string[] {
    return [...this.#fleet.touched].filter((key) => {
      // What had gone before we heard of it was never there for us.
      const seen = this.#seen.get(key) ?? 'gone';
      return this.#versionOf(key) !== seen;
    });
  }

  #versionOf(key: string): string {
    const boat = this.reflector.store.get(key);
    return boat === undefined ? 'gone' : `${boat.metadata.uid}@${boat.metadata.resourceVersion}`;
  }
}

function asAdmin({ adminToken }: Cluster): (proxy: FaultProxy) => Connection {
  return (proxy) => ({
    server: proxy.server,
    tls: () => ({ ca: proxy.ca }),
    token: () => adminToken,
  });
}

function byKey(fleet: readonly Boat[]): readonly Boat[] {
  return fleet.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

function codeIn(trouble: unknown): string {
  return typeof trouble === 'object' && trouble !== null && 'code' in trouble
    ? String(trouble.code)
    : String(trouble);
}

/** A line of a watch by which the server ends it. */
export function errorEvent(status: number): string {
  return JSON.stringify({ type: 'ERROR', object: statusOf(status, `sent by the proxy with ${status}`) });
}
