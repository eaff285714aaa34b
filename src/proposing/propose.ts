import { redactLines } from '../base/redaction.ts';
import { isForgeError } from '../forges/errors.ts';
import type { Forge, ForgeReader, Head, Look, PullRequest } from '../forges/forge.ts';
import type { Plan, PlannedWrite } from '../forges/plan.ts';
import { editAll } from './edit-all.ts';
import type { MarkerIndex } from './marker-index.ts';
import type { Place } from './place.ts';
import { branchOf, proposalOf, readTrailers, type Promotion, type Proposal } from './proposal.ts';
import { refused, type Refused } from './refused.ts';
import { whyNotOurs } from './whose-branch.ts';

/** What earlier passes recorded of this environment's branch. */
export interface Recorded {
  /** Commits of ours that the branch may be at, the newest first. */
  readonly commits: readonly string[];
  /** The first of them is for this very revision and base branch and its pull request was not merged or closed: it is used again. */
  readonly resumes: boolean;
  /** The first of them was made, and what became of its move is not known: it may be carried out yet. */
  readonly moving: boolean;
  /** Its pull request was made to the end, labels and reviewers too. */
  readonly finished: boolean;
  /** The number of the pull request while it is open. */
  readonly pullRequest?: number | undefined;
  /** It cannot be merged, since the base has changed the same lines. */
  readonly conflicts?: boolean;
}

/** How the pull request is carried out: through one reader, and one write token for as long as the act takes. */
export interface Hands {
  readonly reader: ForgeReader;
  readonly write: <T>(act: (forge: Forge) => Promise<T>, plan?: Plan) => Promise<T>;
  readonly index: MarkerIndex;
  /** Login that our commits are attributed to. */
  readonly login: string;
  readonly signal: AbortSignal;
}

export interface MadeCommit {
  readonly branch: string;
  readonly sha: string;
  /** Where the branch may be instead: where it was, or where a move that got no answer may still take it. */
  readonly previous?: readonly string[];
  readonly verified: boolean;
}

export type Proposed =
  | { readonly kind: 'proposed'; readonly commit: MadeCommit; readonly pullRequest: PullRequest }
  | Refused
  /** Somebody moved the branch while we looked; look again. */
  | { readonly kind: 'overtaken' };

/**
 * Makes the one pull request of an environment, or brings it up to date. May run again at any point and ends at the same
 * branch and the same pull request. Five requests when the files are known: look, tree, commit, move, pull request.
 *
 * @param record is awaited with the commit before any branch moves to it, so that a crash in between is not taken for tampering
 */
export async function propose(
  promotion: Promotion,
  place: Place,
  recorded: Recorded,
  hands: Hands,
  record: (commit: MadeCommit) => Promise<void>,
): Promise<Proposed> {
  const branch = branchOf(promotion);
  const look = await hands.reader.look(
    { baseBranch: place.baseBranch, headBranch: branch, paths: place.paths },
    hands,
  );
  const { base, head } = look;
  if (base === undefined) {
    return refused(
      'BaseBranchNotFound',
      `${place.repository} has no branch ${place.baseBranch}; create it or correct baseBranch`,
    );
  }
  const absent = look.paths.find(({ entry }) => entry === undefined);
  if (absent !== undefined) {
    return refused(
      'PathNotFound',
      `${place.baseBranch} of ${place.repository} has nothing at ${absent.path}; correct paths`,
    );
  }
  const files = await hands.index.find({ ...hands, forge: hands.reader, repository: place.repository, look });
  const edits = editAll(files, promotion, place);
  if ('reason' in edits) return edits;
  const foreign = head === undefined ? undefined : whyNotOurs(head, promotion, recorded.commits, hands.login);
  if (foreign !== undefined) return foreign;

  const proposal = withoutSecrets(proposalOf(promotion, edits));
  const open = openOne(look, place, recorded);
  if (head !== undefined && isCurrent(head, promotion, recorded, open, place)) {
    const commit = { branch, sha: head.commit, verified: head.verified };
    if (open !== undefined && open.title === proposal.title && open.body === proposal.body) {
      if (!recorded.finished) await finish(open, place, hands);
      return { kind: 'proposed', commit, pullRequest: open };
    }
    const pullRequest = await hands.write((forge) => publish(forge, open, proposal, place, hands), {
      writes: publishing(open, place),
    });
    return { kind: 'proposed', commit, pullRequest };
  }
  const plan: Plan = {
    writes: ['createCommit', 'moveBranch', ...publishing(open, place)],
    changes: edits.files.map(({ path }) => path),
  };
  return await hands.write(async (forge) => {
    const made = await forge.createCommit(
      { parent: base.commit, baseTree: base.tree, files: edits.files, message: proposal.commitMessage },
      hands,
    );
    for (const { text } of edits.files) hands.index.learn(text);
    const previous = [
      ...new Set([
        ...(head === undefined ? [] : [head.commit]),
        ...(recorded.moving ? recorded.commits : []),
      ]),
    ];
    const commit: MadeCommit = {
      branch,
      sha: made.sha,
      ...(previous.length === 0 ? {} : { previous }),
      verified: made.verified,
    };
    await record(commit);
    const moved = await forge.moveBranch(
      { branch, ...(head === undefined ? {} : { from: head.commit }), to: made.sha },
      hands,
    );
    if (moved === 'stale') return { kind: 'overtaken' };
    return { kind: 'proposed', commit, pullRequest: await publish(forge, open, proposal, place, hands) };
  }, plan);
}

