import type { Call } from './forge.ts';

/**
 * Runs `work` with a signal that ends when the call's does or after `ms`, and rejects then with the call's own reason, or with what
 * `late` makes. Leaves no timer and no listener behind.
 */
export async function withDeadline<T>(
  { signal }: Call,
  { ms, late }: { readonly ms: number; readonly late: () => unknown },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const ours = new AbortController();
  const timer = setTimeout(() => ours.abort(), ms);
  const onAbort = (): void => ours.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await work(ours.signal);
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    throw ours.signal.aborted ? late() : thrown;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
