import { LRUCache } from 'lru-cache';
import { addMs, type Clock } from '../base/time.ts';
import { isForgeError } from '../forges/errors.ts';
import type { MintedToken } from '../forges/forge.ts';

/** What a token was minted for. `identity` holds the Secret's uid and the key's SHA-256. */
export interface TokenName {
  readonly host: string;
  readonly identity: string;
  readonly installation: string;
  readonly repositories: readonly string[];
  readonly permissions: readonly string[];
}

export interface Held {
  readonly minted: MintedToken;
  readonly mintedAt: Date;
}

/** A token is not used in the last five minutes of its life: the work that it was fetched for must end before it does. */
const spareMs = 5 * 60_000;

/**
 * Read tokens until shortly before they expire. Whoever asks with another key, Secret, host, repository or permission gets another
 * token. Two who ask at once share one minting.
 */
export class ReadTokens {
  readonly #held = new LRUCache<string, Held>({ max: 2_000 });
  readonly #minting = new Map<string, Promise<Held>>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async get(name: TokenName, mint: () => Promise<MintedToken>): Promise<Held> {
    const key = keyOf(name);
    for (;;) {
      const held = this.#held.get(key);
      if (held !== undefined && addMs(held.minted.expiresAt, -spareMs) > this.#clock.now()) return held;
      const minting = this.#minting.get(key);
      if (minting === undefined) break;
      try {
        return await minting;
      } catch (thrown) {
        // Anything else is about who started it, who may have been told to stop: we were not, and mint it ourselves.
        if (isForgeError(thrown)) throw thrown;
      }
    }
    const fresh = this.#mint(key, mint);
    this.#minting.set(key, fresh);
    try {
      return await fresh;
    } finally {
      this.#minting.delete(key);
    }
  }

  /** The forge refused it: the next who asks gets another. One that has been minted since stays. */
  drop(name: TokenName, refused: Held): void {
    const key = keyOf(name);
    if (this.#held.get(key) === refused) this.#held.delete(key);
  }

  async #mint(key: string, mint: () => Promise<MintedToken>): Promise<Held> {
    const held = { minted: await mint(), mintedAt: this.#clock.now() };
    this.#held.set(key, held);
    return held;
  }
}

function keyOf({ host, identity, installation, repositories, permissions }: TokenName): string {
  return JSON.stringify([host, identity, installation, repositories.toSorted(), permissions.toSorted()]);
}
