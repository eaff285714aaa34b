import { CodedError } from '../../base/error.ts';
import { toMicroTime } from '../../base/time.ts';
import {
  defaultTimings,
  requestMs,
  systemElectionClock,
  type ElectionClock,
  type ElectionTimings,
} from './election.ts';
import { isKubeError, KubeError } from '../errors.ts';
import { HeldLease, isOutrun, type HeldLeaseOptions, type Leadership } from './leadership.ts';
import { LeaseObservation } from './lease-observation.ts';
import { SharedLease, type Lease } from './lease.ts';
import type { Transport } from '../transport/transport.ts';

export interface LeaderElectorOptions {
  readonly transport: Pick<Transport, 'call' | 'watch'>;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Unique to this process: with the same one as before, a restart would take the old process's Lease for its own. */
  readonly identity: string;
  /** Told of each failure that is worked around. */
  readonly onTrouble: (error: unknown) => void;
  readonly timings?: ElectionTimings;
  readonly clock?: ElectionClock;
}

/** Several standbys that wake at the end of the same Lease do not all write at once. */
const longestJitterMs = 500;
/** A holder renews each `retryMs`. A watch that brings nothing for so many of them is looked after: it may be dead, not the holder. */
const silentRetries = 3;

/**
 * Chooses one of several processes by a Lease, by the rules of client-go's leader election; a standby also watches the Lease, so that
 * it acts as soon as that ends and not at some retry after.
 */
export class LeaderElector {
  readonly #options: HeldLeaseOptions;

  /** Throws ElectionTimingsInvalid where a holder could act after another one took its Lease. */
  constructor({
    transport,
    lease,
    identity,
    onTrouble,
    timings = defaultTimings,
    clock = systemElectionClock,
  }: LeaderElectorOptions) {
    const { leaseMs, renewWithinMs, retryMs } = timings;
    // client-go's own two conditions; 1.2 is how much its retries are jittered.
    if (leaseMs <= renewWithinMs || renewWithinMs <= retryMs * 1.2)
      throw new CodedError(
        'ElectionTimingsInvalid',
        `a Lease must last longer (${leaseMs} ms) than its holder may try to renew it (${renewWithinMs} ms), and that longer than 1.2 times a retry (${retryMs} ms)`,
      );
    this.#options = { shared: new SharedLease(transport, lease), identity, timings, clock, onTrouble };
  }

  /**
   * Stands by until we hold the Lease, through whatever failures. Rejects with the signal's reason once that is aborted and nothing is
   * left behind; what was just being taken is given back first.
   */
  async acquire(signal: AbortSignal): Promise<Leadership> {
    const { shared, identity, timings, clock, onTrouble } = this.#options;
    const seen = new LeaseObservation(identity, timings.leaseMs, clock);
    /** Whether an outrun write is looked after without a pause. */
    let isAtOnce = true;
    for (;;) {
      signal.throwIfAborted();
      try {
        const lease = await shared.read({ signal, timeoutMs: requestMs(timings) });
        seen.see(lease);
        if (seen.isOver) return await this.#take(lease, signal);
        await this.#follow(lease, seen, signal);
        isAtOnce = true;
      } catch (thrown) {
        signal.throwIfAborted();
        // It may be ours by a write whose answer was lost, and which then was in its own way when it was repeated.
        if (isOutrun(thrown) && isAtOnce) {
          isAtOnce = false;
          continue;
        }
        isAtOnce = true;
        if (!isOutrun(thrown) && !isKubeError(thrown, 'Gone')) onTrouble(thrown);
        const remainingMs = seen.endsAt - clock.elapsed();
        const waitMs = timings.retryMs * (1 + 1.2 * Math.random());
        await clock.sleep(remainingMs > 0 ? Math.min(waitMs, remainingMs) : waitMs, signal);
      }
    }
  }

  async #take(lease: Lease | undefined, signal: AbortSignal): Promise<Leadership> {
    const { shared, identity, timings, clock } = this.#options;
    const since = clock.elapsed();
    const now = toMicroTime(clock.wall());
    const before = lease?.record;
    const isOurs = before?.holder === identity;
    const record = {
      holder: identity,
      durationMs: timings.leaseMs,
      acquireTime: isOurs ? before.acquireTime : now,
      renewTime: now,
      transitions: before === undefined ? 0 : before.transitions + (isOurs ? 0 : 1),
    };
    // Not ended by the signal: whether it was written would not be known, and if so nobody would lead until its end.
    const sending = { signal: new AbortController().signal, timeoutMs: requestMs(timings) };
    const taken =
      lease === undefined
        ? await shared.create(record, sending)
        : await shared.update(lease, record, sending);
    const leadership = new HeldLease(this.#options, taken, since);
    if (signal.aborted) await leadership.release();
    signal.throwIfAborted();
    return leadership;
  }

  /** Watches until the Lease may have changed hands or ended: then it is to be read again. */
  async #follow(from: Lease | undefined, seen: LeaseObservation, signal: AbortSignal): Promise<void> {
    const { shared, timings, clock } = this.#options;
    const jitterMs = Math.random() * Math.min(longestJitterMs, timings.retryMs / 4);
    const waking = new AbortController();
    let alarm = new AbortController();
    const setAlarm = (): void => {
      alarm.abort();
      alarm = new AbortController();
      const endsInMs = seen.endsAt + jitterMs - clock.elapsed();
      const waitMs = Math.min(endsInMs, silentRetries * timings.retryMs);
      void clock.sleep(waitMs, alarm.signal).then(
        () => waking.abort(),
        () => undefined,
      );
    };
    const onAbort = (): void => waking.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    setAlarm();
    const began = clock.elapsed();
    try {
      for await (const lease of shared.watch(from, waking.signal)) {
        seen.see(lease);
        if (lease === undefined || seen.isOver) return;
        setAlarm();
      }
      if (!waking.signal.aborted && clock.elapsed() - began < timings.retryMs)
        throw new KubeError('Unavailable', `watch of ${shared.title}: ended as soon as it began`);
    } catch (thrown) {
      if (!waking.signal.aborted) throw thrown;
    } finally {
      signal.removeEventListener('abort', onAbort);
      alarm.abort();
      waking.abort();
    }
  }
}
