import { sleep } from '../../base/time.ts';

/** How long what takes in an election, in milliseconds. As client-go has it: 15 s, 10 s, 2 s. */
export interface ElectionTimings {
  /** A Lease that was not renewed for so long is anybody's. */
  readonly leaseMs: number;
  /** Who could not renew for so long has lost it. Shorter than `leaseMs`: what lies between is what clocks may run apart. */
  readonly renewWithinMs: number;
  /** From one renewal, or one look at the Lease, to the next. */
  readonly retryMs: number;
}

export const defaultTimings: ElectionTimings = { leaseMs: 15_000, renewWithinMs: 10_000, retryMs: 2_000 };

/** Where the time of an election comes from; tests bring their own. */
export interface ElectionClock {
  /** Stands in the Lease for people to read; nothing is decided by it. */
  wall(): Date;
  /**
   * Milliseconds that only grow, also while this process is stopped; all is decided by these. They stand still while a whole machine
   * is suspended, which nobody on it can see.
   */
  elapsed(): number;
  /** Resolves after `ms`; rejects when the signal is aborted first, and leaves nothing behind. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemElectionClock: ElectionClock = {
  wall: () => new Date(),
  elapsed: () => performance.now(),
  sleep,
};

/** What one request of the holder may take: several fit in before what it holds is lost, so that one that hangs is not the last. */
export function requestMs({ renewWithinMs }: ElectionTimings): number {
  return renewWithinMs * 0.3;
}
