import { jittered } from '../../base/time.ts';

/** Of our own: what is watched is to be known within five seconds of its coming back, and a request in that time burdens no server. */
const longestDelayMs = 3_500;
const longestAskedMs = 30_000;
const stableMs = 10_000;
const share = 0.3;

/**
 * How long a reflector waits after a failure: a quarter of a second, which doubles with each failure in a row up to 3.5 s, or what the server
 * asks for up to 30 s, changed at random by 30 %, so that many who were cut off together do not come back together.
 */
export class RetryDelay {
  readonly #firstMs: number;
  #failures = 0;

  constructor(firstMs = 250) {
    this.#firstMs = firstMs;
  }

  /** It went well to its end. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** @param wentWellMs for how long it had gone well: after 10 s the row begins anew @param askedMs what the server asks to wait */
  failed({ wentWellMs, askedMs }: { readonly wentWellMs: number; readonly askedMs: number }): number {
    this.#failures = wentWellMs > stableMs ? 1 : this.#failures + 1;
    const ownMs = Math.min(longestDelayMs, this.#firstMs * 2 ** (this.#failures - 1));
    return jittered(Math.max(ownMs, Math.min(longestAskedMs, askedMs)), share);
  }
}
