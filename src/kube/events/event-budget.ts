const budget = 20;
const refillMs = 60_000;
/** What repetitions leave, so that a thing that fails for hours can still say what is new. */
const leftForNews = 10;
const maxObjects = 10_000;

/** How many writes of Events one object is worth: twenty at once and one a minute, of which repetitions take at most half. */
export class EventBudget {
  /** By uid, the instant at which the whole budget is there again; who wrote last stands last. */
  readonly #fullAt = new Map<string, number>();

  /** Whether a write about this object may go out, which is then counted. Forgets objects beyond the last 10,000. */
  affords(uid: string, what: 'news' | 'repetition'): boolean {
    const now = performance.now();
    const fullAt = Math.max(now, this.#fullAt.get(uid) ?? now) + refillMs;
    const taken = (fullAt - now) / refillMs;
    if (taken > budget - (what === 'news' ? 0 : leftForNews)) return false;
    this.#fullAt.delete(uid);
    this.#fullAt.set(uid, fullAt);
    const [oldest] = this.#fullAt.keys();
    if (oldest !== undefined && this.#fullAt.size > maxObjects) this.#fullAt.delete(oldest);
    return true;
  }
}
