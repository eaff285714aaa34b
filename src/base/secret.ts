import { createHash } from 'node:crypto';
import { inspect } from 'node:util';

const redacted = '[redacted]';

/**
 * A value that must not be seen. It prints as `[redacted]` in templates, JSON, logs and inspectors; only `expose` gives it out,
 * so that every place where a secret leaves us is found by searching for one word.
 */
export class Secret {
  readonly #value: Buffer;

  constructor(value: string | Uint8Array) {
    this.#value = Buffer.from(value);
  }

  /** The value itself, for the one call that needs it. Do not keep what this returns. */
  expose(): string {
    return this.#value.toString('utf8');
  }

  /** SHA-256 in hex: tells two secrets apart (cache keys) without holding either. */
  fingerprint(): string {
    return createHash('sha256').update(this.#value).digest('hex');
  }

  get isEmpty(): boolean {
    return this.#value.length === 0;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}
