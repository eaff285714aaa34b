import type { LookupFunction, Socket } from 'node:net';
import { buildConnector } from 'undici';
import { judgedLookup, refusalOfLiteral, type Judge } from './judged-lookup.ts';

/** Which addresses may be connected to. Without it: all. */
export interface AddressPolicy {
  readonly judge: Judge;
  /** Instead of the system's resolver. */
  readonly resolve?: LookupFunction | undefined;
}

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

  /**
   * What a pool takes as `connect`. With a policy each new connection is judged by the address that it goes to, once that is known and
   * before a packet is sent there; one that is refused fails with the judge's error. Sockets that a pool holds are not judged again.
   */
  connector(options: buildConnector.BuildOptions, policy?: AddressPolicy): buildConnector.connector {
    const connect = buildConnector(
      policy === undefined ? options : { ...options, lookup: judgedLookup(policy.judge, policy.resolve) },
    );
    return (to, callback) => {
      const refusal = policy === undefined ? undefined : refusalOfLiteral(policy.judge, to.hostname);
      // Not before it has been called to its end: the pool does not expect to hear of it sooner.
      if (refusal !== undefined) return queueMicrotask(() => callback(refusal, null));
      const opened: unknown = connect(to, (...outcome) => {
        this.#begun.delete(socket);
        callback(...outcome);
      });
      const socket = opened as Socket; // it gives that back, though its type does not say so
      if (this.#isEnded) socket.destroy();
      else this.#begun.add(socket);
    };
  }

  /** Gives up what is being connected, and whatever begins from now on. Destroy the pools first: they would begin anew. */
  end(): void {
    this.#isEnded = true;
    for (const socket of this.#begun) socket.destroy();
    this.#begun.clear();
  }
}
