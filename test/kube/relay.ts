import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Asked } from './asked.ts';

/** How an answer is cut into the pieces that it is passed on in. */
export type Cutting = (bytes: Buffer) => readonly Uint8Array[];

const newline = 0x0a;

/** One answer of the real server on its way to who asked. Everything done to it may come too late, and then does nothing. */
export class Relay {
  readonly asked: Asked;
  readonly #upstream: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #cut: Cutting;
  readonly #breakAfter: number;
  readonly #reset: () => void;
  readonly #gone = new AbortController();
  #frozen = Promise.withResolvers<void>();
  #isFrozen = false;
  #bytes = 0;
  #isAtLineEnd = true;
  readonly #waiting: string[] = [];

  /** @param breakAfter bytes of the body after which the connection breaks */
  constructor(parts: {
    readonly asked: Asked;
    readonly upstream: IncomingMessage;
    readonly response: ServerResponse;
    readonly cut: Cutting;
    readonly breakAfter: number;
    readonly reset: () => void;
  }) {
    this.asked = parts.asked;
    this.#upstream = parts.upstream;
    this.#response = parts.response;
    this.#cut = parts.cut;
    this.#breakAfter = parts.breakAfter;
    this.#reset = parts.reset;
  }

  /** Passes the answer on as it comes; resolves when there is no more of it, however it ended. */
  async run(): Promise<void> {
    const stop = (): void => {
      this.#gone.abort();
      this.#upstream.destroy();
      this.thaw();
    };
    this.#response.once('close', stop);
    if (this.#response.destroyed) stop();
    this.#response.writeHead(this.#upstream.statusCode ?? 502, this.#upstream.rawHeaders);
    this.#response.flushHeaders();
    try {
      for await (const bytes of this.#upstream as AsyncIterable<Buffer>) await this.#pass(bytes);
      while (this.#isFrozen) await this.#frozen.promise;
      this.#response.end();
    } catch {
      // Who asked has gone, or the server has: then who asked hears of it as it would have.
      this.#response.destroy();
    }
  }

  /** Lines that the server did not send, as soon as one that it sends is complete. */
  inject(...lines: readonly string[]): void {
    this.#waiting.push(...lines.map((line) => `${line}\n`));
    if (this.#isAtLineEnd) this.#flush();
  }

  /** Nothing flows any more, and both ends stay open. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** What was held back flows, and all after it. */
  thaw(): void {
    this.#isFrozen = false;
    this.#frozen.resolve();
    this.#frozen = Promise.withResolvers();
  }

  /** Ends as the server ends a watch whose time is over. */
  end(): void {
    this.#response.end();
    this.#upstream.destroy();
  }

  /** The connection breaks. */
  reset(): void {
    this.#reset();
  }

  async #pass(bytes: Buffer): Promise<void> {
    for (const [index, piece] of this.#cut(bytes).entries()) {
      // A reader that finds several pieces takes them as one.
      if (index > 0) await new Promise(setImmediate);
      while (this.#isFrozen) await this.#frozen.promise;
      if (this.#bytes + piece.byteLength > this.#breakAfter) {
        // What went before has to be there first.
        await new Promise((resolve) =>
          this.#response.write(piece.subarray(0, this.#breakAfter - this.#bytes), resolve),
        );
        return this.#reset();
      }
      this.#bytes += piece.byteLength;
      this.#isAtLineEnd = piece.at(-1) === newline;
      if (!this.#response.write(piece)) await once(this.#response, 'drain', { signal: this.#gone.signal });
      if (this.#isAtLineEnd) this.#flush();
    }
  }

  #flush(): void {
    for (const line of this.#waiting.splice(0)) this.#response.write(line);
  }
}
