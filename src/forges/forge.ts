import type { Secret } from '../base/secret.ts';

/** Where one forge is: the operator's word, never a tenant's. */
export interface Endpoint {
  /** As people write it in URLs: `github.com`. */
  readonly host: string;
  readonly provider: ProviderName;
  /** Root of the API, without a slash at its end. */
  readonly apiUrl: string;
  /** PEM of the authority that signs its certificate, when the system does not know it. */
  readonly ca?: string;
  /** Whether it may be at an address that is not public. Cloud metadata stays closed even then. */
  readonly allowPrivateNetwork?: boolean;
}

export type ProviderName = 'github' | 'gitlab' | 'gitea';

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

/** What a minted token may do, in the forge's own words: `contents:write`. */
export type Permission = string;

export interface AppKey {
  /** The App's number, or its client id. */
  readonly appId: string;
  /** PEM, RSA, in PKCS #1 or PKCS #8. */
  readonly privateKey: Secret;
  /** The one that is meant; any other is refused. Absent: whichever the repository has. */
  readonly installationId?: string;
  /** The account whose installation is meant, as Flux's Secrets may name it; any other is refused. */
  readonly installationOwner?: string;
}

export interface AppFacts {
  /** As commits and pull requests show it: `acme-promoter[bot]`. */
  readonly login: string;
  /** The App's own. */
  readonly id: string;
}

/** What a credential may do against what a promotion needs. */
export interface ScopeFacts {
  readonly verdict: 'Least' | 'Broad' | 'Insufficient' | 'Unknown';
  /** In the forge's own words: `contents:write`, `repo`, `api`. */
  readonly granted: readonly Permission[];
  readonly surplus: readonly Permission[];
  readonly lacking: readonly Permission[];
  /** A sentence that says it, with the next step where there is one. */
  readonly message: string;
}

/** What is left of the forge's primary limit. */
export interface RateFacts {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: Date;
}

/** When the forge last saw a token in use. */
export interface ForgeLastUsed {
  readonly time: Date;
  /** `±10 min` */
  readonly precision: string;
}

/** What the holder of a token or key is looked at for. */
export interface Subject {
  readonly repository: Repository;
  /** What its promotions take beyond what every one does (`Provider.permissions.write`): it is then no surplus, and lacking where it is not there. */
  readonly alsoNeeds?: readonly Permission[];
}

export interface Installation {
  readonly id: string;
  /** Login of the organization or user that it is at. */
  readonly account: string;
  /** As `AppFacts.login`: every look at the installation tells whether the App was renamed. */
  readonly appLogin: string;
  readonly permissions: readonly Permission[];
  /** What whoever has the App's key may do there, against what a promotion needs: tokens of ours are minted for less. */
  readonly scope: ScopeFacts;
  /** Whether it opens every repository of its account, or chosen ones. */
  readonly repositorySelection: 'all' | 'selected';
}

export interface MintedToken {
  readonly token: Secret;
  readonly expiresAt: Date;
  readonly permissions: readonly Permission[];
  /** Of exactly the repositories that it opens, in the order of the answer: they stay when a repository is renamed, and a new one under an old name has another. */
  readonly repositoryIds: readonly string[];
}

export interface TokenFacts {
  readonly kind:
    | 'PersonalAccessToken' // classic
    | 'FineGrainedToken'
    | 'OAuthUser'
    | 'AppUser'
    | 'InstallationToken'
    | 'ProjectToken'
    | 'GroupToken'
    | 'ServiceAccountToken'
    | 'Unknown';
  readonly owner: { readonly login: string; readonly type: 'Bot' | 'User' | 'Unknown'; readonly id?: string };
  readonly expiry:
    | { readonly kind: 'at'; readonly time: Date }
    | { readonly kind: 'never' }
    | { readonly kind: 'never or not reported' }
    | { readonly kind: 'unknown'; readonly why: string };
  readonly scope: ScopeFacts;
  /** Absent where the forge does not limit, or does not say. */
  readonly rate?: RateFacts;
  /** Absent where the forge does not tell a token when it was used. */
  readonly lastUsed?: ForgeLastUsed;
  /** Made by the forge and long, so that its hash may be shown: not a password that somebody chose. */
  readonly isUnguessable: boolean;
}

/** A token of which the forge knows when it was used, and does not tell it that. */
export interface ObservedToken {
  readonly token: Secret;
  readonly owner: string;
  readonly expiresAt?: Date;
  /** Whose list it stands in: the account that owns the repositories it is used for. */
  readonly organization: string;
  /** As in `Subject`. */
  readonly alsoNeeds?: readonly Permission[];
}

/** What an organization's list says of one token. */
export type Sighting =
  | {
      readonly kind: 'found';
      /** Absent when it was never used. */
      readonly lastUsed?: ForgeLastUsed;
      /** Absent where the list does not say what it may do. */
      readonly scope?: ScopeFacts;
    }
  | { readonly kind: 'unknown'; readonly why: string };

