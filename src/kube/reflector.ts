import { z } from 'zod';
import { isAborted } from '../base/error.ts';
import { jittered, sleep } from '../base/time.ts';
import { isKubeError, KubeError } from './errors.ts';
import { readLines } from './lines.ts';
import { pathOf, type Resource } from './resource.ts';
import { Store, type Change, type Stored } from './store.ts';
import type { Transport } from './transport.ts';

export interface ReflectorOptions<T extends Stored> {
  readonly transport: Transport;
  readonly resource: Resource;
  /** What is kept of an object; undefined leaves it out. */
  readonly project: (object: unknown) => T | undefined;
  readonly indexOf?: (object: T) => readonly string[];
  readonly onChange: (change: Change<T>) => void;
  /** Told of each failure that is worked around. */
  readonly onTrouble: (error: unknown) => void;
  /** A watch that brings nothing for so long, not even a bookmark, is cut. */
  readonly silenceMs?: number;
}

const pageSize = '500';
const firstDelayMs = 250;
const longestDelayMs = 30_000;
const stableMs = 10_000;

const list = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.unknown()),
});
const event = z.object({ type: z.string(), object: z.unknown() });
const version = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
const errorStatus = z.object({ code: z.number().optional(), message: z.string().optional() });

/**
 * Keeps a store equal to what the API server has of one kind: lists in pages, then watches from there, and lists again when the
 * server has forgotten where we were. Failures are worked around with growing, jittered delays until `stop`.
 */
export class Reflector<T extends Stored> {
  readonly store: Store<T>;
  readonly #options: ReflectorOptions<T>;
  readonly #stopped = new AbortController();
  readonly #synced = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.store = new Store(options.indexOf);
  }

  /** Starting twice starts once. Resolves with the first complete list; rejects when stopped before. */
  async start(): Promise<void> {
    this.#running ??= this.#run(this.#stopped.signal);
    await this.#synced.promise;
  }

  /** Resolves when nothing is open any more. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#synced.promise.catch(() => undefined);
    this.#synced.reject(this.#stopped.signal.reason);
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    let from: string | undefined;
    while (!signal.aborted) {
      const began = performance.now();
      try {
        from ??= await this.#list(signal);
        this.#synced.resolve();
        from = await this.#watch(from, signal);
        failures = 0;
      } catch (thrown) {
        if (signal.aborted || isAborted(thrown)) continue;
        if (isKubeError(thrown, 'Gone')) from = undefined;
        else this.#options.onTrouble(thrown);
        failures = performance.now() - began > stableMs ? 1 : failures + 1;
        const wait = jittered(Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 1)), 0.3);
        await sleep(wait, signal).catch(() => undefined);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { transport, resource } = this.#options;
    const objects: T[] = [];
    let next: string | undefined;
    let resourceVersion = '';
    do {
      const query = { limit: pageSize, ...(next === undefined ? {} : { continue: next }) };
      const page = list.parse(
        await transport.call({ method: 'GET', path: pathOf(resource), query, signal, timeoutMs: 60_000 }),
      );
      for (const item of page.items) {
        const kept = this.#project(item);
        if (kept !== undefined) objects.push(kept);
      }
      ({ resourceVersion, continue: next } = page.metadata);
    } while (next !== undefined && next !== '');
    for (const change of this.store.replace(objects)) this.#tell(change);
    return resourceVersion;
  }

  /** Follows from a version; gives the version to go on from when the server ends the watch. */
  async #watch(from: string, signal: AbortSignal): Promise<string> {
    const { transport, resource, silenceMs = 180_000 } = this.#options;
    const silence = new AbortController();
    const stop = (): void => silence.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const cut = (): void =>
      silence.abort(new KubeError('Timeout', `watch ${resource.plural}: silent for ${silenceMs} ms`));
    let timer = setTimeout(cut, silenceMs);
    let at = from;
    try {
      const query = {
        watch: 'true',
        resourceVersion: from,
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(Math.round(300 + Math.random() * 300)),
      };
      for await (const line of readLines(await transport.watch(pathOf(resource), query, silence.signal))) {
        clearTimeout(timer);
        timer = setTimeout(cut, silenceMs);
        at = this.#take(line) ?? at;
      }
      return at;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      silence.abort();
    }
  }

  /** One event; gives its version. One that cannot be read is told of and passed over. */
  #take(line: string): string | undefined {
    let read: z.infer<typeof event>;
    try {
      read = event.parse(JSON.parse(line));
    } catch (thrown) {
      this.#options.onTrouble(thrown);
      return undefined;
    }
    if (read.type === 'ERROR') {
      const { code, message = '' } = errorStatus.safeParse(read.object).data ?? {};
      throw new KubeError(
        code === 410 ? 'Gone' : 'Unavailable',
        `watch ${this.#options.resource.plural}: ${message.slice(0, 300)}`,
      );
    }
    const at = version.safeParse(read.object).data?.metadata.resourceVersion;
    if (read.type === 'BOOKMARK') return at;
    const object = this.#project(read.object);
    if (object === undefined) return at;
    const changes =
      read.type === 'DELETED'
        ? this.store.delete(`${object.metadata.namespace}/${object.metadata.name}`)
        : this.store.set(object);
    for (const change of changes) this.#tell(change);
    return at;
  }

  #project(object: unknown): T | undefined {
    try {
      return this.#options.project(object);
    } catch (thrown) {
      this.#options.onTrouble(thrown);
      return undefined;
    }
  }

  #tell(change: Change<T>): void {
    try {
      this.#options.onChange(change);
    } catch (thrown) {
      this.#options.onTrouble(thrown);
    }
  }
}
