import { isForgeError } from '../../forges/errors.ts';
import type { Opened } from './opened.ts';

/** Who opens it, and what may come of that later. */
export interface SessionParts {
  readonly opened: Opened;
  /** Reads the Secret again; undefined when it holds the same. */
  readonly renew: (before: Opened) => Promise<Opened | undefined>;
  /** Whether somebody has seen another key or token in the Secret. */
  readonly isReplaced: (opened: Opened) => boolean;
}

/**
 * A repository opened for one pass. When the forge does not know the key or token any more the Secret is read once again, and if it holds
 * another one the work is repeated with that: what was answered 401 has not happened.
 */
export class Session {
  readonly #parts: SessionParts;
  #opened: Opened;
  #renewing: Promise<Opened | undefined> | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#opened = parts.opened;
  }

  get account(): string {
    return this.#opened.account;
  }

  get login(): string {
    return this.#opened.login;
  }

  async run<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    if (this.#parts.isReplaced(this.#opened)) await this.#renewed();
    const opened = this.#opened;
    try {
      return await work(opened);
    } catch (thrown) {
      if (!isForgeError(thrown) || thrown.code !== 'Unauthorized') throw thrown;
      await this.#renewed();
      if (opened === this.#opened) throw thrown;
      return await work(this.#opened);
    }
  }

  /** Once a pass. Where the Secret is gone or cannot be used, the pass ends on what it has. */
  async #renewed(): Promise<void> {
    this.#renewing ??= this.#parts.renew(this.#opened).catch(() => undefined);
    this.#opened = (await this.#renewing) ?? this.#opened;
  }
}