/** What a forge tells about credentials. Works without a repository, and remembers no key, token or installation. */
export interface ForgeIdentity {
  /** Unauthorized when the key is not the App's, or is none (checking a Secret's form is the caller's business). */
  describeApp(key: AppKey, call: Call): Promise<AppFacts>;
  /**
   * Asked anew each time: an App that was installed again has another one. NotInstalled when the App is not on that repository, with a
   * sentence that tells whether it is on the account, or when the key names another installation than that; Suspended when its owner has
   * suspended it there. One request, up to three when it is not on the repository.
   */
  findInstallation(key: AppKey, subject: Subject, call: Call): Promise<Installation>;
  /**
   * A token for these repositories and permissions and no more; never for an empty list of repositories, which GitHub reads as "all".
   * Repositories are told apart by their ids when all have one, else by their names.
   * PermissionsMissing when the installation does not have the permissions. NotInstalled when it is gone or does not have a repository
   * of that name; NotFound when it has none of that id: it was deleted or taken out, so forget the id and mint by the name.
   */
  mintToken(
    request: {
      readonly key: AppKey;
      readonly installation: string;
      readonly repositories: readonly { readonly name: string; readonly id?: string }[];
      readonly permissions: readonly Permission[];
    },
    call: Call,
  ): Promise<MintedToken>;
  /** Ends a minted token. One that is already dead counts as revoked. */
  revokeToken(token: Secret, call: Call): Promise<void>;
  /**
   * Whose a stored token is, how long it lasts, and what it may do with the repository. One request, and once a day another one for the
   * owner. A token that is not shown the repository lacks what is needed; SSORequired when its organization wants it authorized first.
   */
  describeToken(token: Secret, subject: Subject, call: Call): Promise<TokenFacts>;
  /**
   * When the forge last saw a token that is not told that itself. At most three requests. Absent where every token is told, or nobody is.
   * @param observer who may see the organization's list: a token minted for an App with the permission, or a stored one
   */
  readonly sightingOf?: (observer: Secret, observed: ObservedToken, call: Call) => Promise<Sighting>;
}

/** How one provider is spoken to; one line of the registry each. */
export interface Provider {
  readonly identity: (connection: Connection) => ForgeIdentity;
  readonly open: (connection: Connection, repository: Repository, token: ForgeToken) => Forge;
  /** What a promotion needs, and what reading needs. `observe`: what an App needs for `ForgeIdentity.sightingOf`, and nothing else does. */
  readonly permissions: {
    readonly read: readonly Permission[];
    readonly write: readonly Permission[];
    readonly observe?: readonly Permission[];
  };
  /** What changing this file takes beyond `permissions.write`; absent where it is the same for all files. */
  readonly permissionsFor?: (path: string) => readonly Permission[];
  /**
   * What a text that cannot be a token for this forge looks like, as a noun for a sentence: `a token of GitLab`. Undefined when it may be
   * one. Asks nobody.
   */
  readonly looksForeign?: (text: string) => string | undefined;
}

export interface ForgeToken {
  readonly value: Secret;
  /** When it was minted: a token a few seconds old may not be known everywhere, so 401 and 404 are tried again. Absent: stored long ago. */
  readonly mintedAt?: Date;
  /** What its writes may take of the forge's limits. Absent: whatever is left. */
  readonly spending?: Spending;
}

/** Calls that create content, reserved for one act. */
export interface Spending {
  /** Before a request is sent; gives what is to be called when it has been answered. Throws WaitingForBudget when there is none left. */
  take(): () => void;
}

/** One endpoint with its connections; lives as long as the process. */
export interface Connection {
  readonly endpoint: Endpoint;
  /** Sends through this endpoint's pool and authority, and follows no redirect. Rejects with AddressNotAllowed before a byte is sent where the outbound policy forbids it. */
  readonly send: (url: string, request: Request) => Promise<Answer>;
  readonly now: () => Date;
  /** What one request may take, answer included; an archive takes what it takes. */
  readonly deadlineMs: number;
  /**
   * What providers know of this endpoint between calls. Bounded; anything may be forgotten at any time. A key names whatever the
   * value depends on: what only one token may see is kept under that token's fingerprint.
   */
  readonly memory: Memory;
}

export interface Memory {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  delete(key: string): void;
}

export interface Request {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** What came back. Its body is to be read to its end, left early or discarded: until then it holds a socket. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Unzipped, if the request did not ask for a coding of its own. Whoever stops reading closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly discard: () => Promise<void>;
}

export interface AnswerHeaders extends Iterable<readonly [string, string]> {
  /** By its name in lower case. */
  get(name: string): string | null;
}
