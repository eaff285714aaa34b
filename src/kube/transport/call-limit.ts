import { TokenBucket } from '../token-bucket.ts';

/**
 * A limit of so many turns a second, with `burst` of them saved up while nobody comes. Turns are given in the order in which they were
 * asked for. Has a timer only while somebody waits.
 */
export class CallLimit {
  readonly #bucket: TokenBucket;
  readonly #msPerTurn: number;
  /** In order; what each does when its turn has come. */
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(limit: { readonly perSecond: number; readonly burst: number }) {
    this.#bucket = new TokenBucket(limit);
    this.#msPerTurn = 1000 / limit.perSecond;
  }

  /** Milliseconds until the turn of who asks now; 0 when it would be now. */
  waitMs(): number {
    if (this.#isClosed) return 0;
    return this.#untilToken() + this.#waiting.size * this.#msPerTurn;
  }

  /**
   * Undefined, without waiting, when it is one's turn now; otherwise resolves when it is. Rejects with the signal's reason when that is
   * aborted first, and the place is given to the next.
   */
  turn(signal: AbortSignal): Promise<void> | undefined {
    // Whoever waits goes first, also where its turn has come and the timer has not.
    const isNow = this.#isClosed || (this.#waiting.size === 0 && this.#bucket.take(performance.now()));
    return isNow ? undefined : this.#wait(signal);
  }

  /** From now on nobody waits. */
  close(): void {
    this.#isClosed = true;
    this.#rest();
    for (const goOn of this.#waiting) goOn();
    this.#waiting.clear();
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const goOn = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiting.delete(goOn);
        if (this.#waiting.size === 0) this.#rest();
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(goOn);
      if (this.#timer === undefined) this.#wake();
    });
  }

  #serve(): void {
    this.#rest();
    for (const goOn of this.#waiting) {
      if (!this.#bucket.take(performance.now())) break;
      this.#waiting.delete(goOn);
      goOn();
    }
    if (this.#waiting.size > 0) this.#wake();
  }

  #wake(): void {
    this.#timer = setTimeout(() => this.#serve(), Math.ceil(this.#untilToken()));
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #untilToken(): number {
    const now = performance.now();
    return this.#bucket.nextAt(now) - now;
  }
}
