import { isForgeError } from '../../forges/errors.ts';

/** Work that several ask for at once is done once for all of them. */
export class SharedWork<T> {
  readonly #running = new Map<string, Promise<T>>();

  /** What the forge refuses is refused to all who asked. */
  async run(key: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      const running = this.#running.get(key);
      if (running === undefined) break;
      try {
        return await running;
      } catch (thrown) {
        // Anything else is about who started it, who may have been told to stop: we were not, and do it ourselves.
        if (isForgeError(thrown)) throw thrown;
      }
    }
    const fresh = work();
    this.#running.set(key, fresh);
    try {
      return await fresh;
    } finally {
      this.#running.delete(key);
    }
  }

  /** Resolves when what runs now has ended, however it ends. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }
}
