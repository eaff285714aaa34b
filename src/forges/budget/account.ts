import type { HeardRate } from './headers.ts';
import { Gate } from './gate.ts';
import { WaitingList, type Asking } from './waiting-list.ts';
import { Windows, type Limit } from './windows.ts';

/** The primary limit of one resource as last heard. */
interface Rate extends HeardRate {
  /** By the clock that is never set. */
  readonly resetsAt: number;
}

/** Answers that came in another order than they were given tell of the same window when its end differs by less. */
const sameWindowMs = 5_000;
const mostOwed = 100;

/** What one account of a forge may still do: an installation, an App, a user. Times are milliseconds of one clock that is never set. */
export class Account {
  readonly name: string;
  readonly gate = new Gate();
  readonly windows: Windows;
  readonly #waiting = new WaitingList();
  readonly #rates = new Map<string, Rate>();
  readonly #owed: (() => Promise<void>)[] = [];
  /** Of an installation. */
  app: string | undefined;
  /** Of an App, those that are known. */
  readonly installations = new Set<string>();

  constructor(name: string, limits: readonly Limit[]) {
    this.name = name;
    this.windows = new Windows(limits);
  }

  /** Whether an act may begin (then its calls are reserved), or when. See `WaitingList.ask`. */
  ask(asking: Asking, now: number, notBefore: number): ReturnType<WaitingList['ask']> {
    const answer = this.#waiting.ask(asking, { windows: this.windows, now, notBefore });
    if (answer.kind === 'now') this.windows.reserve(asking.calls);
    return answer;
  }

  hear(heard: HeardRate, resetsAt: number): void {
    const before = this.#rates.get(heard.resource);
    const isSame = before !== undefined && Math.abs(before.resetsAt - resetsAt) < sameWindowMs;
    const remaining = isSame ? Math.min(before.remaining, heard.remaining) : heard.remaining;
    this.#rates.set(heard.resource, { ...heard, remaining, resetsAt });
  }

  /** What is known of the primary limits and still true. */
  rates(now: number): readonly Rate[] {
    return [...this.#rates.values()].filter(({ resetsAt }) => resetsAt > now);
  }

  /** Until when a primary limit does not have so many calls left; undefined: it does, as far as is known. */
  usedUpUntil(now: number, calls: number, resource?: string): number | undefined {
    const short = this.rates(now).filter(
      (rate) => rate.remaining < calls && (resource ?? rate.resource) === rate.resource,
    );
    return short.length === 0 ? undefined : Math.max(...short.map(({ resetsAt }) => resetsAt));
  }

  /** Something that is to be sent when the forge takes calls again. */
  owe(work: () => Promise<void>): void {
    if (this.#owed.length < mostOwed) this.#owed.push(work);
  }

  /** The forge takes calls: sends what is owed. Never rejects; what fails is not tried again. */
  async settle(): Promise<void> {
    for (const work of this.#owed.splice(0)) await work().catch(() => undefined);
  }
}
