import { expect } from '@jest/globals';
import type { Leadership } from '../../../src/kube/leader/leadership.ts';
import { elector, SimulatedProcess, SimulatedTime } from './electing.ts';
import { SimulatedLease } from './simulated-lease.ts';

export interface Standby {
  readonly process: SimulatedProcess;
  readonly told: readonly unknown[];
  readonly stop: AbortController;
  readonly ended: Promise<unknown>;
  /** On the time of the test. */
  actsAt: number | undefined;
  leadership: Leadership | undefined;
}

export function holds({ leadership }: Standby): boolean {
  leadership?.assertHeld();
  return leadership !== undefined;
}

/** As a process left it that runs no more. */
export const heldByOld = {
  holderIdentity: 'old',
  leaseDurationSeconds: 15,
  acquireTime: '2026-11-25T07:00:00.000000Z',
  renewTime: '2026-11-25T07:59:58.000000Z',
  leaseTransitions: 3,
};

export interface Waiting {
  readonly time: SimulatedTime;
  readonly server: SimulatedLease;
  /** Begins to stand by. @param before what its process is made to meet */
  readonly standby: (
    identity: string,
    options?: { readonly skewMs?: number; readonly before?: (process: SimulatedProcess) => void },
  ) => Standby;
  /** Ends what stands by or leads, and sees that nothing is left. */
  readonly end: (...standing: readonly Standby[]) => Promise<void>;
}

/** A time and a Lease for one test, with processes that wait for it. */
export function waiting(): Waiting {
  const time = new SimulatedTime();
  const server = new SimulatedLease();
  return {
    time,
    server,
    standby: (identity, { skewMs = 0, before } = {}) => {
      const process = new SimulatedProcess(time, server, { skewMs });
      before?.(process);
      const { elector: made, told } = elector(process, identity);
      const stop = new AbortController();
      const ended = made.acquire(stop.signal).then(
        (leadership) => {
          standing.actsAt = time.now;
          standing.leadership = leadership;
          return leadership;
        },
        (thrown: unknown) => thrown,
      );
      const standing: Standby = { process, told, stop, ended, actsAt: undefined, leadership: undefined };
      return standing;
    },
    end: async (...standing) => {
      for (const { stop, leadership } of standing) {
        stop.abort();
        void leadership?.release();
      }
      await time.pass(10_000);
      expect({ timers: time.pending, watchers: server.watchers }).toEqual({ timers: 0, watchers: 0 });
    },
  };
}
