/** Where and how the pull request is made. */
export interface Place {
  /** `host/owner/name` */
  readonly repository: string;
  readonly baseBranch: string;
  /** `[]`: the whole repository. */
  readonly paths: readonly string[];
  readonly labels: readonly string[];
  readonly reviewers: readonly string[];
  readonly draft: boolean;
}
