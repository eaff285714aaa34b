import type { Waiter } from './fair-order.ts';
import { FairShares } from './fair-shares.ts';
import { Outlook, type Windows } from './windows.ts';

/** An act that asks for its calls. */
export interface Asking {
  /** `namespace/pipeline environment`: asked again under the same name it keeps its place. */
  readonly act: string;
  /** `namespace/pipeline` */
  readonly spender: string;
  readonly isProtected: boolean;
  readonly calls: number;
}

interface Waiting extends Waiter {
  /** When it was told to come again. */
  readonly slot: number;
}

/** For who has not come so long after its slot nothing is kept any more. */
const graceMs = 10_000;
/** A pass may be late for want of a worker: so long after its slot it still has the place that it had. */
const rememberedMs = 15 * 60_000;
/** A slot is never told that is over before it can be used. */
const leastMs = 20;
/** Who comes after them is told a time and keeps no place: the list costs time at each asking. */
const mostWaiting = 1_000;

/**
 * Acts that wait for calls. Each is told its own time: when those that fairness puts before it, and it, will have their calls. It does
 * not hold anybody up by not coming, and nobody who comes early takes what is somebody else's within the minute.
 */
export class WaitingList {
  readonly #waiting = new Map<string, Waiting>();
  readonly #shares = new FairShares();
  #order = 0;
  #beyond = 0;

  /**
   * Whether an act may begin now (then its calls are to be reserved at once), or when to ask again and how many are before it.
   *
   * @param notBefore until then nothing is sent at all
   */
  ask(
    asking: Asking,
    { windows, now, notBefore }: { windows: Windows; now: number; notBefore: number },
  ): { readonly kind: 'now' } | { readonly kind: 'later'; readonly at: number; readonly before: number } {
    this.#forget(now);
    const known = this.#waiting.get(asking.act);
    const { spender, isProtected, calls } = asking;
    const own: Waiting = {
      spender,
      isProtected,
      calls,
      order: known?.order ?? (this.#order += 1),
      slot: known?.slot ?? Infinity,
    };
    this.#waiting.set(asking.act, own);
    const all = this.#shares.inOrder(this.#awaited(own, now));
    const ahead = all.slice(0, all.indexOf(own));
    if (notBefore <= now && windows.free(now) >= calls + this.#leftFor(ahead, own, windows, now)) {
      this.#waiting.delete(asking.act);
      this.#shares.serve(own, all);
      return { kind: 'now' };
    }
    const outlook = new Outlook(windows, now);
    for (const each of ahead) outlook.next(each.calls);
    const at = Math.max(outlook.next(calls), notBefore, now + leastMs);
    if (known === undefined && all.length > mostWaiting) {
      this.#waiting.delete(asking.act);
      this.#beyond += 1;
      return {
        kind: 'later',
        at: at + this.#beyond * paceMs(windows, calls),
        before: ahead.length + this.#beyond,
      };
    }
    this.#beyond = 0;
    this.#waiting.set(asking.act, { ...own, slot: at });
    return { kind: 'later', at, before: ahead.length };
  }

  /**
   * Calls that are left to those before it: whoever's turn it is too; and if it came before its own turn, also those whose turn is
   * within the shortest window, for whom calls gather one by one.
   */
  #leftFor(ahead: readonly Waiting[], own: Waiting, { limits }: Windows, now: number): number {
    const isItsTurn = own.slot <= now;
    const until = isItsTurn ? now : now + Math.min(...limits.map(({ ms }) => ms));
    return ahead.reduce((sum, { slot, calls }) => (slot <= until ? sum + calls : sum), 0);
  }

  /** All that something is kept for, and the one that asks. */
  #awaited(own: Waiting, now: number): readonly Waiting[] {
    return [...this.#waiting.values()].filter((each) => each === own || each.slot + graceMs >= now);
  }

  #forget(now: number): void {
    for (const [act, { slot }] of this.#waiting) if (slot + rememberedMs < now) this.#waiting.delete(act);
  }
}

/** What so many calls take of the tightest limit's time. */
function paceMs({ limits }: Windows, calls: number): number {
  return Math.max(...limits.map((limit) => (limit.ms / limit.calls) * calls));
}
