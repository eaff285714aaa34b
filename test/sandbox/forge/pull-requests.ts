import type { Account } from './accounts.ts';
import { forgeIdentity, writeCommit } from './commits.ts';
import { compareHistories, isAncestor } from './git/history.ts';
import { mergeTrees } from './git/merge.ts';
import { GithubError, invalid } from './github-error.ts';
import { nodeId } from './node-ids.ts';
import { close } from './pull-request-moves.ts';
import type { World } from './world.ts';
import type { Comment, Label, PullRequest, Repository } from './repository.ts';

export interface WantedPullRequest {
  readonly title: string;
  readonly body: string | null;
  readonly headBranch: string;
  readonly baseBranch: string;
  readonly draft: boolean;
  readonly maintainerCanModify: boolean;
  readonly author: Account;
  /** Where the head is for whoever answers: perhaps where it was before its last move. */
  readonly headSeen: string | undefined;
}

/** Opens a pull request, or throws GitHub's 422. */
export async function openPullRequest(
  world: World,
  repository: Repository,
  wanted: WantedPullRequest,
): Promise<PullRequest> {
  const { headBranch, baseBranch, author, headSeen } = wanted;
  const base = repository.git.ref(`refs/heads/${baseBranch}`);
  if (base === undefined) throw missing('base');
  if (headSeen === undefined) throw missing('head');
  await checkProposable(repository, { headBranch, baseBranch, head: headSeen, base });
  // Again, since another may have been opened while this one was looked at.
  checkUnique(repository, headBranch, baseBranch);
  const head = repository.git.ref(`refs/heads/${headBranch}`) ?? headSeen;
  const now = world.now();
  const number = (repository.lastNumber += 1);
  const id = world.nextId();
  const pullRequest: PullRequest = {
    id,
    nodeId: nodeId('PR', repository.id, number),
    number,
    repository,
    author,
    headBranch,
    createdAt: now,
    title: wanted.title,
    body: wanted.body,
    draft: wanted.draft,
    state: 'open',
    headOid: head,
    baseBranch,
    baseOid: base,
    updatedAt: now,
    closedAt: undefined,
    mergedAt: undefined,
    mergedBy: undefined,
    mergeCommit: undefined,
    mergeability: undefined,
    emptied: false,
    maintainerCanModify: wanted.maintainerCanModify,
    labels: [],
    reviewers: [],
    assignees: [],
    comments: [],
    reviews: [],
  };
  repository.pullRequests.set(number, pullRequest);
  repository.git.setHiddenRef(`refs/pull/${number}/head`, head);
  return pullRequest;
}

/** The 422 for a branch that is not there. */
export function missing(field: 'head' | 'base'): GithubError {
  return new GithubError(422, 'Validation Failed', {
    errors: [{ resource: 'PullRequest', field, code: 'invalid' }],
  });
}

interface Ends {
  readonly headBranch: string;
  readonly baseBranch: string;
  readonly head: string;
  readonly base: string;
}

async function checkProposable(repository: Repository, ends: Ends): Promise<void> {
  const { headBranch, baseBranch } = ends;
  checkUnique(repository, headBranch, baseBranch);
  const { mergeBase, ahead } = await compareHistories(repository.git.store, ends.base, ends.head);
  if (mergeBase === undefined) {
    throw invalid('PullRequest', `The ${headBranch} branch has no history in common with ${baseBranch}`);
  }
  if (ahead.length === 0) {
    throw invalid('PullRequest', `No commits between ${baseBranch} and ${headBranch}`);
  }
}

function checkUnique(repository: Repository, headBranch: string, baseBranch: string): void {
  if (!openBetween(repository, headBranch, baseBranch)) return;
  throw invalid('PullRequest', `A pull request already exists for ${repository.owner.login}:${headBranch}.`);
}

function openBetween(
  repository: Repository,
  headBranch: string,
  baseBranch: string,
): PullRequest | undefined {
  return [...repository.pullRequests.values()].find(
    (pullRequest) =>
      pullRequest.state === 'open' &&
      pullRequest.headBranch === headBranch &&
      pullRequest.baseBranch === baseBranch,
  );
}

export interface PullRequestChange {
  readonly title?: string | undefined;
  readonly body?: string | null | undefined;
  readonly state?: 'open' | 'closed' | undefined;
  readonly baseBranch?: string | undefined;
  readonly maintainerCanModify?: boolean | undefined;
}

export async function updatePullRequest(
  world: World,
  pullRequest: PullRequest,
  change: PullRequestChange,
): Promise<void> {
  if (change.baseBranch !== undefined && change.baseBranch !== pullRequest.baseBranch) {
    await rebase(pullRequest, change.baseBranch);
  }
  if (change.state === 'closed') closePullRequest(world, pullRequest);
  if (change.state === 'open') await reopenPullRequest(world, pullRequest);
  pullRequest.title = change.title ?? pullRequest.title;
  if (change.body !== undefined) pullRequest.body = change.body;
  pullRequest.maintainerCanModify = change.maintainerCanModify ?? pullRequest.maintainerCanModify;
  pullRequest.updatedAt = world.now();
}

