import { LRUCache } from 'lru-cache';
import type { Secret } from '../../base/secret.ts';

/** Which account a token counts against, as far as that has been found out. Holds no token. */
export class AccountsOfTokens {
  readonly #known = new LRUCache<string, string>({ max: 10_000 });

  /** A token of which nothing is known is an account of its own. */
  of(token: Secret): string {
    const fingerprint = token.fingerprint();
    return this.#known.get(fingerprint) ?? `token ${fingerprint}`;
  }

  learn(token: Secret, account: string): void {
    this.#known.set(token.fingerprint(), account);
  }

  forget(token: Secret): void {
    this.#known.delete(token.fingerprint());
  }
}
