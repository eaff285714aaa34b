/** Where the time comes from; tests bring their own. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/** RFC 3339 in UTC with whole seconds, as Kubernetes writes `metav1.Time`. */
export function toTimestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 in UTC with microseconds, as Kubernetes writes `metav1.MicroTime`, which takes no fewer digits. */
export function toMicroTime(date: Date): string {
  return `${date.toISOString().slice(0, 23)}000Z`;
}

export function addMs(date: Date, ms: number): Date {
  return new Date(date.getTime() + ms);
}

/** The first of some instants; undefined of none. */
export function earliest(instants: readonly Date[]): Date | undefined {
  return instants.reduce<Date | undefined>(
    (first, each) => (first === undefined || each < first ? each : first),
    undefined,
  );
}

/** `ms` changed at random by at most `share` of itself (0 to 1) either way, so that many waiters do not wake as one. */
export function jittered(ms: number, share = 0.1, random: () => number = Math.random): number {
  return ms * (1 + share * (2 * random() - 1));
}

/** Resolves after `ms`; rejects with the signal's reason when it is aborted first. Leaves no timer and no listener behind. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
