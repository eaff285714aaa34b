/**
 * Aborted by the first SIGTERM or SIGINT, with its name; the same one again ends the process as it always does. Ask before anything
 * takes time: the first process of a container is not ended by a signal that nobody listens for, and would not hear of it again.
 */
export function untilAskedToStop(): AbortSignal {
  const asked = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => asked.abort(signal));
  return asked.signal;
}
