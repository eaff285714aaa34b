import { Pool } from 'undici';
import { Connecting } from '../../base/connecting.ts';
import type { TlsMaterial } from './connection.ts';

/** Connections to one API server, made with one TLS material. */
export interface Pools {
  /** At most 16 connections; what finds none free waits in it. */
  readonly calls: Pool;
  /** As many connections as there are watches, so what may not wait for one finds one here too. */
  readonly watches: Pool;
}

/**
 * The pools of one API server, made anew when the content of its TLS material is another one. The old ones take nothing new, finish what
 * runs on them, watches too, and are closed by that: there are never more of them than things that run.
 */
export class RenewedPools {
  readonly #server: string;
  readonly #watchHeadMs: number;
  readonly #retired = new Set<Pools>();
  readonly #connecting = new Connecting();
  #tls: TlsMaterial;
  #current: Pools;
  #isClosed = false;

  /** @param watchHeadMs how long a watch may be without the head of its answer */
  constructor(server: string, tls: TlsMaterial, watchHeadMs = 30_000) {
    this.#server = server;
    this.#watchHeadMs = watchHeadMs;
    this.#tls = tls;
    this.#current = this.#open(tls);
  }

  /** How many old pools still have something running on them. */
  get retired(): number {
    return this.#retired.size;
  }

  /** The pools for this material: the same ones as long as its content is the same. Use them at once, they may be retired by the next question. */
  for(tls: TlsMaterial): Pools {
    if (tls === this.#tls || this.#isClosed) return this.#current;
    if (!isSame(tls, this.#tls)) {
      const next = this.#open(tls);
      this.#retire(this.#current);
      this.#current = next;
    }
    this.#tls = tls;
    return this.#current;
  }

  /** Ends whatever runs, on old pools too. Doing it twice is doing it once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [this.#current, ...this.#retired].flatMap(({ calls, watches }) => [calls, watches]);
    this.#retired.clear();
    await Promise.all(all.map((pool) => pool.destroy()));
    this.#connecting.end();
  }

  #retire(old: Pools): void {
    this.#retired.add(old);
    const forget = (): void => void this.#retired.delete(old);
    Promise.all([old.calls.close(), old.watches.close()]).then(forget, forget);
  }

  // Pools and no Agents: an Agent that is closing has forgotten its pools, and destroying it would leave running watches open.
  #open({ ca, clientCertificate, serverName }: TlsMaterial): Pools {
    const connect = this.#connecting.connector({
      ca,
      allowH2: false,
      timeout: 10_000,
      ...(clientCertificate === undefined
        ? {}
        : { cert: clientCertificate.cert, key: clientCertificate.key.exposeBytes() }),
      ...(serverName === undefined ? {} : { servername: serverName }),
    });
    const watching = { bodyTimeout: 0, headersTimeout: this.#watchHeadMs };
    return {
      calls: new Pool(this.#server, { connect, allowH2: false, connections: 16 }),
      // A watch that is silent is not broken: its reader has a limit of its own.
      watches: new Pool(this.#server, { connect, allowH2: false, ...watching }),
    };
  }
}

function isSame(one: TlsMaterial, other: TlsMaterial): boolean {
  return (
    one.ca === other.ca &&
    one.serverName === other.serverName &&
    one.clientCertificate?.cert === other.clientCertificate?.cert &&
    isSameKey(one.clientCertificate, other.clientCertificate)
  );
}

function isSameKey(one: TlsMaterial['clientCertificate'], other: TlsMaterial['clientCertificate']): boolean {
  return one?.key === other?.key || one?.key.fingerprint() === other?.key.fingerprint();
}
