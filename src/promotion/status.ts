import type { Condition } from '../api/meta.ts';
import {
  maxPreviousCommits,
  type EnvironmentStatus,
  type PipelineStatus,
  type PromotionStatus,
  type RevisionStatus,
  type TargetStatus,
} from '../api/pipeline-status.ts';
import { reasons, type Reason } from '../api/reasons.ts';
import type { Revision } from '../base/revision.ts';
import { sentence } from '../base/sentence.ts';
import { toTimestamp } from '../base/time.ts';
import type { Memory } from '../engines/engine.ts';
import type { CommitMade, Decision, Outcome } from './decision.ts';
import { agreedRevision, type EnvironmentSeen, type Observation, type TargetSeen } from './observation.ts';

/** What is known of the Credential that a Pipeline's pull requests are made with. */
export interface CredentialSeen {
  readonly name: string;
  readonly owner?: string;
  readonly valid: 'True' | 'False' | 'Unknown';
  /** Whether it is ready to promote with: valid, and with all it needs. */
  readonly healthy: 'True' | 'False' | 'Unknown';
  readonly expiryTime?: string;
  /** When this Pipeline last used it. */
  readonly lastUsed?: Date;
  readonly reason: Reason;
  readonly message: string;
}

export interface StatusInput {
  readonly previous: PipelineStatus | undefined;
  readonly generation: number;
  readonly seen: Observation;
  readonly decisions: readonly Decision[];
  /** Of the environments whose decisions have been carried out so far, by name. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly credential: CredentialSeen | undefined;
}

const maxBarred = 16;

/** What the next pass and the user read. Equal input gives equal output, so that a pass that changes nothing writes nothing. */
export function statusOf(input: StatusInput): PipelineStatus {
  const environments = input.seen.environments.map((seen, index) =>
    environmentStatus(
      seen,
      input.seen.environments[index - 1],
      input.decisions[index] ?? { kind: 'rest' },
      input.outcomes.get(seen.name) ?? { kind: 'nothing' },
      input.seen.now,
    ),
  );
  const credential = credentialStatus(input.credential, input.previous?.credential?.lastUsed);
  return {
    observedGeneration: input.generation,
    conditions: conditionsOf(input, environments),
    summary: {
      revisions: sentence(
        environments.map(({ name, revision }) => `${name} ${revision?.version ?? '?'}`).join(', '),
        512,
      ),
      waiting: sentence(waitingSummary(environments), 512),
      ...(credential === undefined ? {} : { credential: credentialSummary(credential) }),
    },
    environments,
    ...(credential === undefined ? {} : { credential }),
  };
}

function environmentStatus(
  seen: EnvironmentSeen,
  source: EnvironmentSeen | undefined,
  decision: Decision,
  outcome: Outcome,
  now: Date,
): EnvironmentStatus {
  const { previous } = seen;
  const here = agreedRevision(seen);
  const candidate = source === undefined ? undefined : agreedRevision(source);
  const promotion = promotionStatus(previous?.promotion, decision, outcome, now);
  const barred = barredKeys(previous?.barred, promotion, decision, outcome);
  const waiting = waitingStatus(decision, outcome, promotion, previous?.waiting);
  return {
    name: seen.name,
    ...(here === undefined ? {} : { revision: revisionStatus(here.revision) }),
    targets: seen.targets.map(targetStatus),
    ...(candidate === undefined
      ? {}
      : { candidate: { ...revisionStatus(candidate.revision), since: toTimestamp(candidate.since) } }),
    ...(waiting === undefined ? {} : { waiting }),
    ...(promotion === undefined ? {} : { promotion }),
    ...(barred.length === 0 ? {} : { barred }),
  };
}

/** Bounds of the schema: one member over its bound and the whole status is refused. */
const maxVersionBytes = 128;
const maxDigestBytes = 80;
const maxAttemptedBytes = 96;

function revisionStatus({ version, digest, key }: Revision): RevisionStatus {
  const shown = digest !== undefined && Buffer.byteLength(digest) <= maxDigestBytes ? { digest } : {};
  return { version: sentence(version, maxVersionBytes), ...shown, key };
}

const verdicts: Record<TargetSeen['state']['kind'], TargetStatus['verdict']> = {
  good: 'Good',
  bad: 'Bad',
  waiting: 'Waiting',
  kept: 'Waiting',
  held: 'Held',
  unknown: 'Unknown',
  missing: 'Missing',
  notAllowed: 'Unreadable',
  noEngine: 'Unreadable',
  notPromotable: 'Unreadable',
};

function targetStatus({ name, state, memory }: TargetSeen): TargetStatus {
  const remembered = memory?.verdict === 'wait' ? undefined : memory?.revision;
  const revision = remembered ?? ('revision' in state ? state.revision : undefined);
  return {
    name,
    verdict: verdicts[state.kind],
    message: sentence(state.message),
    ...(revision === undefined ? {} : { revision: revisionStatus(revision) }),
    ...(memory === undefined ? {} : memoryStatus(memory)),
  };
}

const lastVerdicts = { good: 'Good', bad: 'Bad', wait: 'Waiting' } as const satisfies Record<
  Memory['verdict'],
  string
>;

function memoryStatus(
  memory: Memory,
): Pick<TargetStatus, 'last' | 'since' | 'uid' | 'generation' | 'attempted'> {
  // Longer than any version: what cannot be kept whole is not remembered.
  if (Buffer.byteLength(memory.attempted) > maxAttemptedBytes) return {};
  return {
    last: lastVerdicts[memory.verdict],
    since: toTimestamp(memory.since),
    uid: memory.uid,
    generation: memory.generation,
    attempted: memory.attempted,
  };
}

/** What `targetStatus` wrote, as the memory of the next pass; undefined where it holds none. */
export function memoryOf(status: TargetStatus | undefined): Memory | undefined {
  const { last, since, uid, generation, attempted, revision, message = '' } = status ?? {};
  if (last === undefined || since === undefined || uid === undefined) return undefined;
  if (generation === undefined || attempted === undefined) return undefined;
  const attempt = { uid, generation, attempted, since: new Date(since), message };
  if (last === 'Waiting') return { verdict: 'wait', ...attempt };
  if (revision === undefined) return undefined;
  const { version, digest, key } = revision;
  return {
    verdict: last === 'Good' ? 'good' : 'bad',
    revision: { version, ...(digest === undefined ? {} : { digest }), key },
    ...attempt,
  };
}

function promotionStatus(
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
    case 'withdrawn':
      return settled(previous, decision, outcome.state, now);
    case 'nothing':
    case 'problem':
      break;
    default:
      return outcome satisfies never;
  }
  if (decision.kind === 'conclude' && previous !== undefined) {
    return inPhase(previous, 'Promoted', now);
  }
  return previous;
}

