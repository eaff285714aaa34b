import { LRUCache } from 'lru-cache';
import { addMs, type Clock } from '../../base/time.ts';
import type { Call } from '../../forges/forge.ts';
import type { MintedToken } from '../../forges/identity.ts';
import { SharedWork } from './shared-work.ts';

/** What a token is wanted for. `identity` holds the Secret's uid and the key's SHA-256. */
export interface TokenName {
  readonly host: string;
  readonly identity: string;
  readonly installation: string;
  /** By `owner/name`, and by the forge's id of it once that is known. */
  readonly repositories: readonly { readonly name: string; readonly id?: string }[];
  readonly permissions: readonly string[];
}

/** A token as it was minted, which may be in another installation than the one that it was wanted in. */
export interface Mint {
  readonly minted: MintedToken;
  readonly installation: string;
  readonly revoke: (call: Call) => Promise<void>;
}

export interface Held extends Mint {
  readonly mintedAt: Date;
  readonly identity: string;
  readonly key: string;
}

/** A token is not used in the last five minutes of its life: the work that it was fetched for must end before it does. */
const spareMs = 5 * 60_000;

/** How long the revoking may take of a token that nobody waits for. */
const revokeMs = 5_000;

/**
 * Read tokens until shortly before they expire. Whoever asks with another key, Secret, host, repository or permission gets another
 * token. Repositories count by their ids: one that is made anew under its name is another. Two who ask at once share one minting.
 */
export class ReadTokens {
  readonly #held = new LRUCache<string, Held>({
    max: 2_000,
    dispose: (held, _key, why) => {
      if (why === 'evict') this.#revoke(held, AbortSignal.timeout(revokeMs));
    },
  });
  readonly #minting = new SharedWork<Held>();
  readonly #revoking = new Set<Promise<void>>();
  readonly #clock: Clock;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The one that is held, or a new one; the answer that it came in says which ids the repositories have, which are to be given from then on. */
  async get(name: TokenName, mint: () => Promise<Mint>): Promise<Held> {
    const ids = idsOf(name);
    const held = ids === undefined ? undefined : this.#held.get(keyOf(name, ids));
    if (held !== undefined && addMs(held.minted.expiresAt, -spareMs) > this.#clock.now()) return held;
    const names = name.repositories.map((each) => each.name.toLowerCase());
    return await this.#minting.run(keyOf(name, names), () => this.#mint(name, mint));
  }

  /** The forge does not know it: the next who asks gets another. One that has been minted since stays. */
  drop(refused: Held): void {
    if (this.#held.get(refused.key) === refused) this.#held.delete(refused.key);
  }

  /** What it was minted for is not there any more: as `drop`, and it ends. */
  giveUp(held: Held): void {
    if (this.#held.get(held.key) !== held) return;
    this.#held.delete(held.key);
    this.#revoke(held, AbortSignal.timeout(revokeMs));
  }

  /** Its key is not in the Secret any more: what was minted with it ends. */
  retire(identity: string): void {
    for (const held of [...this.#held.values()]) if (held.identity === identity) this.giveUp(held);
  }

  /** Revokes all, within `withinMs`, and what is still minted at once. What could not be revoked ends by itself within the hour. */
  async close(withinMs: number): Promise<void> {
    this.#isClosed = true;
    const signal = AbortSignal.timeout(withinMs);
    const late = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    for (const held of this.#held.values()) this.#revoke(held, signal);
    this.#held.clear();
    await Promise.race([this.#settled(), late]);
  }

  async #settled(): Promise<void> {
    await this.#minting.settled();
    await Promise.allSettled(this.#revoking);
  }

  async #mint(name: TokenName, mint: () => Promise<Mint>): Promise<Held> {
    const fresh = await mint();
    const { installation, minted } = fresh;
    const key = keyOf({ ...name, installation }, minted.repositoryIds);
    const held = { ...fresh, mintedAt: this.#clock.now(), identity: name.identity, key };
    if (this.#isClosed) this.#revoke(held, AbortSignal.timeout(revokeMs));
    else this.#held.set(key, held);
    return held;
  }

  #revoke({ revoke }: Held, signal: AbortSignal): void {
    const revoking = revoke({ signal })
      .catch(() => undefined)
      .finally(() => this.#revoking.delete(revoking));
    this.#revoking.add(revoking);
  }
}

/** Undefined while one of them is not known. */
function idsOf({ repositories }: TokenName): readonly string[] | undefined {
  const ids = repositories.flatMap(({ id }) => id ?? []);
  return ids.length === repositories.length ? ids : undefined;
}

function keyOf(
  { host, identity, installation, permissions }: TokenName,
  repositories: readonly string[],
): string {
  return JSON.stringify([host, identity, installation, repositories.toSorted(), permissions.toSorted()]);
}
