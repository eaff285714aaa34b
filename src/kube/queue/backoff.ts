import { jittered } from '../../base/time.ts';

const firstDelayMs = 500;
const longestDelayMs = 120_000;
/** Longer than the longest wait, an hour and a tenth where a forge or the API server asks for it, and one for the overall pace and a pass. */
const rememberMs = 2 * 3_600_000;
const lookEveryMs = 60_000;

interface Failures {
  readonly inARow: number;
  readonly lastAt: number;
}

/**
 * How long a key that failed waits: half a second that doubles with each failure in a row up to two minutes, changed at random by a
 * tenth. A key is remembered until it succeeds; one of which nothing is heard any more, for two hours or little longer.
 */
export class Backoff {
  /** The one that failed last comes last. */
  readonly #failures = new Map<string, Failures>();
  #lookedAt = -Infinity;

  /** How many keys are remembered. */
  get size(): number {
    return this.#failures.size;
  }

  /** Counts a failure; gives the milliseconds until the key may be tried again. */
  failed(key: string, now: number): number {
    const inARow = (this.#failures.get(key)?.inARow ?? 0) + 1;
    this.#failures.delete(key);
    this.#failures.set(key, { inARow, lastAt: now });
    this.#forgetOld(now);
    return jittered(Math.min(longestDelayMs, firstDelayMs * 2 ** (inARow - 1)));
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  #forgetOld(now: number): void {
    if (now - this.#lookedAt < lookEveryMs) return;
    this.#lookedAt = now;
    for (const [key, { lastAt }] of this.#failures) {
      if (now - lastAt <= rememberMs) return;
      this.#failures.delete(key);
    }
  }
}
