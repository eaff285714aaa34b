import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../src/base/time.ts';
import { type Account, Accounts } from './accounts.ts';
import { Credentials } from './credentials.ts';
import type { RefMove, RefProblem, RefUpdate } from './git/git-repository.ts';
import { zeroOid } from './git/objects.ts';
import type { Profile } from './profile.ts';
import { isAncestor } from './git/history.ts';
import { settleMoves } from './pull-request-moves.ts';
import { Repositories, fullNameOf } from './repositories.ts';
import { Signer } from './signing.ts';
import type { Repository } from './repository.ts';

export interface Urls {
  /** Roots without a slash at their end. */
  readonly api: string;
  readonly web: string;
  readonly codeload: string;
}

/** A ref that moved, whoever moved it and however. */
export interface Push {
  /** `owner/name`. */
  readonly repository: string;
  /** `refs/heads/main`. */
  readonly ref: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Login. */
  readonly actor: string;
}

export type MoveProblem =
  RefProblem | { readonly kind: 'rule'; readonly name: string; readonly message: string };

export type MoveResult = { readonly problem: MoveProblem } | { readonly moves: readonly RefMove[] };

export interface MoveContext {
  readonly actor: Account;
  /** A merge passes the rule that only pull requests move a branch. */
  readonly byMerge?: boolean;
}

/** Everything the forge knows, and the one way in which refs move. */
export class World {
  readonly accounts: Accounts;
  readonly credentials: Credentials;
  readonly repositories: Repositories;
  readonly signer = new Signer(randomBytes(32));
  readonly #clock: Clock;
  readonly #listeners = new Set<(push: Push) => void>();
  #urls: Urls = { api: '', web: '', codeload: '' };
  #lastId = 1_900_000_000;

  readonly profile: Profile;

  constructor(options: {
    readonly clock: Clock;
    readonly folder: string;
    readonly cacheBytes: number;
    readonly profile: Profile;
  }) {
    this.#clock = options.clock;
    this.profile = options.profile;
    const now = (): Date => this.now();
    this.accounts = new Accounts(now);
    this.credentials = new Credentials({ accounts: this.accounts, now });
    this.repositories = new Repositories({ folder: options.folder, cacheBytes: options.cacheBytes, now });
  }

  now(): Date {
    return this.#clock.now();
  }

  /** An id for a pull request, a comment, a label: unique over all of them. */
  nextId(): number {
    return (this.#lastId += 1);
  }

  /** Known once the servers listen. */
  get urls(): Urls {
    return this.#urls;
  }

  set urls(urls: Urls) {
    this.#urls = urls;
  }

  /** Calls `listener` after each ref that moved; gives what ends that. */
  onPush(listener: (push: Push) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Moves all the refs or none, then lets pull requests follow and tells the listeners. */
  async moveRefs(
    repository: Repository,
    updates: readonly RefUpdate[],
    context: MoveContext,
  ): Promise<MoveResult> {
    for (const update of updates) {
      const problem = await this.#ruleAgainst(repository, update, context);
      if (problem) return { problem };
    }
    const result = await repository.git.moveRefs(updates);
    if ('moves' in result) await this.afterMoves(repository, result.moves, context.actor);
    return result;
  }

  /** What follows from refs that have moved. */
  async afterMoves(repository: Repository, moves: readonly RefMove[], actor: Account): Promise<void> {
    if (moves.length === 0) return;
    repository.pushedAt = this.now();
    await settleMoves(this, repository, moves, actor);
    for (const { name, before, after } of moves) {
      if (name.startsWith('refs/pull/')) continue;
      const push: Push = { repository: fullNameOf(repository), ref: name, before, after, actor: actor.login };
      for (const listener of this.#listeners) listener(push);
    }
  }

  async #ruleAgainst(
    repository: Repository,
    update: RefUpdate,
    context: MoveContext,
  ): Promise<MoveProblem | undefined> {
    const { name } = update;
    const branch = name.replace(/^refs\/heads\//, '');
    const at = repository.git.ref(name);
    const broken = (message: string): MoveProblem => ({ kind: 'rule', name, message });
    const deletes = update.after === zeroOid;
    if (deletes && branch === repository.defaultBranch) return broken('Cannot delete the default branch');
    const rule = repository.rules.get(branch);
    if (!rule || context.byMerge) return undefined;
    if (deletes) return rule.allowsDeletions ? undefined : broken('Cannot delete this branch');
    if (rule.requiresPullRequest) return broken('Changes must be made through a pull request.');
    const { store } = repository.git;
    if (rule.requiresSignatures) {
      const commit = await store.commit(update.after);
      if (commit && !this.signer.verify(commit).verified)
        return broken('Commits must have verified signatures.');
    }
    const rewinds = at !== undefined && !(await isAncestor(store, at, update.after));
    return rewinds && !rule.allowsForcePushes ? broken('Cannot force-push to this branch') : undefined;
  }

  async stop(): Promise<void> {
    this.#listeners.clear();
    await this.repositories.stop();
  }
}
