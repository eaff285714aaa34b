/** At most so many calls in any span of so many milliseconds. */
export interface Limit {
  readonly calls: number;
  readonly ms: number;
}

/** By so much a window is held longer than it is: the forge's clock may run faster than ours, by at most 500 ppm where both are set by NTP. */
const slowClockShare = 0.0005;

/**
 * Which calls count against some limits. A call counts from when it is reserved until a window's length after its *answer*: the forge
 * counted it somewhere between its sending and that, so that however long either of two calls was on its way, the forge too sees them a
 * window apart. Times are milliseconds of one clock that is never set.
 */
export class Windows {
  readonly limits: readonly Limit[];
  #held = 0;
  /** When calls were answered, in order. */
  #answered: number[] = [];

  constructor(limits: readonly Limit[]) {
    this.limits = limits;
  }

  /** How many calls could be reserved now; Infinity without limits. */
  free(now: number): number {
    return Math.min(...this.limits.map((limit) => limit.calls - this.#taken(limit, now)));
  }

  /** How many calls each limit has left. */
  left(now: number): readonly { readonly limit: Limit; readonly calls: number }[] {
    return this.limits.map((limit) => ({
      limit,
      calls: Math.max(0, limit.calls - this.#taken(limit, now)),
    }));
  }

  /** When there may be one more. */
  nextFree(now: number): number {
    return new Outlook(this, now).next(1);
  }

  reserve(calls: number): void {
    this.#held += calls;
  }

  /** Reserved calls that are not sent after all. */
  giveBack(calls: number): void {
    this.#held -= calls;
  }

  /** A reserved call was sent and has been answered, or will not be any more. */
  answered(now: number): void {
    this.#held -= 1;
    if (this.limits.length === 0) return;
    this.#answered.push(now);
    this.#forget(now);
  }

  /**
   * For each limit, when what it counts now stops counting, the first first. Of what is reserved and not answered yet that is the
   * earliest that it can be.
   */
  ends(now: number): readonly (readonly number[])[] {
    return this.limits.map((limit) => {
      const ms = held(limit);
      const ends = this.#answered.slice(this.#firstCounted(limit, now)).map((at) => at + ms);
      return [...ends, ...Array.from({ length: this.#held }, () => now + ms)];
    });
  }

  #taken(limit: Limit, now: number): number {
    return this.#held + this.#answered.length - this.#firstCounted(limit, now);
  }

  /** Where those begin that still count, by bisection. */
  #firstCounted(limit: Limit, now: number): number {
    const since = now - held(limit);
    let [low, high] = [0, this.#answered.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#answered[middle] ?? 0) > since) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #forget(now: number): void {
    const counted = Math.min(...this.limits.map((limit) => this.#firstCounted(limit, now)));
    // In large pieces, so that forgetting costs nothing per call.
    if (counted > 256 && 2 * counted > this.#answered.length) this.#answered = this.#answered.slice(counted);
  }
}

function held({ ms }: Limit): number {
  return ms * (1 + slowClockShare);
}

/**
 * Gives, one after another, when acts can begin that each take so many calls: none before the one before it.
 *
 * @param ends as `Windows.ends` gives them
 */
export class Outlook {
  readonly #limits: readonly { readonly limit: Limit; readonly ends: number[]; first: number }[];
  #at: number;

  constructor(windows: Windows, now: number) {
    const ends = windows.ends(now);
    this.#limits = windows.limits.map((limit, index) => ({
      limit,
      ends: [...(ends[index] ?? [])],
      first: 0,
    }));
    this.#at = now;
  }

  /** @param calls at most what each limit allows */
  next(calls: number): number {
    for (const each of this.#limits) {
      while (each.ends.length - each.first > each.limit.calls - calls) {
        this.#at = Math.max(this.#at, each.ends[each.first] ?? this.#at);
        each.first += 1;
      }
    }
    for (const { limit, ends } of this.#limits)
      for (let call = 0; call < calls; call += 1) ends.push(this.#at + held(limit));
    return this.#at;
  }
}
