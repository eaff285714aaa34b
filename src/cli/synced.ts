import { CodedError } from '../base/error.ts';

/** Starts the caches. Rejects with NotSynced when they take longer to be filled, and with the signal's reason. */
export async function untilSynced(
  caches: { start(): Promise<void> },
  signal: AbortSignal,
  withinMs: number,
): Promise<void> {
  const { promise: given, reject } = Promise.withResolvers<never>();
  const late = setTimeout(
    () => reject(new CodedError('NotSynced', `the caches were not filled within ${withinMs} ms`)),
    withinMs,
  );
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const starting = caches.start();
  // Once it is given up, stopping the caches rejects it.
  starting.catch(() => undefined);
  try {
    signal.throwIfAborted();
    await Promise.race([starting, given]);
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', onAbort);
  }
}
