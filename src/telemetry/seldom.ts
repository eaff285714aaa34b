/** So many different things are remembered; what comes after them takes the place of the one that was told longest ago. */
const mostKeys = 1_000;
const everyMs = 60_000;

interface Told {
  readonly at: number;
  /** How often it was left out since. */
  omitted: number;
}

/** Lets the same thing be told once a minute: what is tried again every few seconds would otherwise fill the log with one sentence. */
export class Seldom {
  readonly #told = new Map<string, Told>();

  /**
   * Undefined when it was told within the minute before; otherwise how often it has been left out since it was told last.
   * @param now milliseconds of a clock that never goes back
   */
  omitted(key: string, now: number = performance.now()): number | undefined {
    const before = this.#told.get(key);
    if (before !== undefined && now - before.at < everyMs) {
      before.omitted += 1;
      return undefined;
    }
    this.#told.delete(key);
    this.#told.set(key, { at: now, omitted: 0 });
    const [oldest] = this.#told.keys();
    if (oldest !== undefined && this.#told.size > mostKeys) this.#told.delete(oldest);
    return before?.omitted ?? 0;
  }
}
