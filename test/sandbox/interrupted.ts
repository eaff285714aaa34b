/** Aborted by Ctrl-C or SIGTERM; a second one ends the process at once. */
export function untilInterrupted(): { readonly signal: AbortSignal; readonly interrupted: Promise<void> } {
  const controller = new AbortController();
  const interrupted = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.once(name, () => {
        controller.abort(new DOMException(`stopped by ${name}`, 'AbortError'));
        resolve();
        process.once(name, () => process.exit(130));
      });
    }
  });
  return { signal: controller.signal, interrupted };
}
