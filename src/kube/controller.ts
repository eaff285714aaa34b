import { CodedError } from '../base/error.ts';
import { Breath } from './breath.ts';
import { dispositionOf, type PassEnd, type Result } from './disposition.ts';
import { Queue } from './queue/queue.ts';

/** A pass that has ended by itself or by its deadline. */
export interface EndedPass {
  readonly key: string;
  readonly milliseconds: number;
  /** requeued: ended well, and wants to look again after a time. */
  readonly outcome: 'ok' | 'requeued' | 'failed';
}

/** How the work goes; what a probe and a metric want to know. */
export interface ControllerHealth {
  /** Keys that are ready and wait for a worker, and for how long the first of them has. */
  readonly queueDepth: number;
  readonly oldestMs: number;
  /** Passes that run now, and how long the longest has. */
  readonly running: number;
  readonly longestPassMs: number;
  /** Passes that were aborted at their deadline and have not heeded it within four seconds. Each keeps its key and its worker. */
  readonly overdue: number;
}

export interface ControllerOptions {
  readonly name: string;
  readonly concurrency: number;
  /** A pass that takes longer is aborted. */
  readonly deadlineMs: number;
  /** One pass over one key. Whatever it throws is one failed pass. The signal is to reach every call that it makes. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Result>;
  /** Told of each pass that failed. */
  readonly onFailure: (key: string, error: unknown) => void;
  /** Told of each pass that ended, but for those cut short because we stop or lead no more. */
  readonly onPass?: (ended: EndedPass) => void;
}

/**
 * How long passes that run may take to their end once we stop, and how long after that to heed that they are aborted. Ten seconds are to
 * be enough for all: after these seven, two are for giving back the Lease and read tokens, and one for closing what is open.
 */
const endWithinMs = 3_000;
const heedWithinMs = 4_000;

/** Of the workers, at most. The rest is for others while one namespace's passes are long, as where its forge is slow. */
const shareOfNamespace = 3 / 4;

interface Pass {
  readonly began: number;
  readonly aborting: AbortController;
}

/**
 * Works on the keys of a queue, several at once and each alone. What becomes of a key after its pass says the table in
 * `disposition.ts`. Every key that was added gets a pass that begins after that, until we stop.
 */
export class Controller {
  readonly name: string;
  readonly queue: Queue;
  readonly #options: ControllerOptions;
  readonly #running = new Map<string, Pass>();
  readonly #aborted = Promise.withResolvers<void>();
  #workers: readonly Promise<void>[] | undefined;
  #isStopping = false;
  #stopped: Promise<void> | undefined;
  readonly #breath = new Breath();

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    // Rounded up, all of two or three would be one namespace's.
    this.queue = new Queue({ perNamespace: Math.max(1, Math.floor(options.concurrency * shareOfNamespace)) });
  }

  /** Begins to work. Does nothing the second time, nor once it was stopped or aborted. */
  start(): void {
    if (this.#isStopping) return;
    this.#workers ??= Array.from({ length: this.#options.concurrency }, () => this.#work());
  }

  /**
   * No new pass begins; running ones may end for three seconds, then are aborted and have four to heed it (they revoke tokens in
   * that time), then are left behind. Never rejects; asked again, it gives the same promise.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** For when we may not go on, as when we lead no more: running passes are aborted with the reason at once, none begins. `stop` then waits for them to heed it. */
  abort(reason: Error): void {
    this.#refuse();
    this.#abortRunning(reason);
    this.#aborted.resolve();
  }

  health(): ControllerHealth {
    const now = performance.now();
    const times = [...this.#running.values()].map(({ began }) => now - began);
    return {
      queueDepth: this.queue.depth,
      oldestMs: this.queue.oldestMs(),
      running: times.length,
      longestPassMs: Math.max(0, ...times),
      overdue: times.filter((ms) => ms > this.#options.deadlineMs + heedWithinMs).length,
    };
  }

  async #stop(): Promise<void> {
    this.#refuse();
    const ended = Promise.all(this.#workers ?? []);
    await within(endWithinMs, Promise.race([ended, this.#aborted.promise]));
    this.#abortRunning(new DOMException('the controller stops', 'AbortError'));
    await within(heedWithinMs, ended);
  }

  #refuse(): void {
    this.#isStopping = true;
    this.queue.close();
  }

  #abortRunning(reason: unknown): void {
    for (const { aborting } of this.#running.values()) aborting.abort(reason);
  }

  async #work(): Promise<void> {
    while (!this.#isStopping) {
      await this.#breath.take();
      const key = await this.queue.take();
      // It may have been handed to us the moment before we were stopped.
      if (key === undefined || this.#isStopping) return;
      await this.#pass(key);
      this.queue.done(key);
    }
  }

  async #pass(key: string): Promise<void> {
    const { deadlineMs } = this.#options;
    const aborting = new AbortController();
    const timer = setTimeout(
      () => aborting.abort(new DOMException(`no end within ${deadlineMs} ms`, 'TimeoutError')),
      deadlineMs,
    );
    const began = performance.now();
    this.#running.set(key, { began, aborting });
    const end = await this.#endOf(key, aborting.signal);
    this.#running.delete(key);
    clearTimeout(timer);
    const milliseconds = performance.now() - began;
    const outcome = this.#settle(key, end);
    if (outcome === undefined) return;
    try {
      this.#options.onPass?.({ key, milliseconds, outcome });
    } catch (thrown) {
      this.#tellOfFailure(key, thrown);
    }
  }

  async #endOf(key: string, signal: AbortSignal): Promise<PassEnd> {
    try {
      const { requeueAfterMs } = await this.#options.reconcile(key, signal);
      // As a delay it would be none, and the key come again and again.
      if (Number.isNaN(requeueAfterMs))
        throw new CodedError('ResultInvalid', 'the pass asked for another one after NaN ms; this is a bug');
      return { kind: 'returned', result: { requeueAfterMs } };
    } catch (thrown) {
      return { kind: 'threw', thrown, isStopping: this.#isStopping };
    }
  }

  /** Does with the key what is to be done; gives what to tell of the pass. */
  #settle(key: string, end: PassEnd): EndedPass['outcome'] | undefined {
    const disposition = dispositionOf(end);
    switch (disposition.kind) {
      case 'nothing':
        this.queue.succeeded(key);
        return 'ok';
      case 'after':
        this.queue.succeeded(key);
        this.queue.addAfter(key, disposition.ms);
        return 'requeued';
      case 'soon':
        this.queue.addSoon(key);
        break;
      case 'backoff':
        this.queue.addAfterFailure(key, disposition);
        break;
      case 'dropped':
        return undefined;
      default:
        return disposition satisfies never;
    }
    if (end.kind === 'threw') this.#tellOfFailure(key, end.thrown);
    return 'failed';
  }

  #tellOfFailure(key: string, thrown: unknown): void {
    try {
      this.#options.onFailure(key, thrown);
    } catch {
      // Who listens must not be able to end a worker, and there is nobody else to tell of what he threw.
    }
  }
}

/** Waits for `work`, but no longer than `ms`. Leaves no timer behind. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, late]);
  clearTimeout(timer);
}
