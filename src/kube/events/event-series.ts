import { toMicroTime } from '../../base/time.ts';
import { keyOf, type EventBody } from './event-body.ts';

/** How long an Event may be quiet and still be the one that happens again; client-go's bound too. */
const quietMs = 6 * 60_000;
const firstWaitMs = 10_000;
/** Below the quiet time, so that a series is written to its end before it is over. */
const maxWaitMs = 5 * 60_000;
const maxSeries = 4_096;

/** An Event that was sent, and how often it has happened. */
export interface Series {
  readonly body: EventBody;
  /** The first time included. */
  count: number;
  lastAt: Date;
  /** When it last happened, by `performance.now()`, as is `dueMs`. */
  lastMs: number;
  /** Its repetitions are not written before. */
  dueMs: number;
  waitMs: number;
  /** Resolves to whether the server has it; set by who sends it. */
  created: Promise<boolean>;
}

/**
 * The Events of late, by what they say of which object: one that happens again within six minutes belongs to the first. At most
 * 4,096; the one that has been quiet for longest is forgotten, with what was not written of it.
 */
export class RecentEvents {
  /** Who happened last stands last. */
  readonly #byKey = new Map<string, Series>();
  readonly #unwritten = new Set<Series>();

  /** Whether something was counted that no `takeDue` has given out. */
  get hasUnwritten(): boolean {
    return this.#unwritten.size > 0;
  }

  /** Counts a repetition of what happened within six minutes. False for news. */
  repeats(body: EventBody): boolean {
    const key = keyOf(body);
    const series = this.#byKey.get(key);
    const now = performance.now();
    if (series === undefined || now - series.lastMs > quietMs) return false;
    series.count += 1;
    series.lastAt = new Date();
    series.lastMs = now;
    this.#unwritten.add(series);
    this.#byKey.delete(key);
    this.#byKey.set(key, series);
    return true;
  }

  /** Remembers news that is being sent, in place of what was the same and is long over. */
  add(body: EventBody): Series {
    this.#forget(keyOf(body));
    const lastMs = performance.now();
    const times = { lastAt: new Date(), lastMs, dueMs: lastMs + firstWaitMs, waitMs: firstWaitMs };
    const series = { body, count: 1, ...times, created: Promise.resolve(false) };
    this.#byKey.set(keyOf(body), series);
    const [oldest] = this.#byKey.keys();
    if (oldest !== undefined && this.#byKey.size > maxSeries) this.#forget(oldest);
    return series;
  }

  /**
   * Those with repetitions to write, of which each is due ten seconds after it was written first, then twice as long and so on up
   * to five minutes; those that `affords` refuses stay.
   * @param isLast all of them, due or not
   */
  takeDue(affords: (series: Series) => boolean, isLast: boolean): readonly Series[] {
    const now = performance.now();
    const due = [...this.#unwritten].filter((each) => (isLast || each.dueMs <= now) && affords(each));
    for (const series of due) {
      this.#unwritten.delete(series);
      series.waitMs = Math.min(series.waitMs * 2, maxWaitMs);
      series.dueMs = now + series.waitMs;
    }
    return due;
  }

  /** For what the server does not have: the next time it is news. */
  forget(series: Series): void {
    const key = keyOf(series.body);
    if (this.#byKey.get(key) === series) this.#forget(key);
  }

  #forget(key: string): void {
    const series = this.#byKey.get(key);
    this.#byKey.delete(key);
    if (series !== undefined) this.#unwritten.delete(series);
  }
}

/** What an Event holds once it has happened twice. */
export interface SeriesBody {
  readonly count: number;
  readonly lastObservedTime: string;
}

export function seriesBody({ count, lastAt }: Series): SeriesBody {
  return { count, lastObservedTime: toMicroTime(lastAt) };
}
