const minuteMs = 60_000;
/** The longest that a forge that takes us again goes unnoticed, unless it named a later time itself. */
const longestPatienceMs = 2 * minuteMs;
/** A probe that has not ended by then is nobody's any more. */
const probeMs = minuteMs;
/** The first who comes after a closed time probes; the others come so long after it, and each a little after the other. */
const afterProbeMs = 2_000;
const apartMs = 20;
const spreadMs = 30_000;

/** How something that was let through ended: let through by the forge, refused by its limits, or neither is known. */
export type Ending = 'accepted' | 'refused' | 'unknown';

/**
 * Whether anything may be sent for one account. It closes when the forge says that we ask too much, for a minute at least and for two if
 * it says so again; after that one call goes alone, and only when the forge has taken it do others follow. Times are milliseconds of one
 * clock that is never set.
 */
export class Gate {
  #closedUntil = -Infinity;
  #refusals = 0;
  #probeSince: number | undefined;
  #told = 0;

  /** From when on a call may go; undefined: now. */
  opensAt(now: number): number | undefined {
    const isProbed = this.#probeSince !== undefined && this.#probeSince + probeMs > now;
    return this.closedUntil(now) ?? (isProbed ? now + afterProbeMs : undefined);
  }

  /** Until when nothing at all may go; undefined: a call may, or one is on its way to find out. */
  closedUntil(now: number): number | undefined {
    return this.#closedUntil > now ? this.#closedUntil : undefined;
  }

  /** When one who must wait shall come again: each at another time. */
  place(now: number): number {
    const opensAt = this.opensAt(now) ?? now;
    const place = this.#told;
    this.#told += 1;
    return place === 0 ? opensAt : opensAt + afterProbeMs + ((place * apartMs) % spreadMs);
  }

  /** Lets a call through that `opensAt` does not hold back. True: it goes alone, as a probe. */
  enter(now: number): boolean {
    if (this.#refusals === 0) return false;
    this.#probeSince = now;
    return true;
  }

  /** The forge refused a call by its limits. @param until its own word; undefined: it gave none */
  close(until: number | undefined, now: number): void {
    this.#probeSince = undefined;
    if (this.#closedUntil > now) {
      // Others were on their way when the first was refused.
      this.#closedUntil = Math.max(this.#closedUntil, until ?? now);
      return;
    }
    this.#refusals += 1;
    this.#told = 0;
    const patience = Math.min(longestPatienceMs, minuteMs * this.#refusals);
    this.#closedUntil = Math.max(until ?? now, now + patience);
  }

  /** A probe has ended. */
  probed(ending: Exclude<Ending, 'refused'>, now: number): void {
    this.#probeSince = undefined;
    if (ending === 'unknown' || this.#closedUntil > now) return;
    this.#refusals = 0;
    this.#told = 0;
  }
}
