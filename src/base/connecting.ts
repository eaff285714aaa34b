import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

/**
 * Connects for undici's pools and knows what is just being connected: that is no pool's yet, so that destroying the pools would leave
 * it, and it would keep the process up until it has come about or its time is over.
 *
 * Not by a `signal` for all connections: Node leaves a listener on it for each one, and with that the closed socket in memory for ever.
 */
export class Connecting {
  readonly #begun = new Set<Socket>();
  #isEnded = false;

  /** How many connections have begun and are not there yet. */
  get size(): number {
    return this.#begun.size;
  }

  /** What a pool takes as `connect`. */
  connector(options: buildConnector.BuildOptions): buildConnector.connector {
    const connect = buildConnector(options);
    return (to, callback) => {
      const opened: unknown = connect(to, (...outcome) => {
        this.#begun.delete(socket);
        callback(...outcome);
      });
      const socket = opened as Socket; // it gives that back, though its type does not say so
      this.#begun.add(socket);
      if (this.#isEnded) socket.destroy();
    };
  }

  /** Gives up what is being connected, and whatever begins from now on. Destroy the pools first: they would begin anew. */
  end(): void {
    this.#isEnded = true;
    for (const socket of this.#begun) socket.destroy();
    this.#begun.clear();
  }
}
