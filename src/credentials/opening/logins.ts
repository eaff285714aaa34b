import { LRUCache } from 'lru-cache';
import { SharedWork } from './shared-work.ts';

/** Whose keys and tokens are, by host and material. */
export class Logins {
  readonly #known = new LRUCache<string, string>({ max: 2_000 });
  readonly #asking = new SharedWork<string>();

  known(host: string, identity: string): string | undefined {
    return this.#known.get(keyOf(host, identity));
  }

  /** What is known, else what `ask` says. */
  async of(host: string, identity: string, ask: () => Promise<string>): Promise<string> {
    return (
      this.known(host, identity) ??
      (await this.#asking.run(keyOf(host, identity), async () => {
        const login = await ask();
        this.learn(host, identity, login);
        return login;
      }))
    );
  }

  /** People and Apps are renamed. */
  learn(host: string, identity: string, login: string): void {
    this.#known.set(keyOf(host, identity), login);
  }
}

function keyOf(host: string, identity: string): string {
  return `${host} ${identity}`;
}
