/** So much may be a token short for the arithmetic alone. */
const rounding = 1e-6;

/** Lets `burst` things pass at once and `perSecond` in the long run. Times are milliseconds of one clock, whichever. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at = -Infinity;

  constructor({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }) {
    this.#perMs = perSecond / 1_000;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Takes a token; false when there is none at `now`. */
  take(now: number): boolean {
    this.#refill(now);
    if (!this.#hasOne) return false;
    this.#tokens = Math.max(0, this.#tokens - 1);
    return true;
  }

  /** When there will be a token: `now` if there is one. */
  nextAt(now: number): number {
    this.#refill(now);
    return this.#hasOne ? now : now + (1 - this.#tokens) / this.#perMs;
  }

  get #hasOne(): boolean {
    return this.#tokens >= 1 - rounding;
  }

  #refill(now: number): void {
    if (now <= this.#at) return;
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
  }
}
