import type { Reason } from '../api/reasons.ts';
import { redactLines } from '../base/redaction.ts';
import { isForgeError } from '../forges/errors.ts';
import type { Forge, ForgeReader, Head, Look, NewCommit, PullRequest } from '../forges/forge.ts';
import type { Plan, PlannedWrite } from '../forges/plan.ts';
import { edit } from '../manifests/edit.ts';
import { markerText } from '../manifests/marker.ts';
import { scan, type Warning } from '../manifests/scan.ts';
import type { MarkedFile, MarkerIndex } from './marker-index.ts';
import {
  branchOf,
  proposalOf,
  readTrailers,
  type Change,
  type Promotion,
  type Proposal,
} from './proposal.ts';

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
  | { readonly kind: 'refused'; readonly reason: Reason; readonly message: string }
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
  const foreign = head === undefined ? undefined : whyNotOurs(head, promotion, recorded, hands.login);
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

function refused(reason: Reason, message: string): Extract<Proposed, { kind: 'refused' }> {
  return { kind: 'refused', reason, message };
}

interface Edits {
  readonly files: NewCommit['files'];
  readonly changes: readonly Change[];
  /** Of comments that look like markers and mark nothing. */
  readonly warnings: readonly Warning[];
}

const refusals = {
  NotYaml: 'FileNotYaml',
  TooLarge: 'FileNotYaml',
  TooDeep: 'FileNotYaml',
  MarkersConflict: 'MarkersConflict',
  MarkerNotScalar: 'MarkerNotScalar',
  EditNotExact: 'EditRefused',
} as const satisfies Record<string, Reason>;

/** Every marked value of the environment set to the revision: all of them or nothing. */
function editAll(
  files: readonly MarkedFile[],
  promotion: Promotion,
  place: Place,
): Edits | Extract<Proposed, { kind: 'refused' }> {
  const { revision, namespace, pipeline, environment } = promotion;
  const name = `${namespace}:${pipeline}:${environment}`;
  const edited: NewCommit['files'][number][] = [];
  const changes: Change[] = [];
  const warnings: Warning[] = [];
  let marked = 0;
  let carriesDigest = false;
  for (const file of files) {
    const result = edit(file, promotion, {
      version: revision.version,
      ...(revision.digest === undefined ? {} : { digest: revision.digest }),
    });
    switch (result.kind) {
      case 'unmarked':
        if (file.text.includes(name)) warnings.push(...scan(file).warnings);
        break;
      case 'refused': {
        const line = result.line === undefined ? '' : `:${result.line}`;
        return refused(refusals[result.code], `${file.path}${line}: ${result.message}`);
      }
      case 'unchanged':
        marked += 1;
        warnings.push(...result.warnings);
        carriesDigest ||= result.fields.includes('digest');
        break;
      case 'changed':
        marked += 1;
        warnings.push(...result.warnings);
        edited.push({ path: file.path, text: result.text, executable: file.executable ?? false });
        changes.push(...result.edits.map(({ line, from, to }) => ({ path: file.path, line, from, to })));
        break;
      default:
        return result satisfies never;
    }
  }
  if (marked === 0) return refused('MarkerNotFound', whyNoMarker(files, promotion, place));
  if (changes.length === 0) {
    // The same version with another content: merging nothing would change nothing.
    if (!carriesDigest && revision.digest !== undefined && promotion.running?.version === revision.version) {
      return refused(
        'DigestNotCarried',
        `${promotion.environment} runs ${revision.version} with another digest, and no marker carries one; add one with "$field": "digest"`,
      );
    }
    return refused(
      'AlreadyInGit',
      `${place.baseBranch} of ${place.repository} already has ${revision.version} for ${promotion.environment}`,
    );
  }
  return { files: edited, changes, warnings };
}

function whyNoMarker(files: readonly MarkedFile[], promotion: Promotion, place: Place): string {
  const where =
    place.paths.length === 0 ? place.repository : `${place.paths.join(', ')} in ${place.repository}`;
  const wanted = `no ${markerText({ ...promotion, field: 'version' })} in ${where}`;
  for (const file of files) {
    const [warning] = scan(file).warnings;
    if (warning !== undefined) return `${wanted}; ${file.path}:${warning.line}: ${warning.message}`;
  }
  return `${wanted}; put it behind the version`;
}

/** A head is ours when it was recorded before the branch moved, or when the forge vouches that our own account made it for us. */
function whyNotOurs(
  head: Head,
  promotion: Promotion,
  recorded: Recorded,
  login: string,
): Extract<Proposed, { kind: 'refused' }> | undefined {
  if (recorded.commits.includes(head.commit)) return undefined;
  const branch = branchOf(promotion);
  const claims = readTrailers(head.message);
  const { namespace, pipeline, environment, instance } = promotion;
  if (claims.instance !== undefined && claims.instance !== instance) {
    return refused(
      'OwnedByOtherInstance',
      `branch ${branch} belongs to installation ${claims.instance}; delete it there or rename the Pipeline`,
    );
  }
  const claimed =
    claims.instance === instance && claims.environment === `${namespace}/${pipeline}/${environment}`;
  if (claimed && head.verified && head.authorLogin === login) return undefined;
  return refused(
    'BranchTampered',
    `branch ${branch} is at ${head.commit.slice(0, 12)}, which we did not make; merge or delete it`,
  );
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
