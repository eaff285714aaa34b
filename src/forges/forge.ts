export interface Repository {
  readonly owner: string;
  readonly name: string;
}

export interface Call {
  /** Ends the call; every call also has a deadline of its own. */
  readonly signal: AbortSignal;
}

/** Differences between forges are declared here and never asked for by name. */
export interface Capabilities {
  /** A branch moves only if it is where we last saw it (compare and swap), also backwards. */
  readonly casMove: boolean;
  /** The forge signs commits that it makes for us, so that they show as verified. */
  readonly signsCommits: boolean;
}

/** What one look at a repository must answer before anything is written. */
export interface LookQuery {
  readonly baseBranch: string;
  /** The promotion branch. */
  readonly headBranch: string;
  /** Directories or files below the root; `[]` asks for the root alone. */
  readonly paths: readonly string[];
}

export interface Look {
  /** Absent when the branch does not exist. */
  readonly base?: { readonly commit: string; readonly tree: string };
  /** In the order of the query (`['']` for the root), without `.` segments; `entry` is absent where the base has nothing at that path. */
  readonly paths: readonly {
    readonly path: string;
    readonly entry?: { readonly kind: 'tree' | 'blob'; readonly oid: string };
  }[];
  /** The promotion branch, when it exists. */
  readonly head?: Head;
  /** Open pull requests from the promotion branch of this very repository (no forks), into whatever branch; oldest first. */
  readonly pullRequests: readonly PullRequest[];
}

export interface Head {
  readonly commit: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  /** Login of the account that the forge attributes the commit to. */
  readonly authorLogin?: string;
  /** Signed by the forge for that account. */
  readonly verified: boolean;
}

export interface PullRequest {
  readonly number: number;
  /** Page for people. */
  readonly url: string;
  readonly state: 'Open' | 'Merged' | 'Closed';
  readonly title: string;
  readonly body: string;
  readonly headCommit: string;
  /** What it merges from; absent when that is a fork's. */
  readonly headBranch?: string | undefined;
  /** What it merges into. */
  readonly baseBranch: string;
  /** Its base has changed what it changes, so that it cannot be merged. Absent also while the forge has not found out. */
  readonly conflicts?: true | undefined;
}

export interface TreeFile {
  /** Below the tree that was listed. */
  readonly path: string;
  readonly blob: string;
  /** Bytes. */
  readonly size: number;
  readonly executable?: boolean;
}

/** What differs between two commits, `from` being an ancestor of `to`; `unknown` when the forge does not list all of it. */
export type Changes =
  | { readonly kind: 'complete'; readonly files: readonly ChangedFile[] }
  | { readonly kind: 'unknown'; readonly why: string };

export interface ChangedFile {
  readonly path: string;
  /** Absent when the file is gone. */
  readonly blob?: string;
  /** Where it was before a rename. */
  readonly previousPath?: string;
  /** Every line that is new in it, against what was at this path before; absent where the forge does not show all of them. */
  readonly newLines?: string;
}

export interface NewCommit {
  readonly parent: string;
  readonly baseTree: string;
  /** Whole contents. Write `executable` as the file was: what is not said becomes an ordinary file. */
  readonly files: readonly { readonly path: string; readonly text: string; readonly executable?: boolean }[];
  readonly message: string;
}

export interface Commit {
  readonly sha: string;
  readonly verified: boolean;
  /** The forge's word for why not verified. */
  readonly reason: string;
}

export interface NewPullRequest {
  readonly headBranch: string;
  readonly baseBranch: string;
  readonly title: string;
  readonly body: string;
  readonly draft: boolean;
}

export interface PullRequestChange {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  /** Absent: it goes on merging into the same branch. */
  readonly baseBranch?: string;
}

/**
 * One repository on one forge, through one token. Knows no Kubernetes. Every method rejects with a `ForgeError` alone (or the
 * signal's reason), has a deadline, and sends the token to the endpoint's own origin only.
 */
export interface ForgeReader {
  /** One request, whatever the repository's size. NotFound when the repository is not there for this token. */
  look(query: LookQuery, call: Call): Promise<Look>;
  /** One request. */
  changes(range: { readonly from: string; readonly to: string }, call: Call): Promise<Changes>;
  /**
   * All regular files below a tree whose path `keep` accepts; symbolic links and submodules are left out. Where the forge cuts a
   * listing short it walks in parts, or gives undefined unless `inParts`. More than `limit` files kept: rejects with Refused.
   */
  listFiles(
    query: {
      readonly tree: string;
      readonly keep: (path: string) => boolean;
      readonly limit: number;
      readonly inParts: boolean;
    },
    call: Call,
  ): Promise<readonly TreeFile[] | undefined>;
  /**
   * Contents by blob id, whose hash has been checked, batched into few requests. Blobs that are binary or above 1 MiB are absent;
   * one that the forge does not have rejects with Unavailable.
   */
  readBlobs(blobs: readonly string[], call: Call): Promise<ReadonlyMap<string, string>>;
  /**
   * Streams every regular file of a commit to `take` (path from the root, content, its hash as a blob, its mode), never holding the archive in
   * memory or on disk. `wanted` says by path which contents are worth reading; what is above 1 MiB is not asked for. No credential
   * follows a redirect. Gives the id of every directory's tree as the archive has it, by path ('' is the root): it is git's own
   * unless something below was left out or changed on the way.
   */
  streamArchive(
    query: {
      readonly commit: string;
      readonly wanted: (path: string, size: number) => boolean;
      readonly take: (path: string, content: Buffer, blob: string, executable: boolean) => void;
    },
    call: Call,
  ): Promise<ReadonlyMap<string, string>>;
  /** Free of the rate limit while nothing changed, where the forge has conditional requests. */
  pullRequest(number: number, call: Call): Promise<PullRequest>;
}

/** Every write may be repeated: see each method for what a repetition does. */
export interface ForgeWriter {
  /** Makes a commit that no branch holds yet; repeating makes another one, which nobody sees. */
  createCommit(commit: NewCommit, call: Call): Promise<Commit>;
  /**
   * Moves (or, with `from` absent, creates) a branch in one step, only if it is where `from` says. `stale` when it is not.
   * Repeating after a lost answer gives `stale`: look again, the branch may already be at `to`.
   */
  moveBranch(
    move: { readonly branch: string; readonly from?: string; readonly to: string },
    call: Call,
  ): Promise<'moved' | 'stale'>;
  /** Deletes a branch only if it is at `from`; a branch that is gone counts as deleted. */
  deleteBranch(
    branch: { readonly branch: string; readonly from: string },
    call: Call,
  ): Promise<'deleted' | 'stale'>;
  /** Opens it, or finds the open one of the same two branches: repeating gives the same pull request. */
  openPullRequest(pullRequest: NewPullRequest, call: Call): Promise<PullRequest>;
  /** Sets all that is given. */
  updatePullRequest(change: PullRequestChange, call: Call): Promise<PullRequest>;
  /**
   * Comments on one that was seen open, and closes it. One that was closed or merged since stays so, and the answer says which;
   * the same comment is not made again within the hour.
   */
  closePullRequest(
    close: { readonly number: number; readonly comment: string },
    call: Call,
  ): Promise<PullRequest>;
  /** Adds labels and asks reviewers; both may be repeated. Nothing is sent for empty lists. */
  decorate(
    request: {
      readonly number: number;
      readonly labels: readonly string[];
      readonly reviewers: readonly string[];
    },
    call: Call,
  ): Promise<void>;
}

export interface Forge extends ForgeReader, ForgeWriter {
  readonly supports: Capabilities;
  readonly repository: Repository;
}
