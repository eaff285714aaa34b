import { z } from 'zod';
import { codeOf, messageOf } from '../../base/error.ts';
import { sentence } from '../../base/sentence.ts';
import { sleep } from '../../base/time.ts';
import type { ReflectorFacts } from '../../telemetry/health.ts';
import { Breath } from '../breath.ts';
import { isKubeError, KubeError } from '../errors.ts';
import { currentVersion, listPages } from './list.ts';
import { OpenSilence } from './open-silence.ts';
import { isOlder } from '../resource-version.ts';
import type { Resource } from '../resource.ts';
import { RetryDelay } from './retry-delay.ts';
import { keyOf, Store, type Change, type Stored } from './store.ts';
import type { Transport } from '../transport/transport.ts';
import { watchEvents, type WatchEvent } from './watch.ts';
import { WayOfReading, type Way } from './way.ts';

export interface ReflectorOptions<T extends Stored> {
  readonly transport: Pick<Transport, 'call' | 'watch'>;
  readonly resource: Resource;
  /** What is kept of an object. One for which it throws is left out, also if it was there before. */
  readonly project: (object: unknown) => T;
  readonly indexOf?: (object: T) => readonly string[];
  /** Told in order, also while the first objects still come. */
  readonly onChange: (change: Change<T>) => void;
  /** Told of each failure that is worked around. */
  readonly onTrouble: (error: unknown) => void;
  /** Told of each watch that ended: `Ended` by the server as it does every few minutes, or an error's code. */
  readonly onRestart?: (reason: string) => void;
  /** How all objects are read: as the beginning of the watch where that comes to its end (the default), or always by pages. */
  readonly initial?: Way;
  /** After so long without a word, not even a bookmark, from a watch or several in a row, all is read anew; 3 min unless given. */
  readonly silenceMs?: number;
  /** How long after an event that could not be read all is read anew. */
  readonly rereadMs?: number;
  /** How long is waited after a first failure; 250 unless given. It doubles with each one that follows, up to 3.5 s. */
  readonly firstDelayMs?: number;
}

/** A watch that ends sooner was not one: some proxies answer so. */
const shortestWatchMs = 1_000;

const named = z.object({ metadata: z.object({ namespace: z.string().default(''), name: z.string() }) });

/**
 * Keeps a store equal to what the API server has of one kind: reads all, then follows, and reads all again when the server has
 * forgotten where we were or what it said cannot be trusted. Failures are worked around with growing, jittered delays until `stop`.
 */
