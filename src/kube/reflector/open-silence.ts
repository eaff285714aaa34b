/**
 * For how long watches have been open without a word, one after the other: each of them may end sooner than silence is noticed in it,
 * while something between us and the server lets it open and keeps all that comes.
 */
export class OpenSilence {
  /** Of watches that have ended. */
  #ms = 0;
  #since: number | undefined;

  /** @param now milliseconds of a clock that never goes back, here and below */
  opened(now: number): void {
    this.#since = now;
  }

  /** The server has said something: what it had to say before has come as well. */
  broken(now: number): void {
    this.#ms = 0;
    if (this.#since !== undefined) this.#since = now;
  }

  /** Closing what is not open is nothing. */
  closed(now: number): void {
    if (this.#since !== undefined) this.#ms += now - this.#since;
    this.#since = undefined;
  }

  /** How much longer the next watch may be silent when all together may be so for `mostMs`; 0 or more. */
  leftMs(mostMs: number): number {
    return Math.max(0, mostMs - this.#ms);
  }
}
