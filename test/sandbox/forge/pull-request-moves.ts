import type { Clock } from '../../../src/base/time.ts';
import type { Account } from './accounts.ts';
import type { RefMove } from './git/git-repository.ts';
import { isAncestor } from './git/history.ts';
import type { PullRequest, Repository } from './repository.ts';

/**
 * What GitHub does to pull requests when branches move:
 * the head moved          → the pull request follows; nothing left between base and head → closed for good
 * the head was deleted    → closed
 * the base moved over it  → merged, by whoever pushed
 * the base was deleted    → closed
 * A closed one stays as it was when it was closed.
 */
export async function settleMoves(
  clock: Clock,
  repository: Repository,
  moves: readonly RefMove[],
  actor: Account,
): Promise<void> {
  for (const { name, after } of moves) {
    if (!name.startsWith('refs/heads/')) continue;
    const branch = name.slice('refs/heads/'.length);
    // A copy: what is open may change while the moves are looked at.
    for (const pullRequest of [...repository.pullRequests.values()]) {
      if (pullRequest.state !== 'open') continue;
      if (pullRequest.headBranch === branch) await followHead(clock, pullRequest, after);
      else if (pullRequest.baseBranch === branch) await followBase(clock, pullRequest, after, actor);
    }
  }
}

async function followHead(clock: Clock, pullRequest: PullRequest, oid: string | undefined): Promise<void> {
  const { repository } = pullRequest;
  pullRequest.updatedAt = clock.now();
  pullRequest.mergeability = undefined;
  if (oid === undefined) return close(clock, pullRequest);
  pullRequest.headOid = oid;
  repository.git.setHiddenRef(`refs/pull/${pullRequest.number}/head`, oid);
  const base = repository.git.ref(`refs/heads/${pullRequest.baseBranch}`);
  if (base !== undefined && (await isAncestor(repository.git.store, oid, base))) {
    pullRequest.emptied = true;
    close(clock, pullRequest);
    return;
  }
  pullRequest.baseOid = base ?? pullRequest.baseOid;
}

async function followBase(
  clock: Clock,
  pullRequest: PullRequest,
  oid: string | undefined,
  actor: Account,
): Promise<void> {
  pullRequest.mergeability = undefined;
  if (oid === undefined) return close(clock, pullRequest);
  if (await isAncestor(pullRequest.repository.git.store, pullRequest.headOid, oid)) {
    markMerged(clock, pullRequest, { by: actor, commit: oid });
  }
}

export function close(clock: Clock, pullRequest: PullRequest): void {
  pullRequest.state = 'closed';
  pullRequest.closedAt = pullRequest.updatedAt = clock.now();
}

export function markMerged(
  clock: Clock,
  pullRequest: PullRequest,
  merged: { readonly by: Account; readonly commit: string },
): void {
  pullRequest.state = 'merged';
  pullRequest.mergedBy = merged.by;
  pullRequest.mergeCommit = merged.commit;
  pullRequest.mergedAt = pullRequest.closedAt = pullRequest.updatedAt = clock.now();
}
