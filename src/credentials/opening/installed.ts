import { LRUCache } from 'lru-cache';
import type { Repository } from '../../forges/forge.ts';
import type { Installation } from '../../forges/identity.ts';
import type { ListedForge } from '../listed-forge.ts';
import type { AppMaterial } from '../material/material.ts';
import { SharedWork } from './shared-work.ts';

/** Where an App is installed for one repository. */
export interface Installed {
  readonly installation: Installation;
  /** The forge's id of the repository, once a token was minted for it. */
  readonly repositoryId?: string;
}

/** One repository as one key sees it. */
export interface InstalledName {
  readonly host: string;
  /** Of the material: what one key was told, no other is. */
  readonly identity: string;
  /** `owner/name` */
  readonly repository: string;
}

/**
 * Where Apps were found, until the forge says otherwise: whoever is told that an installation or a repository is not there forgets it, and
 * what is found then may be another one.
 */
export class InstalledApps {
  readonly #known = new LRUCache<string, InstalledName & Installed>({ max: 2_000 });
  readonly #finding = new SharedWork<Installed>();

  of(name: InstalledName): Installed | undefined {
    return this.#known.get(keyOf(name));
  }

  /** What is known, else what `find` says. */
  async find(name: InstalledName, find: () => Promise<Installation>): Promise<Installed> {
    return (
      this.of(name) ?? (await this.#finding.run(keyOf(name), async () => this.found(name, await find())))
    );
  }

  /** What was learnt of the repository holds on while it is the same installation. */
  found(name: InstalledName, installation: Installation): Installed {
    const before = this.of(name);
    const repositoryId = before?.installation.id === installation.id ? before.repositoryId : undefined;
    const learnt = repositoryId === undefined ? {} : { repositoryId };
    const now: InstalledName & Installed = { ...name, installation, ...learnt };
    this.#known.set(keyOf(name), now);
    return now;
  }

  learn(name: InstalledName, repositoryId: string | undefined): void {
    const known = this.of(name);
    if (known === undefined || repositoryId === undefined) return;
    const now: InstalledName & Installed = { ...name, ...known, repositoryId };
    this.#known.set(keyOf(name), now);
  }

  forget(name: InstalledName): void {
    this.#known.delete(keyOf(name));
  }

  /** The key is not in the Secret any more. */
  retire(identity: string): void {
    for (const [key, known] of [...this.#known.entries()]) {
      if (known.identity === identity) this.#known.delete(key);
    }
  }
}

/** What one key sees of one repository. */
export function installedName(
  { connection }: ListedForge,
  { identity }: AppMaterial,
  { owner, name }: Repository,
): InstalledName {
  return { host: connection.endpoint.host, identity, repository: `${owner}/${name}` };
}

function keyOf({ host, identity, repository }: InstalledName): string {
  return JSON.stringify([host, identity, repository.toLowerCase()]);
}
