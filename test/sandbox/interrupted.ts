/** Signals so close together are one: a terminal sends Ctrl-C to us and to npm, and npm passes it on to us again. */
const sameMs = 1_000;

/** Aborted by Ctrl-C or SIGTERM; pressed again, after a second, it ends the process at once. */
export function untilInterrupted(): { readonly signal: AbortSignal; readonly interrupted: Promise<void> } {
  const controller = new AbortController();
  const interrupted = new Promise<void>((resolve) => {
    let firstAt: number | undefined;
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        const now = performance.now();
        firstAt ??= now;
        if (now - firstAt > sameMs) process.exit(130);
        controller.abort(new DOMException(`stopped by ${name}`, 'AbortError'));
        resolve();
      });
    }
  });
  return { signal: controller.signal, interrupted };
}
