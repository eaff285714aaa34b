import { codeOf } from '../base/error.ts';
import { Queue } from './queue.ts';

export interface Result {
  readonly requeueAfterMs?: number;
}

export interface ControllerOptions {
  readonly name: string;
  readonly concurrency: number;
  /** A pass that takes longer is aborted. */
  readonly deadlineMs: number;
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Result>;
  /** Told of each pass that failed. */
  readonly onFailure: (key: string, error: unknown) => void;
}

/** How long passes that run may take to their end once we stop, and how long after that to heed that they are aborted. */
const stopWithinMs = 10_000;
const abortWithinMs = 7_000;

/** Works on the keys of a queue, several at once and each alone; a pass that fails comes again after a growing delay. */
export class Controller {
  readonly queue = new Queue();
  readonly #options: ControllerOptions;
  readonly #stopping = new AbortController();
  readonly #aborting = new AbortController();
  #workers: readonly Promise<void>[] = [];

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#workers.length > 0) return;
    this.#workers = Array.from({ length: this.#options.concurrency }, () => this.#work());
  }

  /** No new pass; running ones may end for ten seconds, then they are aborted, and one that does not heed that is left behind. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.queue.close();
    const { promise: leftBehind, resolve: leave } = Promise.withResolvers<void>();
    const timers = [
      setTimeout(() => this.#aborting.abort(), stopWithinMs),
      setTimeout(leave, stopWithinMs + abortWithinMs),
    ];
    await Promise.race([Promise.all(this.#workers), leftBehind]);
    for (const timer of timers) clearTimeout(timer);
  }

  async #work(): Promise<void> {
    for (;;) {
      const key = await this.queue.take();
      if (key === undefined) return;
      await this.#pass(key);
      this.queue.done(key);
    }
  }

  async #pass(key: string): Promise<void> {
    const deadline = new AbortController();
    const timer = setTimeout(
      () => deadline.abort(new DOMException(`no end within ${this.#options.deadlineMs} ms`, 'TimeoutError')),
      this.#options.deadlineMs,
    );
    const abort = (): void => deadline.abort(this.#aborting.signal.reason);
    this.#aborting.signal.addEventListener('abort', abort, { once: true });
    try {
      const { requeueAfterMs } = await this.#options.reconcile(key, deadline.signal);
      this.queue.succeeded(key);
      if (requeueAfterMs !== undefined) this.queue.addAfter(key, requeueAfterMs);
    } catch (thrown) {
      if (!this.#stopping.signal.aborted || codeOf(thrown) !== 'AbortError')
        this.#options.onFailure(key, thrown);
      this.queue.addAfterFailure(key);
    } finally {
      clearTimeout(timer);
      this.#aborting.signal.removeEventListener('abort', abort);
    }
  }
}