function committed(revision: Revision, commit: CommitMade): Omit<PromotionStatus, 'phase' | 'since'> {
  return {
    revision: revisionStatus(revision),
    repository: commit.repository,
    branch: commit.branch,
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

/** What a look at the pull request, or its closing, makes of the promotion. */
function settled(
  previous: PromotionStatus | undefined,
  decision: Decision,
  state: 'Open' | 'Merged' | 'Closed',
  now: Date,
): PromotionStatus | undefined {
  if (previous?.pullRequest === undefined || state === 'Open') return previous;
  const after: PromotionStatus = { ...previous, pullRequest: { ...previous.pullRequest, state } };
  if (state === 'Merged') return inPhase(after, 'Merged', now);
  return inPhase(after, decision.kind === 'withdraw' ? decision.as : 'Closed', now);
}

function inPhase(promotion: PromotionStatus, phase: PromotionStatus['phase'], now: Date): PromotionStatus {
  return promotion.phase === phase ? promotion : { ...promotion, phase, since: toTimestamp(now) };
}

function barredKeys(
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

function waitingStatus(
  decision: Decision,
  outcome: Outcome,
  promotion: PromotionStatus | undefined,
  before: EnvironmentStatus['waiting'],
): EnvironmentStatus['waiting'] {
  if (outcome.kind === 'problem') return waiting(outcome.reason, outcome.message);
  switch (decision.kind) {
    case 'hold':
      return waiting(decision.reason, decision.message, decision.until);
    case 'propose':
      return promotion?.phase === 'Proposed'
        ? openLine(promotion)
        : waiting('Promoting', `${decision.candidate.version} is being proposed`);
    case 'look':
      // The pass after a look says what is waited for. What the one before said stands until then, so that looking changes nothing.
      if (outcome.kind === 'looked' && outcome.state === 'Open' && before !== undefined) return before;
      return promotion === undefined ? undefined : phaseLine(promotion);
    case 'bar':
    case 'conclude':
    case 'withdraw':
    case 'rest':
      return undefined;
    default:
      return decision satisfies never;
  }
}

function phaseLine(promotion: PromotionStatus): EnvironmentStatus['waiting'] {
  switch (promotion.phase) {
    case 'Proposed':
      return openLine(promotion);
    case 'Merged':
      return waiting('Merged', `${promotion.revision.version} was merged at ${promotion.since}`);
    case 'Closed':
      return waiting('PullRequestClosed', `${promotion.revision.version} was closed at ${promotion.since}`);
    case 'Proposing':
    case 'Promoted':
    case 'Superseded':
      return undefined;
    default:
      return promotion.phase satisfies never;
  }
}

/** Equal to what the rule `alreadyProposed` says, so that the pass after a proposal writes nothing. */
function openMessage(
  version: string,
  pullRequest: { readonly number: number; readonly url: string },
): string {
  return `pull request #${pullRequest.number} for ${version}: ${pullRequest.url}`;
}

function openLine({ revision, pullRequest }: PromotionStatus): EnvironmentStatus['waiting'] {
  return pullRequest === undefined
    ? undefined
    : waiting('PullRequestOpen', openMessage(revision.version, pullRequest));
}

function waiting(reason: Reason, message: string, until?: Date): NonNullable<EnvironmentStatus['waiting']> {
  return {
    reason,
    message: sentence(message),
    ...(until === undefined ? {} : { until: toTimestamp(until) }),
  };
}

function waitingSummary(environments: readonly EnvironmentStatus[]): string {
  const first = environments.find((each) => each.waiting !== undefined);
  return first?.waiting === undefined ? '' : `${first.name}: ${first.waiting.message}`;
}

function credentialStatus(
  seen: CredentialSeen | undefined,
  lastWritten: string | undefined,
): PipelineStatus['credential'] {
  if (seen === undefined) return undefined;
  const used = seen.lastUsed === undefined ? lastWritten : atMostOnceAMinute(seen.lastUsed, lastWritten);
  return {
    name: seen.name,
    ...(seen.owner === undefined ? {} : { owner: seen.owner }),
    valid: seen.valid,
    ...(seen.expiryTime === undefined ? {} : { expiryTime: seen.expiryTime }),
    ...(used === undefined ? {} : { lastUsed: used }),
  };
}

/** A time that alone would not be worth a write more often than once a minute. */
function atMostOnceAMinute(time: Date, written: string | undefined): string {
  if (written !== undefined && time.getTime() - new Date(written).getTime() < 60_000) return written;
  return toTimestamp(time);
}

function credentialSummary({
  name,
  owner,
  valid,
  lastUsed,
}: NonNullable<PipelineStatus['credential']>): string {
  const used = lastUsed === undefined ? 'not used yet' : `used ${lastUsed}`;
  const worth = valid === 'False' ? ', not valid' : '';
  return sentence(`${owner ?? name}, ${used}${worth}`);
}

/** How urgent a reason is when several environments wait: what a person must mend comes first. */
const urgency = { stalled: 0, retried: 1, blocked: 2, waiting: 3, fine: 4 } as const;

function conditionsOf(input: StatusInput, environments: readonly EnvironmentStatus[]): Condition[] {
  const worst = mostUrgent(environments);
  const is = reasons[worst.reason].is;
  const ready = is === 'fine' || is === 'waiting';
  const wanted: Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>[] = [
    { type: 'Ready', status: ready ? 'True' : 'False', ...worst },
    ...(is === 'retried' ? [{ type: 'Reconciling', status: 'True' as const, ...worst }] : []),
    ...(is === 'stalled' ? [{ type: 'Stalled', status: 'True' as const, ...worst }] : []),
    ...(input.credential === undefined
      ? []
      : [
          {
            type: 'CredentialHealthy',
            status: input.credential.healthy,
            reason: input.credential.reason,
            message: sentence(input.credential.message),
          },
        ]),
  ];
  return wanted.map((each) => {
    const before = input.previous?.conditions?.find(({ type }) => type === each.type);
    return {
      ...each,
      observedGeneration: input.generation,
      lastTransitionTime:
        before?.status === each.status ? before.lastTransitionTime : toTimestamp(input.seen.now),
    };
  });
}

function mostUrgent(environments: readonly EnvironmentStatus[]): { reason: Reason; message: string } {
  let worst: { reason: Reason; message: string } = { reason: 'UpToDate', message: reasons.UpToDate.what };
  for (const { name, waiting: line } of environments) {
    if (line === undefined) continue;
    const reason = line.reason as Reason; // written by `waiting` above, from the closed list
    if (urgency[reasons[reason].is] < urgency[reasons[worst.reason].is]) {
      worst = { reason, message: sentence(`${name}: ${line.message}`) };
    }
  }
  return worst;
}
