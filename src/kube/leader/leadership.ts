import { CodedError } from '../../base/error.ts';
import { sentence } from '../../base/sentence.ts';
import { toMicroTime } from '../../base/time.ts';
import { requestMs, type ElectionClock, type ElectionTimings } from './election.ts';
import { isKubeError } from '../errors.ts';
import type { Lease, LeaseRecord, Sending, SharedLease } from './lease.ts';

/** What it is to be the one that acts. Lost once is lost for ever: then the process has to end. */
export interface Leadership {
  /**
   * Throws LeadershipLost from the renew deadline on, which counts from before the last renewal was sent; also where the process was
   * stopped meanwhile and no timer has gone off yet. Ask right before each effect.
   */
  assertHeld(): void;
  /** Whether it would pass. */
  readonly isHeld: boolean;
  /** Aborted with LeadershipLost at that deadline, or as soon as somebody else is seen to hold it. Giving it back is not losing it. */
  readonly lost: AbortSignal;
  /**
   * Stops renewing and gives it back, so that another one may act at once: end what acts before. Best effort within two seconds, never
   * rejects; leaves nothing behind. Repeating does nothing more. What is lost is not given back.
   */
  release(): Promise<void>;
}

export interface HeldLeaseOptions {
  readonly shared: SharedLease;
  readonly identity: string;
  readonly timings: ElectionTimings;
  readonly clock: ElectionClock;
  /** Told of each failure that is worked around. */
  readonly onTrouble: (error: unknown) => void;
}

const releaseWithinMs = 2_000;

/** A Lease that is ours: renews it until it is given back or lost. */
export class HeldLease implements Leadership {
  readonly #options: HeldLeaseOptions;
  readonly #lost = new AbortController();
  readonly #stopping = new AbortController();
  readonly #work: Promise<unknown>;
  /** As we wrote it last; undefined: it is gone and has to be made anew. */
  #lease: Lease | undefined;
  #record: LeaseRecord;
  #deadline: number;
  #ended: CodedError<'LeadershipLost'> | undefined;
  #releasing: Promise<void> | undefined;

  /** @param since when the request that took it was about to be sent, on the elapsed clock */
  constructor(options: HeldLeaseOptions, lease: Lease, since: number) {
    this.#options = options;
    this.#lease = lease;
    this.#record = lease.record;
    this.#deadline = since + options.timings.renewWithinMs;
    this.#work = Promise.all([this.#renewing(since), this.#guarding()]);
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  assertHeld(): void {
    const ended = this.#endedBy();
    if (ended !== undefined) throw ended;
  }

  get isHeld(): boolean {
    return this.#endedBy() === undefined;
  }

  async release(): Promise<void> {
    this.#releasing ??= this.#release();
    await this.#releasing;
  }

  /** Why it is not held any more, noticing that its time is over; undefined while it is. */
  #endedBy(): CodedError | undefined {
    const { clock, shared, timings } = this.#options;
    if (this.#ended === undefined && clock.elapsed() >= this.#deadline)
      this.#lose(`${shared.title} could not be renewed within ${timings.renewWithinMs / 1000} s`);
    return this.#ended;
  }

  #lose(why: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = new CodedError('LeadershipLost', `${why}: another replica may lead now`);
    this.#lost.abort(this.#ended);
    this.#stopping.abort();
  }

  /** Loses it when its time is over, whether anybody asks or not. */
  async #guarding(): Promise<void> {
    const { clock } = this.#options;
    while (this.#endedBy() === undefined) {
      await clock.sleep(this.#deadline - clock.elapsed(), this.#stopping.signal).catch(() => undefined);
    }
  }

  async #renewing(since: number): Promise<void> {
    const { clock, timings, onTrouble } = this.#options;
    let began = since;
    for (;;) {
      // From the begin of one to the begin of the next: after one that hung there is no time to lose.
      const waitMs = Math.max(0, began + timings.retryMs - clock.elapsed());
      await clock.sleep(waitMs, this.#stopping.signal).catch(() => undefined);
      if (this.#endedBy() !== undefined) return;
      began = clock.elapsed();
      try {
        await this.#renew();
      } catch (thrown) {
        if (this.#endedBy() !== undefined) return;
        onTrouble(thrown);
      }
    }
  }

  async #renew(): Promise<void> {
    const { clock } = this.#options;
    for (const isSecond of [false, true]) {
      const sentAt = clock.elapsed();
      try {
        const renewed = { ...this.#record, renewTime: toMicroTime(clock.wall()) };
        const lease = await this.#write(renewed, this.#sending(sentAt));
        // An answer that comes too late changes nothing.
        if (this.#endedBy() !== undefined) return;
        this.#lease = lease;
        this.#deadline = sentAt + this.#options.timings.renewWithinMs;
        return;
      } catch (thrown) {
        if (isSecond || !isOutrun(thrown)) throw thrown;
        await this.#lookAgain();
      }
    }
  }

  async #write(record: LeaseRecord, sending: Sending): Promise<Lease> {
    const { shared } = this.#options;
    return this.#lease === undefined
      ? await shared.create(record, sending)
      : await shared.update(this.#lease, record, sending);
  }

  /** Somebody wrote: another holder, who did not change that, or a request of ours whose answer never came. */
  async #lookAgain(): Promise<void> {
    const { clock, shared, identity } = this.#options;
    const lease = await shared.read(this.#sending(clock.elapsed()));
    const holder = lease?.record.holder;
    if (holder === undefined || holder === identity) this.#lease = lease;
    else if (holder === '') this.#lose(`${shared.title} was taken from us`);
    else this.#lose(`${shared.title} is held by ${sentence(holder)}`);
  }

  #sending(now: number): Sending {
    const timeoutMs = Math.min(requestMs(this.#options.timings), this.#deadline - now);
    return { signal: this.#stopping.signal, timeoutMs: Math.max(1, Math.floor(timeoutMs)) };
  }

  async #release(): Promise<void> {
    const { clock, shared, identity, onTrouble } = this.#options;
    const isLost = this.#endedBy() !== undefined;
    // Before the request: from then on another one may act.
    this.#ended ??= new CodedError('LeadershipLost', `${shared.title} was given back: we are stopping`);
    this.#stopping.abort();
    await this.#work;
    if (isLost) return;
    const until = clock.elapsed() + releaseWithinMs;
    const { signal } = new AbortController();
    const sending = (): Sending => ({ signal, timeoutMs: Math.max(1, Math.floor(until - clock.elapsed())) });
    const now = toMicroTime(clock.wall());
    const free = { ...this.#record, holder: '', durationMs: 1_000, acquireTime: now, renewTime: now };
    for (const isSecond of [false, true]) {
      try {
        // One that was gone may be there anew, by a request of ours whose answer never came.
        this.#lease ??= await shared.read(sending());
        if (this.#lease?.record.holder === identity) await shared.update(this.#lease, free, sending());
        return;
      } catch (thrown) {
        if (isSecond || !isOutrun(thrown)) return onTrouble(thrown);
        this.#lease = undefined;
      }
    }
  }
}

/** What was written upon is not what stands there now. */
export function isOutrun(thrown: unknown): boolean {
  return (
    isKubeError(thrown, 'Conflict') || isKubeError(thrown, 'NotFound') || isKubeError(thrown, 'AlreadyExists')
  );
}
