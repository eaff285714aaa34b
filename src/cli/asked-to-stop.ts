/** What a shell says of a process that a signal ended, beside 128. */
const numbers = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Aborted by the first SIGTERM or SIGINT, with its name; a second one of either ends the process at once. Ask before anything takes time: the
 * first process of a container is not ended by a signal that nobody listens for, and would not hear of it again.
 */
export function untilAskedToStop(): AbortSignal {
  const asked = new AbortController();
  const names = ['SIGTERM', 'SIGINT'] as const;
  const listen = (name: (typeof names)[number]): void => {
    if (!asked.signal.aborted) return asked.abort(name);
    for (const each of names) process.removeListener(each, listen);
    process.kill(process.pid, name);
    // Still here: to the first process of a container nothing happens by a signal.
    process.exit(128 + numbers[name]);
  };
  for (const name of names) process.on(name, listen);
  return asked.signal;
}
