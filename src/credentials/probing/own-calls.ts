import { addMs, type Clock } from '../../base/time.ts';
import { checkedTimeEveryMs } from '../health/status.ts';

/** By so much a forge's clock may be behind ours. */
const slackMs = 60_000;

/** So late a forge may write a use down, or by so much its clock may be ahead of ours. */
const lateMs = 5 * 60_000;

/** More pauses than these are not told apart: with a check every ten minutes they are those of eight hours. */
const maxSpans = 48;

/** From when to when a token was used by us, with no pause in which a use by others could be told from ours. */
interface Span {
  readonly from: Date;
  readonly to: Date;
}

/** When we used stored tokens ourselves, by the identity of their material: to a forge that counts uses, each call is one. */
export class OwnCalls {
  readonly #spans = new Map<string, readonly Span[]>();
  readonly #clock: Clock;
  #startedAt: Date | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A call with the token begins. */
  note(identity: string): void {
    const now = this.#clock.now();
    this.#startedAt ??= now;
    this.#add(identity, { from: now, to: now });
  }

  /**
   * Who called before this process is known from a status alone: its time moves hourly at least while somebody asks.
   * @param checkedTime what status says, from whichever process it is
   */
  resume(identity: string, checkedTime: Date): void {
    this.#startedAt ??= this.#clock.now();
    // It has whole seconds.
    if (addMs(checkedTime, 1_000) > this.#startedAt) return;
    this.#add(identity, { from: checkedTime, to: addMs(checkedTime, checkedTimeEveryMs) });
  }

  /** Whether a use that the forge saw then may have been one of ours. */
  isOurs(identity: string, time: Date): boolean {
    const spans = this.#spans.get(identity) ?? [];
    return spans.some(({ from, to }) => addMs(from, -slackMs) <= time && time <= addMs(to, lateMs));
  }

  forget(identity: string): void {
    this.#spans.delete(identity);
  }

  #add(identity: string, added: Span): void {
    const spans = [...(this.#spans.get(identity) ?? []), added].toSorted(
      (one, other) => one.from.getTime() - other.from.getTime(),
    );
    const joined: Span[] = [];
    for (const span of spans) {
      const before = joined.at(-1);
      if (before === undefined || span.from > addMs(before.to, slackMs + lateMs)) joined.push(span);
      else joined[joined.length - 1] = together(before, span);
    }
    const [oldest, next, ...others] = joined;
    const isTooMany = joined.length > maxSpans && oldest !== undefined && next !== undefined;
    this.#spans.set(identity, isTooMany ? [together(oldest, next), ...others] : joined);
  }
}

function together(one: Span, other: Span): Span {
  return { from: one.from, to: one.to > other.to ? one.to : other.to };
}
