import { join } from 'node:path';
import { CodedError } from '../../../src/base/error.ts';
import type { Account } from './accounts.ts';
import { GitRepository } from './git/git-repository.ts';
import { nodeId } from './node-ids.ts';
import type { Repository } from './repository.ts';

export interface Found {
  readonly repository: Repository;
  /** It is known by another name now. */
  readonly renamed: boolean;
}

/** All repositories; a former name leads to its repository until another one takes it. */
export class Repositories {
  readonly #folder: string;
  readonly #cacheBytes: number;
  readonly #now: () => Date;
  readonly #byName = new Map<string, Repository>();
  readonly #formerNames = new Map<string, Repository>();
  readonly #byId = new Map<number, Repository>();
  #lastId = 1_296_200;

  constructor(options: { readonly folder: string; readonly cacheBytes: number; readonly now: () => Date }) {
    this.#folder = options.folder;
    this.#cacheBytes = options.cacheBytes;
    this.#now = options.now;
  }

  create(wanted: {
    readonly owner: Account;
    readonly name: string;
    readonly isPrivate: boolean;
    readonly description: string | null;
    readonly defaultBranch: string;
  }): Repository {
    const key = keyOf(wanted.owner.login, wanted.name);
    if (this.#byName.has(key)) {
      throw new CodedError(
        'RepositoryExists',
        `${wanted.owner.login}/${wanted.name} exists: choose another name`,
      );
    }
    const id = (this.#lastId += 1);
    const now = this.#now();
    const repository: Repository = {
      ...wanted,
      id,
      nodeId: nodeId('R', id),
      archived: false,
      createdAt: now,
      updatedAt: now,
      pushedAt: now,
      git: GitRepository.create({
        gitDir: join(this.#folder, `${id}.git`),
        defaultBranch: wanted.defaultBranch,
        cacheBytes: this.#cacheBytes,
      }),
      merges: { mergeCommit: true, squash: true, rebase: true, autoMerge: false, deleteBranchOnMerge: false },
      collaborators: new Map(),
      pullRequests: new Map(),
      labels: new Map(),
      rules: new Map(),
      statuses: new Map(),
      lastNumber: 0,
    };
    this.#byName.set(key, repository);
    this.#formerNames.delete(key);
    this.#byId.set(id, repository);
    return repository;
  }

  rename(repository: Repository, name: string): void {
    const key = keyOf(repository.owner.login, name);
    if (this.#byName.has(key)) {
      throw new CodedError(
        'RepositoryExists',
        `${repository.owner.login}/${name} exists: choose another name`,
      );
    }
    const former = keyOf(repository.owner.login, repository.name);
    this.#byName.delete(former);
    this.#formerNames.set(former, repository);
    this.#formerNames.delete(key);
    repository.name = name;
    this.#byName.set(key, repository);
  }

  async delete(repository: Repository): Promise<void> {
    this.#byName.delete(keyOf(repository.owner.login, repository.name));
    this.#byId.delete(repository.id);
    for (const [name, known] of this.#formerNames) if (known === repository) this.#formerNames.delete(name);
    await repository.git.remove();
  }

  find(owner: string, name: string): Found | undefined {
    const key = keyOf(owner, name);
    const repository = this.#byName.get(key);
    if (repository) return { repository, renamed: false };
    const former = this.#formerNames.get(key);
    return former && { repository: former, renamed: true };
  }

  byId(id: number): Repository | undefined {
    return this.#byId.get(id);
  }

  /** In the order of their full names. */
  all(): Repository[] {
    return [...this.#byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, repository]) => repository);
  }

  /** The repository `owner/name`, or an error that says what to do. */
  require(fullName: string): Repository {
    const [owner = '', name = ''] = fullName.split('/');
    const found = this.find(owner, name);
    if (!found) {
      throw new CodedError(
        'NoRepository',
        `There is no repository ${fullName}: create it with createRepository`,
      );
    }
    return found.repository;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#byId.values()].map((repository) => repository.git.stop()));
  }
}

export function fullNameOf(repository: { readonly owner: Account; readonly name: string }): string {
  return `${repository.owner.login}/${repository.name}`;
}

function keyOf(owner: string, name: string): string {
  return `${owner}/${name}`.toLowerCase();
}
