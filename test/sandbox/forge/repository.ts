import type { Account } from './accounts.ts';
import type { GitRepository } from './git/git-repository.ts';

export type Role = 'read' | 'triage' | 'write' | 'maintain' | 'admin';

export interface BranchRule {
  /** Only pull requests move the branch. */
  readonly requiresPullRequest: boolean;
  readonly requiresSignatures: boolean;
  /** Contexts that must be green before a merge. */
  readonly requiredChecks: readonly string[];
  /** The head must hold the newest base. */
  readonly requiresUpToDate: boolean;
  readonly requiredApprovals: number;
  readonly allowsForcePushes: boolean;
  readonly allowsDeletions: boolean;
}

export interface CommitStatus {
  readonly context: string;
  readonly state: 'error' | 'failure' | 'pending' | 'success';
}

export interface Label {
  readonly id: number;
  readonly name: string;
  readonly color: string;
  readonly description: string | null;
}

export interface MergeSettings {
  mergeCommit: boolean;
  squash: boolean;
  rebase: boolean;
  autoMerge: boolean;
  deleteBranchOnMerge: boolean;
}

export interface Repository {
  readonly id: number;
  readonly nodeId: string;
  readonly owner: Account;
  name: string;
  isPrivate: boolean;
  archived: boolean;
  description: string | null;
  defaultBranch: string;
  readonly createdAt: Date;
  updatedAt: Date;
  pushedAt: Date;
  readonly git: GitRepository;
  readonly merges: MergeSettings;
  readonly collaborators: Map<number, Role>;
  /** By number. */
  readonly pullRequests: Map<number, PullRequest>;
  /** By name in lower case. */
  readonly labels: Map<string, Label>;
  /** By branch name. */
  readonly rules: Map<string, BranchRule>;
  /** By commit; the newest of each context last. */
  readonly statuses: Map<string, CommitStatus[]>;
  lastNumber: number;
}

export interface Comment {
  readonly id: number;
  readonly author: Account;
  readonly body: string;
  readonly createdAt: Date;
}

export interface Review {
  readonly author: Account;
  readonly state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED';
}

/** Whether head and base can be merged; holds for these two commits alone. */
export interface Mergeability {
  readonly headOid: string;
  readonly baseOid: string;
  /** The commit that GitHub made to try; absent where they conflict. */
  readonly testMerge?: string;
}

export interface PullRequest {
  readonly id: number;
  readonly nodeId: string;
  readonly number: number;
  readonly repository: Repository;
  readonly author: Account;
  readonly headBranch: string;
  readonly createdAt: Date;
  title: string;
  body: string | null;
  draft: boolean;
  state: 'open' | 'closed' | 'merged';
  headOid: string;
  baseBranch: string;
  /** Where the base was when the pull request was opened or last moved. */
  baseOid: string;
  updatedAt: Date;
  closedAt: Date | undefined;
  mergedAt: Date | undefined;
  mergedBy: Account | undefined;
  mergeCommit: string | undefined;
  mergeability: Mergeability | undefined;
  /** Its head was moved onto its base: GitHub closes it and never opens it again. */
  emptied: boolean;
  maintainerCanModify: boolean;
  readonly labels: Label[];
  readonly reviewers: Account[];
  readonly assignees: Account[];
  readonly comments: Comment[];
  readonly reviews: Review[];
}
