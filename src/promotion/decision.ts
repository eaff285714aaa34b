import type { Reason } from '../api/reasons.ts';
import type { Revision } from '../base/revision.ts';
import type { PullRequestStrategy } from '../api/pipeline.ts';

/** What a pass does about one environment. */
export type Decision =
  /** Nothing to promote: the first environment, or one that runs its source's revision. */
  | { readonly kind: 'rest' }
  /** Nothing is done, and this sentence says why. */
  | { readonly kind: 'hold'; readonly reason: Reason; readonly message: string; readonly until?: Date }
  /** Make, or bring up to date, the one pull request of this environment. */
  | { readonly kind: 'propose'; readonly candidate: Revision; readonly strategy: PullRequestStrategy }
  /** Ask the forge what became of the pull request. */
  | { readonly kind: 'look'; readonly number: number; readonly strategy: PullRequestStrategy }
  /** The environment runs what its source runs: the promotion is over. */
  | {
      readonly kind: 'conclude';
      /** Promoted when that is what it promoted. */
      readonly as: 'Promoted' | 'Superseded';
    }
  /** Close a pull request that has nothing left to do; one that was merged meanwhile, as most are, stays as it is. */
  | {
      readonly kind: 'withdraw';
      readonly number: number;
      readonly comment: string;
      readonly strategy: PullRequestStrategy;
      /** Promoted when the environment reached the revision by another way. */
      readonly as: 'Promoted' | 'Superseded';
    }
  /** The environment left a revision that it had been promoted to: that revision is not proposed again. */
  | { readonly kind: 'bar'; readonly key: string };

/** What came of carrying a decision out. */
export type Outcome =
  | { readonly kind: 'nothing' }
  /** A commit exists that no branch holds yet; written to status before the branch moves. */
  | { readonly kind: 'committed'; readonly revision: Revision; readonly commit: CommitMade }
  | {
      readonly kind: 'proposed';
      readonly revision: Revision;
      readonly commit: CommitMade;
      readonly pullRequest: { readonly number: number; readonly url: string };
    }
  | {
      readonly kind: 'looked';
      readonly state: 'Open' | 'Merged' | 'Closed';
      /** It cannot be merged as it is. */
      readonly conflicts?: true;
    }
  | { readonly kind: 'withdrawn'; readonly state: 'Merged' | 'Closed' }
  /** There is no such pull request of ours, as in a repository that was made anew under its old name. */
  | { readonly kind: 'lost' }
  /** Not done; the next pass tries again. */
  | { readonly kind: 'problem'; readonly reason: Reason; readonly message: string; readonly retryAt?: Date };

export interface CommitMade {
  /** `host/owner/name`. */
  readonly repository: string;
  /** What it is to be merged into. */
  readonly baseBranch: string;
  readonly branch: string;
  readonly sha: string;
  /** Commits of ours that the branch held before, or that it may still be moved to. */
  readonly previous?: readonly string[];
  readonly verified: boolean;
}
