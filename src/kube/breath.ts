const longestMs = 5;

/**
 * Turns of the event loop for work that would otherwise go on from one microtask to the next: with everything in memory, or more to
 * read on the socket, nothing else is seen to until all is done. All that share one take their turn together, so that the loop is held
 * up for five milliseconds by all of them and not by each.
 */
export class Breath {
  #last = performance.now();
  #turn: Promise<void> | undefined;

  /** Undefined, and nothing to wait for, within five milliseconds of the last turn; otherwise resolves when there was another. */
  take(): Promise<void> | undefined {
    if (performance.now() - this.#last < longestMs) return undefined;
    this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = undefined;
        this.#last = performance.now();
        resolve();
      });
    });
    return this.#turn;
  }
}
