import { isSameJson } from '../../base/same-json.ts';
import type { ElectionClock } from './election.ts';
import type { Lease } from './lease.ts';

/**
 * When a Lease ends for somebody who trusts no clock but its own: so long after the last change that was seen here. What the record
 * says of instants is never looked at, so that clocks may be wrong by any amount; they may run apart by the share that the renew
 * deadline is shorter than the Lease.
 *
 *     holder    renews ├──────── renew deadline ────────┤ holds it no more
 *     observer        sees it ├──────────── length of the Lease ────────────┤ takes it
 */
export class LeaseObservation {
  readonly #identity: string;
  readonly #ownMs: number;
  readonly #clock: ElectionClock;
  /** What was seen last; without a record where there was no Lease. */
  #seen: { readonly record: Lease['record'] | undefined } | undefined;
  /** How long the last one was for that somebody held. */
  #lastMs: number;
  #endsAt = 0;

  /** @param ownMs how long a Lease is taken to last that does not say */
  constructor(identity: string, ownMs: number, clock: ElectionClock) {
    this.#identity = identity;
    this.#ownMs = ownMs;
    this.#lastMs = ownMs;
    this.#clock = clock;
  }

  /** Takes what was just read; undefined when there is none. What was seen before changes nothing. */
  see(lease: Lease | undefined): void {
    const now = this.#clock.elapsed();
    const isFirst = this.#seen === undefined;
    const record = lease?.record;
    if (this.#seen !== undefined && isSameJson(record, this.#seen.record)) return;
    this.#seen = { record };
    if (lease === undefined) {
      // Deleted under a holder that may not know yet. Who has never seen it makes it at once, or nobody would.
      this.#endsAt = isFirst ? now : now + this.#lastMs;
      return;
    }
    const { holder, durationMs = this.#ownMs } = lease.record;
    const isFree = holder === '' || holder === this.#identity;
    if (!isFree) this.#lastMs = durationMs;
    this.#endsAt = isFree ? now : now + durationMs;
  }

  /** On the elapsed clock. */
  get endsAt(): number {
    return this.#endsAt;
  }

  /** It may be taken: free, ours by a request whose answer never came, or not renewed for its whole length. */
  get isOver(): boolean {
    return this.#clock.elapsed() >= this.#endsAt;
  }
}
