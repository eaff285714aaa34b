import { LRUCache } from 'lru-cache';
import { addMs, type Clock } from '../../base/time.ts';
import type { Call, Repository } from '../../forges/forge.ts';
import type { AppFacts, Installation } from '../../forges/identity.ts';
import type { ListedForge } from '../listed-forge.ts';
import type { AppMaterial } from '../material/material.ts';
import { repositoryOf } from '../named-repository.ts';
import { problemOrThrow } from '../problem.ts';

/** What whoever has an App's key can open, against what spec lists. */
export interface Reach {
  /** Of the account that was looked at; or why it is not known how many. */
  readonly repositories: number | { readonly unknown: string };
  /** How many of them spec lists. */
  readonly listed: number;
  /** At how many accounts the App is installed; absent where the forge does not say. */
  readonly accounts?: number;
  /** Of how many accounts spec lists repositories. */
  readonly listedAccounts: number;
}

/** Which App's reach is asked for, and where. */
export interface Reaching {
  readonly forge: ListedForge;
  readonly material: AppMaterial;
  readonly app: AppFacts;
  readonly installation: Installation;
  /** The one that the App was looked for on. */
  readonly repository: Repository;
  /** `spec.repositories` */
  readonly listed: readonly string[];
}

/** How often an installation's repositories are counted, since it takes three requests; and while they are too many. */
const countEveryMs = 86_400_000;
const recountEveryMs = 3_600_000;

/** What Apps' keys open. What was counted holds on while the forge does not answer. */
export class Reaches {
  readonly #counted = new LRUCache<string, { readonly repositories: number; readonly at: Date }>({
    max: 2_000,
  });
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects when we are told to stop alone. */
  async of(reaching: Reaching, call: Call): Promise<Reach> {
    const { app, repository, listed } = reaching;
    const owner = repository.owner.toLowerCase();
    const listedHere = listed.filter((each) => ownerOf(each) === owner).length;
    return {
      repositories: await this.#count(reaching, listedHere, call),
      listed: listedHere,
      ...(app.installations === undefined ? {} : { accounts: app.installations }),
      listedAccounts: accountsOf(listed),
    };
  }

  async #count(
    { forge, material, installation }: Reaching,
    listed: number,
    call: Call,
  ): Promise<Reach['repositories']> {
    const { connection, provider } = forge;
    const key = JSON.stringify([
      connection.endpoint.host,
      material.identity,
      installation.id,
      // Whoever changes that has changed their number.
      installation.repositorySelection,
    ]);
    const known = this.#counted.get(key);
    const now = this.#clock.now();
    if (known !== undefined) {
      const everyMs = known.repositories > listed ? recountEveryMs : countEveryMs;
      if (addMs(known.at, everyMs) > now) return known.repositories;
    }
    try {
      const where = { key: material.key, installation };
      const repositories = await provider.identity(connection).countRepositories(where, call);
      this.#counted.set(key, { repositories, at: now });
      return repositories;
    } catch (thrown) {
      const { message } = problemOrThrow(thrown, call.signal);
      return known?.repositories ?? { unknown: message };
    }
  }
}

/** Of how many accounts these repositories are. */
export function accountsOf(repositories: readonly string[]): number {
  return new Set(repositories.map(ownerOf)).size;
}

function ownerOf(repository: string): string {
  return repositoryOf(repository).owner.toLowerCase();
}