async function rebase(pullRequest: PullRequest, baseBranch: string): Promise<void> {
  const { repository, headBranch, headOid } = pullRequest;
  if (pullRequest.state !== 'open') {
    throw invalid('PullRequest', 'Cannot change the base branch of a closed pull request.', 'base');
  }
  const base = repository.git.ref(`refs/heads/${baseBranch}`);
  if (base === undefined)
    throw invalid('PullRequest', `Proposed base branch '${baseBranch}' was not found`, 'base');
  await checkProposable(repository, { headBranch, baseBranch, head: headOid, base });
  pullRequest.baseBranch = baseBranch;
  pullRequest.baseOid = base;
  pullRequest.mergeability = undefined;
}

/** Closing what is closed or merged changes nothing. */
export function closePullRequest(world: World, pullRequest: PullRequest): void {
  if (pullRequest.state === 'open') close(world, pullRequest);
}

/** Why GitHub would not open it again, in GitHub's words; undefined when it would. */
async function reopenBlock(pullRequest: PullRequest): Promise<string | undefined> {
  const { repository, headBranch, baseBranch, headOid } = pullRequest;
  const { store } = repository.git;
  if (pullRequest.state === 'merged') return 'state cannot be changed. The pull request cannot be reopened.';
  const base = repository.git.ref(`refs/heads/${baseBranch}`);
  const head = repository.git.ref(`refs/heads/${headBranch}`);
  if (base === undefined) return `state cannot be changed. The ${baseBranch} branch has been deleted.`;
  if (head === undefined) return `state cannot be changed. The ${headBranch} branch has been deleted.`;
  if (await isAncestor(store, head, base)) {
    return `state cannot be changed. There are no new commits on the ${headBranch} branch.`;
  }
  // As GitHub's support explains it: the branch may have grown since, but not have been rewritten.
  if (pullRequest.emptied || !(await isAncestor(store, headOid, head))) {
    return `state cannot be changed. The ${headBranch} branch was force-pushed or recreated.`;
  }
  if (openBetween(repository, headBranch, baseBranch)) {
    return `A pull request already exists for ${repository.owner.login}:${headBranch}.`;
  }
  return undefined;
}

export async function reopenPullRequest(world: World, pullRequest: PullRequest): Promise<void> {
  if (pullRequest.state === 'open') return;
  const block = await reopenBlock(pullRequest);
  if (block !== undefined) throw invalid('PullRequest', block, 'state');
  const head = pullRequest.repository.git.ref(`refs/heads/${pullRequest.headBranch}`);
  pullRequest.state = 'open';
  pullRequest.closedAt = undefined;
  pullRequest.headOid = head ?? pullRequest.headOid;
  pullRequest.mergeability = undefined;
  pullRequest.updatedAt = world.now();
}

export function addComment(
  world: World,
  pullRequest: PullRequest,
  comment: { readonly author: Account; readonly body: string },
): Comment {
  const added = { ...comment, id: world.nextId(), createdAt: world.now() };
  pullRequest.comments.push(added);
  pullRequest.updatedAt = added.createdAt;
  return added;
}

/** Labels of these names, made where the repository does not have them, as GitHub does it. */
export function labelsNamed(world: World, repository: Repository, names: readonly string[]): Label[] {
  return names.map((name) => {
    const key = name.toLowerCase();
    const label = repository.labels.get(key) ?? {
      id: world.nextId(),
      name,
      color: 'ededed',
      description: null,
    };
    repository.labels.set(key, label);
    return label;
  });
}

/** Finds out whether base and head merge, and remembers it for these two commits. A closed one is left as it was. */
export async function computeMergeability(world: World, pullRequest: PullRequest): Promise<void> {
  const { repository, headOid, number } = pullRequest;
  const baseOid = repository.git.ref(`refs/heads/${pullRequest.baseBranch}`);
  if (pullRequest.state !== 'open' || baseOid === undefined) return;
  const merge = await mergeTrees(repository.git, baseOid, headOid);
  if (merge.kind !== 'clean') {
    pullRequest.mergeability = { headOid, baseOid };
    return;
  }
  const identity = forgeIdentity(world.accounts, world.now());
  const testMerge = writeCommit(repository.git.store, world.signer, {
    tree: merge.tree,
    parents: [baseOid, headOid],
    message: `Merge ${headOid} into ${baseOid}`,
    author: identity,
    committer: identity,
    signed: true,
  });
  repository.git.setHiddenRef(`refs/pull/${number}/merge`, testMerge);
  pullRequest.mergeability = { headOid, baseOid, testMerge };
}
