/**
 * What `work` gives, or the signal's reason as soon as that is aborted. For work that heeds its signal late: undici does so only once it
 * has a connection, and one that does not come about would hold us up for as long as connecting may take.
 */
export async function heeding<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
