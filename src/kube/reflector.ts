import { z } from 'zod';
import { messageOf } from '../base/error.ts';
import { sentence } from '../base/sentence.ts';
import { jittered, sleep } from '../base/time.ts';
import { isKubeError, KubeError } from './errors.ts';
import { readLines } from './lines.ts';
import { pathOf, type Resource } from './resource.ts';
import { keyOf, Store, type Change, type Stored } from './store.ts';
import type { Transport } from './transport.ts';

export interface ReflectorOptions<T extends Stored> {
  readonly transport: Transport;
  readonly resource: Resource;
  /** What is kept of an object. One for which it gives undefined or throws is left out, also if it was there before. */
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
/** A watch that ends sooner with nothing said was not one: some proxies answer so. */
const shortestWatchMs = 1_000;

const list = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.unknown()),
});
const event = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.unknown(),
});
const named = z.object({ metadata: z.object({ namespace: z.string().default(''), name: z.string() }) });
const versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
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
  /** The version up to which the store has all; undefined: it has to be listed. */
  #at: string | undefined;

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
    while (!signal.aborted) {
      const began = performance.now();
      try {
        this.#at ??= await this.#list(signal);
        this.#synced.resolve();
        await this.#watch(this.#at, signal);
        failures = 0;
      } catch (thrown) {
        if (signal.aborted) return;
        // Being away for too long is ordinary; a list that expires before its last page is not.
        if (isKubeError(thrown, 'Gone') && this.#at !== undefined) this.#at = undefined;
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
      const page = list.safeParse(
        await transport.call({ method: 'GET', path: pathOf(resource), query, signal, timeoutMs: 60_000 }),
      );
      if (!page.success)
        throw new KubeError('Malformed', `list ${resource.plural}: the answer is not a list`);
      for (const item of page.data.items) {
        const kept = this.#project(item);
        if (kept !== undefined) objects.push(kept);
      }
      ({ resourceVersion, continue: next } = page.data.metadata);
    } while (next !== undefined && next !== '');
    for (const change of this.store.replace(objects)) this.#tell(change);
    return resourceVersion;
  }

  /** Follows from a version until the server ends the watch. */
  async #watch(from: string, signal: AbortSignal): Promise<void> {
    const { transport, resource, silenceMs = 180_000 } = this.#options;
    const silence = new AbortController();
    const stop = (): void => silence.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const cut = (): void =>
      silence.abort(new KubeError('Timeout', `watch ${resource.plural}: silent for ${silenceMs} ms`));
    let timer = setTimeout(cut, silenceMs);
    const began = performance.now();
    let isEmpty = true;
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
        isEmpty = false;
        this.#take(line);
      }
      if (isEmpty && performance.now() - began < shortestWatchMs)
        throw new KubeError('Unavailable', `watch ${resource.plural}: ended as soon as it began`);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  /** One event. One that cannot be read is told of and passed over. */
  #take(line: string): void {
    const { plural } = this.#options.resource;
    const read = event.safeParse(parsed(line)).data;
    if (read === undefined) {
      this.#options.onTrouble(new KubeError('Malformed', `watch ${plural}: an event cannot be read`));
      return;
    }
    if (read.type === 'ERROR') {
      const { code, message = '' } = errorStatus.safeParse(read.object).data ?? {};
      throw new KubeError(code === 410 ? 'Gone' : 'Unavailable', `watch ${plural}: ${sentence(message)}`);
    }
    if (read.type !== 'BOOKMARK') {
      const object = read.type === 'DELETED' ? undefined : this.#project(read.object);
      for (const change of object === undefined ? this.#leaveOut(read.object) : this.store.set(object))
        this.#tell(change);
    }
    this.#at = versioned.safeParse(read.object).data?.metadata.resourceVersion ?? this.#at;
  }

  #leaveOut(object: unknown): readonly Change<T>[] {
    const known = named.safeParse(object).data;
    return known === undefined ? [] : this.store.delete(keyOf(known));
  }

  #project(object: unknown): T | undefined {
    try {
      return this.#options.project(object);
    } catch (thrown) {
      const { plural } = this.#options.resource;
      const known = named.safeParse(object).data;
      this.#options.onTrouble(
        new KubeError(
          'Malformed',
          `${plural} ${known === undefined ? '(without a name)' : keyOf(known)} is left out: ${sentence(messageOf(thrown))}`,
        ),
      );
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

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
