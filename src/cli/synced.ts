import { readiness, type ReflectorFacts } from '../telemetry/health.ts';
import type { Logger } from '../telemetry/log.ts';

interface Filling {
  readonly caches: { start(): Promise<void>; facts(): readonly ReflectorFacts[] };
  readonly signal: AbortSignal;
  /** Told once a minute which caches are not filled, why, and what to do. */
  readonly onMissing: (missing: readonly string[]) => void;
}

/** A start that goes well is over by then. */
const firstToldMs = 10_000;
const toldEveryMs = 60_000;

/**
 * Starts the caches, and waits for as long as it takes to fill them: an API server that is away comes back, a definition is applied, and
 * a restart would bring neither sooner. Rejects with the signal's reason.
 */
export async function untilSynced({ caches, signal, onMissing }: Filling): Promise<void> {
  const tell = (): void => {
    const { checks } = readiness({ reflectors: caches.facts() });
    onMissing(checks.flatMap(({ name, ok, message }) => (ok ? [] : [`${name}: ${message}`])));
    timer = setTimeout(tell, toldEveryMs);
  };
  let timer = setTimeout(tell, firstToldMs);
  const { promise: given, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const starting = caches.start();
  // Once it is given up, stopping the caches rejects it.
  starting.catch(() => undefined);
  try {
    signal.throwIfAborted();
    await Promise.race([starting, given]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** What to tell `untilSynced`: it goes into the log. */
export function logMissing(log: Logger): Filling['onMissing'] {
  return (missing) => log.warn({ missing }, 'the caches are not filled yet');
}
