import { jittered } from '../base/time.ts';

const firstDelayMs = 500;
const longestDelayMs = 120_000;
/** What setTimeout takes: a longer one it would end at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Keys that wait to be worked on. A key is in it once, and never worked on twice at the same time: added while it is worked on, it
 * comes once more. Namespaces take turns, so that one with many keys does not delay another's.
 */
export class Queue {
  readonly #ready = new Map<string, Set<string>>();
  readonly #running = new Set<string>();
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #waiting: ((key: string | undefined) => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the timer goes off. No delayed key is due before, though its first one may have come by another way. */
  #timerDue = Infinity;
  #closed = false;

  add(key: string): void {
    if (this.#closed) return;
    this.#delayed.delete(key);
    if (this.#running.has(key)) {
      this.#again.add(key);
      return;
    }
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#running.add(key);
      next(key);
      return;
    }
    const namespace = namespaceOf(key);
    const keys = this.#ready.get(namespace);
    if (keys === undefined) this.#ready.set(namespace, new Set([key]));
    else keys.add(key);
  }

  /** Adds the key after so long, unless it comes before; of two delays the shorter counts. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) return this.add(key);
    const due = performance.now() + ms;
    const known = this.#delayed.get(key);
    if (known !== undefined && known <= due) return;
    this.#delayed.set(key, due);
    if (due < this.#timerDue) this.#arm(due);
  }

  /** Adds the key after a delay that doubles with each failure in a row, from half a second to two minutes. */
  addAfterFailure(key: string): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.addAfter(key, jittered(Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 1))));
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key to work on; undefined once the queue is closed. Give it back with `done`. */
  async take(): Promise<string | undefined> {
    if (this.#closed) return undefined;
    const [namespace, keys] = this.#ready.entries().next().value ?? [];
    if (namespace === undefined || keys === undefined)
      return await new Promise((resolve) => this.#waiting.push(resolve));
    const [key] = keys;
    this.#ready.delete(namespace);
    if (key === undefined) return await this.take();
    keys.delete(key);
    // To the end of the line: the next namespace's turn.
    if (keys.size > 0) this.#ready.set(namespace, keys);
    this.#running.add(key);
    return key;
  }

  done(key: string): void {
    this.#running.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Nothing is given out any more; who waits gets undefined. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const waiting of this.#waiting.splice(0)) waiting(undefined);
  }

  #arm(due: number): void {
    clearTimeout(this.#timer);
    this.#timerDue = due;
    const waitMs = Math.min(longestTimerMs, Math.max(0, due - performance.now()));
    this.#timer = setTimeout(() => this.#addDue(), waitMs);
  }

  #addDue(): void {
    // Timers may be a millisecond early.
    const now = performance.now() + 1;
    let first = Infinity;
    for (const [key, due] of [...this.#delayed]) {
      if (due <= now) this.add(key);
      else first = Math.min(first, due);
    }
    this.#timerDue = Infinity;
    if (first !== Infinity) this.#arm(first);
  }
}

function namespaceOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf('/')));
}