function withoutSecrets({ branch, title, body, commitMessage }: Proposal): Proposal {
  const clean = (text: string): string => redactLines(text, isForPrograms, 'pull request');
  return { branch, title: clean(title), body: clean(body), commitMessage: clean(commitMessage) };
}

/** What we know our own by. */
function isForPrograms(line: string): boolean {
  return /^(<!-- lockkeeper |Lockkeeper-)/.test(line);
}

/**
 * The one that is brought up to date. When the base branch is another one now, that is the one that we opened; what people opened
 * from our branch into other branches is theirs.
 */
function openOne({ pullRequests }: Look, { baseBranch }: Place, recorded: Recorded): PullRequest | undefined {
  return (
    pullRequests.find((each) => each.baseBranch === baseBranch) ??
    pullRequests.find(({ number }) => number === recorded.pullRequest)
  );
}

/** The branch already holds this revision, and its pull request is open or was never opened. */
function isCurrent(
  head: Head,
  promotion: Promotion,
  recorded: Recorded,
  open: PullRequest | undefined,
  { baseBranch }: Place,
): boolean {
  if (readTrailers(head.message).key !== promotion.revision.key || recorded.conflicts === true) return false;
  // Made upon another branch, it would bring along what that one has and this one has not.
  if (open !== undefined) return open.baseBranch === baseBranch;
  return recorded.resumes;
}

/** Labels and reviewers of a pull request that was opened without an answer. That the forge refuses them was said when it did. */
async function finish(
  { number }: PullRequest,
  { labels, reviewers }: Place,
  { write, signal }: Hands,
): Promise<void> {
  if (labels.length === 0 && reviewers.length === 0) return;
  try {
    await write((forge) => forge.decorate({ number, labels, reviewers }, { signal }), {
      writes: decorating({ labels, reviewers }),
    });
  } catch (thrown) {
    if (!isForgeError(thrown) || thrown.code !== 'Refused') throw thrown;
  }
}

function publishing(open: PullRequest | undefined, place: Place): readonly PlannedWrite[] {
  return [open === undefined ? 'openPullRequest' : 'updatePullRequest', ...decorating(place)];
}

function decorating({ labels, reviewers }: Pick<Place, 'labels' | 'reviewers'>): readonly PlannedWrite[] {
  return [
    ...(labels.length === 0 ? [] : (['label'] as const)),
    ...(reviewers.length === 0 ? [] : (['askReviewers'] as const)),
  ];
}

async function publish(
  forge: Forge,
  open: PullRequest | undefined,
  proposal: Proposal,
  place: Place,
  { signal }: Hands,
): Promise<PullRequest> {
  const pullRequest =
    open === undefined
      ? await forge.openPullRequest(
          {
            headBranch: proposal.branch,
            baseBranch: place.baseBranch,
            title: proposal.title,
            body: proposal.body,
            draft: place.draft,
          },
          { signal },
        )
      : await forge.updatePullRequest(
          {
            number: open.number,
            title: proposal.title,
            body: proposal.body,
            ...(open.baseBranch === place.baseBranch ? {} : { baseBranch: place.baseBranch }),
          },
          { signal },
        );
  await forge.decorate(
    { number: pullRequest.number, labels: place.labels, reviewers: place.reviewers },
    { signal },
  );
  return pullRequest;
}
