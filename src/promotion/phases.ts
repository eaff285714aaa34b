import { maxPreviousCommits, type PromotionStatus } from '../api/pipeline-status.ts';
import type { Revision } from '../base/revision.ts';
import { toTimestamp } from '../base/time.ts';
import type { CommitMade, Decision, Outcome } from './decision.ts';
import { revisionStatus } from './target-status.ts';

const maxBarred = 16;

/** The promotion after a decision and what came of it: in which phase it is, and what of it is known. */
export function promotionStatus(
  previous: PromotionStatus | undefined,
  decision: Decision,
  outcome: Outcome,
  now: Date,
): PromotionStatus | undefined {
  switch (outcome.kind) {
    case 'committed':
      return {
        ...committed(outcome.revision, outcome.commit),
        ...openPullRequest(previous),
        phase: 'Proposing',
        since: toTimestamp(now),
      };
    case 'proposed':
      return {
        ...committed(outcome.revision, outcome.commit),
        phase: 'Proposed',
        since:
          previous?.phase === 'Proposed' && previous.revision.key === outcome.revision.key
            ? previous.since
            : toTimestamp(now),
        pullRequest: { ...outcome.pullRequest, state: 'Open' },
      };
    case 'looked':
      return outcome.state === 'Open'
        ? stillOpen(previous, outcome.conflicts)
        : settled(previous, decision, outcome.state, now);
    case 'withdrawn':
      return settled(previous, decision, outcome.state, now);
    case 'lost':
      return undefined;
    case 'nothing':
    case 'problem':
      break;
    default:
      return outcome satisfies never;
  }
  if (decision.kind === 'conclude' && previous !== undefined) {
    return inPhase(previous, decision.as, now);
  }
  return previous;
}

function committed(revision: Revision, commit: CommitMade): Omit<PromotionStatus, 'phase' | 'since'> {
  return {
    revision: revisionStatus(revision),
    repository: commit.repository,
    branch: commit.branch,
    baseBranch: commit.baseBranch,
    commit: commit.sha,
    ...(commit.previous === undefined
      ? {}
      : { previousCommits: commit.previous.slice(0, maxPreviousCommits) }),
    verified: commit.verified,
  };
}

/** While a pull request is brought up to date it stays known, should we stop half way. */
function openPullRequest(previous: PromotionStatus | undefined): Pick<PromotionStatus, 'pullRequest'> {
  return previous?.pullRequest?.state === 'Open' ? { pullRequest: previous.pullRequest } : {};
}

/** A conflict stands until the pull request is made anew. */
function stillOpen(
  previous: PromotionStatus | undefined,
  conflicts: true | undefined,
): PromotionStatus | undefined {
  if (previous?.pullRequest === undefined || conflicts === undefined) return previous;
  return { ...previous, pullRequest: { ...previous.pullRequest, conflicts } };
}

/** What the merge of the pull request, or its closing, makes of the promotion. */
function settled(
  previous: PromotionStatus | undefined,
  decision: Decision,
  state: 'Merged' | 'Closed',
  now: Date,
): PromotionStatus | undefined {
  if (previous?.pullRequest === undefined) return previous;
  const { number, url } = previous.pullRequest;
  const after: PromotionStatus = { ...previous, pullRequest: { number, url, state } };
  if (state === 'Merged') return inPhase(after, 'Merged', now);
  return inPhase(after, decision.kind === 'withdraw' ? decision.as : 'Closed', now);
}

function inPhase(promotion: PromotionStatus, phase: PromotionStatus['phase'], now: Date): PromotionStatus {
  return promotion.phase === phase ? promotion : { ...promotion, phase, since: toTimestamp(now) };
}

/** The keys that come again only if somebody asks. */
export function barredKeys(
  previous: readonly string[] | undefined,
  promotion: PromotionStatus | undefined,
  decision: Decision,
  outcome: Outcome,
): string[] {
  const added =
    decision.kind === 'bar'
      ? [decision.key]
      : outcome.kind === 'looked' && promotion?.phase === 'Closed'
        ? [promotion.revision.key]
        : [];
  return [...(previous ?? []).filter((key) => !added.includes(key)), ...added].slice(-maxBarred);
}
