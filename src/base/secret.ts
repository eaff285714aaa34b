import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { learnSecret } from './redaction.ts';

const redacted = '[redacted]';

/**
 * A value that must not be seen. It prints as `[redacted]` in templates, JSON, logs and inspectors; only `expose`, `exposeBytes` and
 * `peek` give it out, so that every place where a secret leaves us is found by searching for these words. From its making on it is
 * also taken out of every text that leaves the process (see `redact`), unless it has less than twelve characters or is made of words.
 */
export class Secret {
  /** Memory of its own: small buffers share a pool, parts of which are handed out again as they are. */
  readonly #value: Buffer;
  #learnedIn: number | undefined;

  /**
   * @param known `stored` is one value of many, of which it is not known yet whether it is secret: in a Kubernetes Secret names and
   * addresses stand beside keys, and those may be shown. It is secret from the first `expose` on
   */
  constructor(value: string | Uint8Array, known: 'secret' | 'stored' = 'secret') {
    this.#value = copyOf(value);
    if (known === 'secret') this.#learn();
  }

  /** The value itself, for the one call that needs it. Do not keep what this returns. */
  expose(): string {
    this.#learn();
    return this.#value.toString('utf8');
  }

  /** The same for what has to keep it: bytes are not copied about in memory, as texts are. */
  exposeBytes(): Buffer {
    this.#learn();
    return copyOf(this.#value);
  }

  /**
   * The value of what is no secret by itself: an id that stands beside one, or a file with secrets in it, of which whoever reads it
   * makes a Secret each.
   */
  peek(): string {
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

  #learn(): void {
    this.#learnedIn = learnSecret(this.#value, this.#learnedIn);
  }
}

function copyOf(value: string | Uint8Array): Buffer {
  const copy = Buffer.alloc(typeof value === 'string' ? Buffer.byteLength(value) : value.length);
  if (typeof value === 'string') copy.write(value);
  else copy.set(value);
  return copy;
}