export class Reflector<T extends Stored> {
  readonly store: Store<T>;
  readonly #options: ReflectorOptions<T>;
  readonly #stopped = new AbortController();
  readonly #breath = new Breath();
  readonly #synced = Promise.withResolvers<void>();
  readonly #retryDelay: RetryDelay;
  readonly #silence = new OpenSilence();
  #running: Promise<void> | undefined;
  readonly #way: WayOfReading;
  /** The version up to which the store has all; undefined: all has to be read. */
  #at: string | undefined;
  /** How what runs now, or ran last, is to bring all objects, when it has not yet. */
  #readingBy: Way | undefined;
  /** The server was put back: the same version may say something else now. */
  #isRewritten = false;
  /** The connection broke: the server behind it may have been put back to an older state. */
  #isDoubted = false;
  #hasSynced = false;
  #isPermitted = true;
  #isServed = true;
  #lastFailure: string | undefined;
  #currentAt = performance.now();
  /** Since when all has been read and is followed. */
  #steadyAt: number | undefined;
  #activeAt = performance.now();

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#way = new WayOfReading(options.initial ?? 'stream');
    this.#retryDelay = new RetryDelay(options.firstDelayMs);
    this.store = new Store(options.indexOf);
  }

  /** Whether all objects have been read once. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** False while the server says that we may not list or watch. */
  get isPermitted(): boolean {
    return this.#isPermitted;
  }

  /** False while the server says that it has no such kind: its definition is missing. */
  get isServed(): boolean {
    return this.#isServed;
  }

  /** Milliseconds since the store was last known to be current; a quiet kind gets a bookmark about once a minute. */
  staleMs(): number {
    return performance.now() - this.#currentAt;
  }

  /** Milliseconds since anything was heard, or an attempt failed. More than the longest waits there are together: this loop is stuck. */
  idleMs(): number {
    return performance.now() - this.#activeAt;
  }

  /** All of that at once, for probes and metrics. */
  facts(): ReflectorFacts {
    return {
      resource: this.#options.resource.plural,
      group: this.#options.resource.group,
      hasSynced: this.hasSynced,
      isPermitted: this.isPermitted,
      isServed: this.isServed,
      lastFailure: this.#lastFailure,
      staleMs: this.staleMs(),
      idleMs: this.idleMs(),
      objects: this.store.size,
      refused: this.store.refused,
      checksum: this.store.checksum,
    };
  }

  /** Starting twice starts once. Resolves when all objects have been read; rejects when stopped before. */
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
    while (!signal.aborted) {
      this.#steadyAt = undefined;
      try {
        await this.#follow(signal);
        this.#retryDelay.succeeded();
        this.#options.onRestart?.('Ended');
      } catch (thrown) {
        if (signal.aborted) return;
        this.#heed(thrown);
        const delayMs = this.#retryDelay.failed({
          wentWellMs: this.#steadyAt === undefined ? 0 : performance.now() - this.#steadyAt,
          askedMs: isKubeError(thrown) ? (thrown.retryAfterMs ?? 0) : 0,
        });
        await sleep(delayMs, signal).catch(() => undefined);
      }
    }
  }

  /** From where we are until the server ends the watch; throws what went wrong. */
  async #follow(signal: AbortSignal): Promise<void> {
    this.#readingBy = this.#at === undefined ? this.#way.current : undefined;
    if (this.#readingBy === 'pages') await this.#readPages(signal);
    else if (this.#at !== undefined && this.#isDoubted) await this.#refuseOlderServer(this.#at, signal);
    this.#isDoubted = false;
    await this.#watch(signal);
  }

  /** What a failure means for the next attempt. */
  #heed(thrown: unknown): void {
    const code = codeOf(thrown);
    this.#activeAt = performance.now();
    this.#options.onRestart?.(code);
    this.#isDoubted = true;
    this.#lastFailure = code;
    if (code === 'Forbidden' || code === 'Unauthorized') this.#isPermitted = false;
    if (code === 'NotFound') this.#isServed = false;
    if (this.#readingBy !== undefined) {
      // A server without it refuses it so; all others refuse nothing that we send.
      if (code === 'Invalid' && this.#readingBy === 'stream') return this.#way.streamNoMore();
      this.#way.failed(code, this.#readingBy);
    }
    // Being away for too long is ordinary; a list that expires before its last page is not.
    if (code !== 'Gone' || this.#at === undefined) this.#options.onTrouble(thrown);
    // A version that is not taken today is not taken tomorrow.
    if (code === 'Gone' || code === 'Invalid') this.#at = undefined;
  }

  async #readPages(signal: AbortSignal): Promise<void> {
    const { transport, resource } = this.#options;
    const unseen = this.store.allKeys();
    const pages = listPages(transport, resource, signal);
    for (let page = await pages.next(); ; page = await pages.next()) {
      this.#heard();
      if (page.done === true) {
        this.#finish(unseen, page.value);
        return;
      }
      for (const item of page.value) this.#put(item, unseen);
    }
  }

  /** Throws Gone when the server is at an older version than we are: it has been restored, and would be silent until it comes to ours. */
  async #refuseOlderServer(at: string, signal: AbortSignal): Promise<void> {
    const { transport, resource } = this.#options;
    const version = await currentVersion(transport, resource, signal);
    if (isOlder(version, at)) throw this.#wentBack(at, version);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { transport, resource, silenceMs = 180_000, rereadMs = 10_000 } = this.#options;
    const began = performance.now();
    const unseen = this.#at === undefined ? this.store.allKeys() : undefined;
    // What all is read anew by has said nothing yet.
    const firstWordMs = this.#at === undefined ? silenceMs : this.#silence.leftMs(silenceMs);
    const request = { transport, resource, from: this.#at, silenceMs, firstWordMs, rereadMs, signal };
    try {
      for await (const event of watchEvents(request)) {
        this.#take(event, unseen);
        await this.#breath.take();
      }
    } catch (thrown) {
      // A server is silent about a version that it will only come to; and what could not be read is lost.
      const wasSilent = isKubeError(thrown, 'Timeout');
      if (wasSilent && this.#readingBy !== undefined) this.#way.streamEndsNot();
      if (wasSilent || isKubeError(thrown, 'Malformed')) this.#at = undefined;
      if (wasSilent) this.#isRewritten = true;
      throw thrown;
    } finally {
      this.#silence.closed(performance.now());
    }
    if (this.#readingBy !== undefined) {
      this.#way.streamEndsNot();
      throw new KubeError('Unavailable', `watch ${resource.plural}: ended before all objects had come`);
    }
    if (performance.now() - began < shortestWatchMs)
      throw new KubeError('Unavailable', `watch ${resource.plural}: ended as soon as it began`);
  }

  /** @param unseen keys of which nothing has come yet, as long as all objects are being read */
  #take(event: WatchEvent, unseen: Set<string> | undefined): void {
    const { resource, onTrouble } = this.#options;
    if (event.type === 'OPENED') {
      this.#silence.opened(performance.now());
      return this.#answered();
    }
    this.#heard();
    switch (event.type) {
      case 'UNREADABLE':
        // It may have been about any of them, so none of them counts as gone until all is read anew.
        unseen?.clear();
        onTrouble(new KubeError('Malformed', `watch ${resource.plural}: an event cannot be read`));
        return;
      case 'BOOKMARK':
        if (event.endsInitial && unseen !== undefined && event.resourceVersion !== undefined)
          this.#finish(unseen, event.resourceVersion);
        break;
      case 'DELETED':
        this.#leaveOut(event.object);
        break;
      case 'ADDED':
      case 'MODIFIED':
        this.#put(event.object, unseen);
    }
    const { resourceVersion: version } = event;
    // Until all have come, they come in the order of their names.
    if (this.#at === undefined || version === undefined) return;
    if (isOlder(version, this.#at)) throw this.#wentBack(this.#at, version);
    this.#at = version;
  }

  /** Everything has come: what has not is gone. */
  #finish(unseen: ReadonlySet<string>, resourceVersion: string): void {
    for (const key of unseen) this.#tell(this.store.delete(key));
    this.#at = resourceVersion;
    this.#readingBy = undefined;
    this.#way.succeeded();
    this.#isRewritten = false;
    this.#hasSynced = true;
    this.#heard();
    this.#synced.resolve();
  }

  /** The server lets us read or watch. That proves nothing of what it has to say. */
  #answered(): void {
    const now = performance.now();
    this.#isPermitted = true;
    this.#isServed = true;
    this.#lastFailure = undefined;
    this.#activeAt = now;
    if (this.#at !== undefined) this.#steadyAt ??= now;
  }

  /** It has said something, and all that came before. */
  #heard(): void {
    this.#answered();
    this.#silence.broken(this.#activeAt);
    if (this.#at !== undefined) this.#currentAt = this.#activeAt;
  }

  /** What cannot be kept is refused and told of. */
  #put(item: unknown, unseen: Set<string> | undefined): void {
    try {
      const object = this.#options.project(item);
      const changes = this.store.set(object, { isVersionTrusted: !this.#isRewritten });
      unseen?.delete(keyOf(object));
      this.#tell(changes);
    } catch (thrown) {
      const { plural } = this.#options.resource;
      const known = named.safeParse(item).data;
      const key = known === undefined ? '(without a name)' : keyOf(known);
      const why = sentence(messageOf(thrown));
      this.#options.onTrouble(new KubeError('Malformed', `${plural} ${key} is left out: ${why}`));
      unseen?.delete(key);
      this.#tell(this.store.refuse(key));
    }
  }

  #leaveOut(object: unknown): void {
    const known = named.safeParse(object).data;
    if (known !== undefined) this.#tell(this.store.delete(keyOf(known)));
  }

  #tell(changes: readonly Change<T>[]): void {
    for (const change of changes) {
      try {
        this.#options.onChange(change);
      } catch (thrown) {
        this.#options.onTrouble(thrown);
      }
    }
  }

  /** Told of as well, for it is not the ordinary way to be forgotten. */
  #wentBack(from: string, to: string): KubeError {
    const { resource, onTrouble } = this.#options;
    const message = `${resource.plural}: the server is at version ${to} and was at ${from} before`;
    const error = new KubeError('Gone', message);
    this.#isRewritten = true;
    onTrouble(error);
    return error;
  }
}
