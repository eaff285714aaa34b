/** Signals so close together are one: a terminal sends Ctrl-C to us and to npm, and npm passes it on to us again. */
const sameMs = 1_000;

/** Aborted by Ctrl-C or SIGTERM; pressed again, after a second, it ends the process at once. */
export function untilInterrupted(): { readonly signal: AbortSignal; readonly interrupted: Promise<void> } {
  const controller = new AbortController();
  let endsAtOnce = false;
  const interrupted = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (endsAtOnce) process.exit(130);
        if (controller.signal.aborted) return;
        controller.abort(new DOMException(`stopped by ${name}`, 'AbortError'));
        resolve();
        // Not in the timer itself: what came while we were too busy to listen is heard between the two.
        const arm = (): void => void (endsAtOnce = true);
        setTimeout(() => setImmediate(arm), sameMs).unref();
      });
    }
  });
  return { signal: controller.signal, interrupted };
}
