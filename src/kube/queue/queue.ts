import { Delays } from './delays.ts';
import { Retries } from './retries.ts';
import { namespaceOf, Turns } from './turns.ts';

/** What setTimeout takes: a longer one it would end at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Keys (`namespace/name`) that wait to be worked on. A key is in it once, and never worked on twice at the same time: added while it
 * is worked on, it comes once more. Namespaces take turns, so that one with many keys does not delay another's. What was put off
 * comes at once when it is added by another way, and not a second time. Of one namespace only so many are worked on at once, so that its
 * long passes leave workers for others.
 */
export class Queue {
  readonly #ready = new Turns();
  readonly #running = new Set<string>();
  /** How many of each namespace are worked on. */
  readonly #busy = new Map<string, number>();
  readonly #mayGo: (namespace: string) => boolean;
  readonly #again = new Set<string>();
  readonly #later = new Delays();
  readonly #retries = new Retries();
  readonly #waiting: ((key: string | undefined) => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the timer goes off. Nothing is due before, though what it was set for may have come by another way. */
  #timerDue = Infinity;
  #closed = false;

  /** @param perNamespace how many keys of one namespace are worked on at once; any number unless said */
  constructor({ perNamespace = Infinity }: { readonly perNamespace?: number } = {}) {
    this.#mayGo = (namespace) => (this.#busy.get(namespace) ?? 0) < perNamespace;
  }

  /** How many keys wait, and for no time to pass. */
  get depth(): number {
    return this.#ready.size;
  }

  /** For how many milliseconds the key has been ready that waits longest of those that could be worked on now; 0 when none waits. */
  oldestMs(): number {
    const since = this.#ready.oldest(this.#mayGo);
    return since === undefined ? 0 : performance.now() - since;
  }

  add(key: string): void {
    if (this.#closed) return;
    this.#later.delete(key);
    this.#retries.withdraw(key);
    if (this.#running.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#ready.add(key, performance.now());
    this.#handOut();
  }

  /** Adds the key after so long, unless it comes before; of two delays the shorter counts. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) return this.add(key);
    this.#later.bring(key, performance.now() + ms);
    this.#arm();
  }

  /**
   * Adds the key after a delay that doubles with each failure in a row, from half a second to two minutes, and not before
   * `notBeforeMs`. Keys that failed come back at a hundred a second all together, after a burst of as many.
   */
  addAfterFailure(key: string, { notBeforeMs = 0 }: { readonly notBeforeMs?: number } = {}): void {
    if (this.#closed) return;
    this.#retries.failed(key, notBeforeMs, performance.now());
    this.#arm();
  }

  /**
   * Adds the key in a fraction of a second, within the pace of those that failed; does not count as a failure, nor as a success. The
   * fourth time in a row it does count, as `addAfterFailure`.
   */
  addSoon(key: string): void {
    if (this.#closed) return;
    this.#retries.again(key, performance.now());
    this.#arm();
  }

  /** The key's next failure counts as its first. */
  succeeded(key: string): void {
    this.#retries.succeeded(key);
  }

  /** The next key to work on; undefined once the queue is closed. Give it back with `done`. */
  async take(): Promise<string | undefined> {
    if (this.#closed) return undefined;
    return this.#next() ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
  }

  done(key: string): void {
    this.#running.delete(key);
    const namespace = namespaceOf(key);
    const others = (this.#busy.get(namespace) ?? 0) - 1;
    if (others > 0) this.#busy.set(namespace, others);
    else this.#busy.delete(namespace);
    if (this.#again.delete(key)) this.add(key);
    else this.#handOut();
  }

  /** Nothing is given out any more; who waits gets undefined. What was handed to one who waited, a moment before, stays his. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const waiting of this.#waiting.splice(0)) waiting(undefined);
  }

  /** Takes the key whose turn it is. */
  #next(): string | undefined {
    const key = this.#ready.take(this.#mayGo);
    if (key === undefined) return undefined;
    const namespace = namespaceOf(key);
    this.#busy.set(namespace, (this.#busy.get(namespace) ?? 0) + 1);
    this.#running.add(key);
    return key;
  }

  /** Gives to those who wait what there is for them. */
  #handOut(): void {
    while (this.#waiting.length > 0) {
      const key = this.#next();
      if (key === undefined) return;
      this.#waiting.shift()?.(key);
    }
  }

  #arm(): void {
    const now = performance.now();
    const due = Math.min(this.#later.nextDue, this.#retries.nextAt(now));
    if (due >= this.#timerDue) return;
    clearTimeout(this.#timer);
    this.#timerDue = due;
    this.#timer = setTimeout(() => this.#addDue(), Math.min(longestTimerMs, Math.max(0, due - now)));
  }

  #addDue(): void {
    // Timers may be a millisecond early.
    const now = performance.now() + 1;
    for (let key = this.#later.takeDue(now); key !== undefined; key = this.#later.takeDue(now)) this.add(key);
    for (let key = this.#retries.take(now); key !== undefined; key = this.#retries.take(now)) this.add(key);
    this.#timerDue = Infinity;
    this.#arm();
  }
}
