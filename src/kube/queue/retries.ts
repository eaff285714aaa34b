import { jittered } from '../../base/time.ts';
import { Backoff } from './backoff.ts';
import { Delays } from './delays.ts';
import { TokenBucket } from '../token-bucket.ts';
import { Turns } from './turns.ts';

/** For what a moment mends, such as a cache that is behind. */
const momentMs = 200;
/** What so many moments in a row do not mend has failed: a watch that has frozen does not catch up. */
const momentsInARow = 3;
/** 10,000 keys that failed with one outage have all been tried again within two minutes of its end. */
const pace = { perSecond: 100, burst: 100 };

/**
 * Keys that failed and wait to be tried again. Each waits for its own time; then all together pass at a hundred a second after a burst
 * of as many, so that what failed with one outage does not come back as one storm. Namespaces take turns in that as well: a thousand
 * failing keys of one hold up another's by a hundredth of a second.
 */
export class Retries {
  readonly #backoff = new Backoff();
  readonly #delays = new Delays();
  /** Those whose own time has come. */
  readonly #line = new Turns();
  readonly #bucket = new TokenBucket(pace);
  /** How often in a row each was to come again in a moment. */
  readonly #moments = new Map<string, number>();

  /** The key comes after its backoff, and not before `notBeforeMs` from now. */
  failed(key: string, notBeforeMs: number, now: number): void {
    this.#moments.delete(key);
    // Upwards alone: what must not come before a time, comes after it, and not as one.
    const earliestMs = notBeforeMs * (1 + Math.random() / 10);
    this.#delays.bring(key, now + Math.max(earliestMs, this.#backoff.failed(key, now)));
  }

  /** The key comes in a moment, and the number of its failures stays as it is; the fourth time in a row it has failed. */
  again(key: string, now: number): void {
    const moments = (this.#moments.get(key) ?? 0) + 1;
    if (moments > momentsInARow) return this.failed(key, 0, now);
    this.#moments.set(key, moments);
    this.#delays.bring(key, now + jittered(momentMs, 0.5));
  }

  /** The next failure of the key is its first. */
  succeeded(key: string): void {
    this.#moments.delete(key);
    this.#backoff.succeeded(key);
  }

  /** The key comes by another way. */
  withdraw(key: string): void {
    this.#delays.delete(key);
    this.#line.delete(key);
  }

  /** Removes and gives a key that may be tried again; undefined when none may at `now`. */
  take(now: number): string | undefined {
    for (let due = this.#delays.takeDue(now); due !== undefined; due = this.#delays.takeDue(now)) {
      this.#line.add(due, now);
    }
    return this.#line.size > 0 && this.#bucket.take(now) ? this.#line.take() : undefined;
  }

  /** When to ask `take` next; Infinity when nothing waits. */
  nextAt(now: number): number {
    return Math.min(this.#delays.nextDue, this.#line.size > 0 ? this.#bucket.nextAt(now) : Infinity);
  }
}
