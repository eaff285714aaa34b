import type { Account } from './accounts.ts';
import { forgeIdentity, identityOf, writeCommit } from './commits.ts';
import { compareHistories } from './git/history.ts';
import { mergeTrees } from './git/merge.ts';
import { zeroOid } from './git/objects.ts';
import { GithubError } from './github-error.ts';
import { markMerged } from './pull-request-moves.ts';
import type { World } from './world.ts';
import type { PullRequest } from './repository.ts';

export type MergeMethod = 'merge' | 'squash' | 'rebase';

export interface WantedMerge {
  readonly by: Account;
  readonly method: MergeMethod;
  /** What the head must be at; undefined asks nothing. */
  readonly headOid?: string | undefined;
  readonly title?: string | undefined;
  readonly message?: string | undefined;
}

const notMergeable = 'Pull Request is not mergeable';

/** Merges and gives the commit on the base branch, or throws GitHub's 405 or 409. */
export async function mergePullRequest(
  world: World,
  pullRequest: PullRequest,
  wanted: WantedMerge,
): Promise<string> {
  const { repository, headBranch, baseBranch } = pullRequest;
  if (!isOpen(pullRequest)) throw new GithubError(405, notMergeable);
  if (pullRequest.draft) throw new GithubError(405, 'Pull Request is still a draft');
  checkMethod(pullRequest, wanted.method);
  if (wanted.headOid !== undefined && wanted.headOid !== pullRequest.headOid) {
    throw headModified();
  }
  const base = repository.git.ref(`refs/heads/${baseBranch}`);
  if (base === undefined) throw new GithubError(405, notMergeable);
  const block = await mergeBlock(pullRequest, base);
  if (block !== undefined) throw new GithubError(405, block);
  const { headOid } = pullRequest;
  const commit = await writeMerge(world, pullRequest, base, wanted);
  // Others may have merged, closed or pushed meanwhile; from here on to the mark nobody can.
  if (!isOpen(pullRequest)) throw new GithubError(405, notMergeable);
  if (pullRequest.headOid !== headOid) throw headModified();
  // Marked first: to the branch's followers the pull request is merged by a person, not by a push.
  markMerged(world, pullRequest, { by: wanted.by, commit });
  const result = await world.moveRefs(
    repository,
    [{ name: `refs/heads/${baseBranch}`, before: base, after: commit, force: false }],
    { actor: wanted.by, byMerge: true },
  );
  if ('problem' in result) {
    unmark(pullRequest);
    throw new GithubError(405, 'Base branch was modified. Review and try the merge again.');
  }
  if (repository.merges.deleteBranchOnMerge) {
    const name = `refs/heads/${headBranch}`;
    await world.moveRefs(repository, [{ name, before: pullRequest.headOid, after: zeroOid, force: true }], {
      actor: wanted.by,
    });
  }
  return commit;
}

function isOpen({ state }: PullRequest): boolean {
  return state === 'open';
}

function headModified(): GithubError {
  return new GithubError(409, 'Head branch was modified. Review and try the merge again.');
}

function unmark(pullRequest: PullRequest): void {
  pullRequest.state = 'open';
  pullRequest.mergedBy = pullRequest.mergeCommit = undefined;
  pullRequest.mergedAt = pullRequest.closedAt = undefined;
}

function checkMethod(pullRequest: PullRequest, method: MergeMethod): void {
  const { merges } = pullRequest.repository;
  const allowed = { merge: merges.mergeCommit, squash: merges.squash, rebase: merges.rebase }[method];
  if (allowed) return;
  const name = { merge: 'Merge commits', squash: 'Squash merges', rebase: 'Rebase merges' }[method];
  throw new GithubError(405, `${name} are not allowed on this repository.`);
}

/** Which rule of the base branch holds a merge back, in GitHub's words. */
async function mergeBlock(pullRequest: PullRequest, base: string): Promise<string | undefined> {
  const { repository, headOid } = pullRequest;
  const rule = repository.rules.get(pullRequest.baseBranch);
  if (!rule) return undefined;
  const statuses = repository.statuses.get(headOid) ?? [];
  for (const context of rule.requiredChecks) {
    const state = statuses.findLast((status) => status.context === context)?.state;
    if (state === undefined) return `Required status check "${context}" is expected.`;
    if (state !== 'success')
      return `Required status check "${context}" is ${state === 'pending' ? 'pending' : 'failing'}.`;
  }
  const approvals = new Set(
    pullRequest.reviews.filter((review) => review.state === 'APPROVED').map((review) => review.author.id),
  );
  if (approvals.size < rule.requiredApprovals) {
    return `At least ${rule.requiredApprovals} approving review is required by reviewers with write access.`;
  }
  if (!rule.requiresUpToDate) return undefined;
  const { mergeBase } = await compareHistories(repository.git.store, base, headOid);
  return mergeBase === base ? undefined : 'Head branch is not up to date with the base branch.';
}

async function writeMerge(
  world: World,
  pullRequest: PullRequest,
  base: string,
  wanted: WantedMerge,
): Promise<string> {
  if (wanted.method === 'rebase') return rebaseOnto(world, pullRequest, base, wanted.by);
  const { repository, headOid, headBranch, number, title } = pullRequest;
  const merge = await mergeTrees(repository.git, base, headOid);
  if (merge.kind !== 'clean') throw new GithubError(405, notMergeable);
  const now = world.now();
  const squash = wanted.method === 'squash';
  const subject = squash
    ? `${title} (#${number})`
    : `Merge pull request #${number} from ${repository.owner.login}/${headBranch}`;
  const message = [wanted.title ?? subject, wanted.message ?? (squash ? '' : title)];
  return writeCommit(repository.git.store, world.signer, {
    tree: merge.tree,
    parents: squash ? [base] : [base, headOid],
    message: message.filter((part) => part !== '').join('\n\n'),
    author: identityOf(squash ? pullRequest.author : wanted.by, now),
    committer: forgeIdentity(world.accounts, now),
    signed: true,
  });
}

/** Rebased commits keep their authors and lose their signatures. */
async function rebaseOnto(
  world: World,
  pullRequest: PullRequest,
  base: string,
  by: Account,
): Promise<string> {
  const { git } = pullRequest.repository;
  const { store } = git;
  const { ahead } = await compareHistories(store, base, pullRequest.headOid);
  const now = world.now();
  let tip = base;
  for (const commit of ahead.toReversed()) {
    const onto = await store.commit(tip);
    const parent = commit.parents[0];
    if (!onto || parent === undefined || commit.parents.length > 1) throw new GithubError(405, notMergeable);
    const identity = { author: commit.author, committer: identityOf(by, now) };
    // A commit that holds the tip's tree upon the picked commit's parent makes that parent the merge base.
    const stage = writeCommit(store, world.signer, {
      tree: onto.tree,
      parents: [parent],
      message: 'stage',
      ...identity,
      signed: false,
    });
    const picked = await mergeTrees(git, stage, commit.oid);
    if (picked.kind !== 'clean') throw new GithubError(405, notMergeable);
    tip = writeCommit(store, world.signer, {
      tree: picked.tree,
      parents: [tip],
      message: commit.message,
      ...identity,
      signed: false,
    });
  }
  return tip;
}
