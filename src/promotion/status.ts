import type { EnvironmentStatus, PipelineStatus, PromotionStatus } from '../api/pipeline-status.ts';
import type { Reason } from '../api/reasons.ts';
import { sentence } from '../base/sentence.ts';
import { toTimestamp } from '../base/time.ts';
import { showAgainAt } from '../credentials/health/last-used.ts';
import { conditionsOf } from './conditions.ts';
import type { CredentialSeen } from './credential-seen.ts';
import type { Decision, Outcome } from './decision.ts';
import { agreedRevision, type EnvironmentSeen, type Observation } from './observation.ts';
import { barredKeys, promotionStatus } from './phases.ts';
import { revisionStatus, targetStatus } from './target-status.ts';

export interface StatusInput {
  readonly previous: PipelineStatus | undefined;
  readonly generation: number;
  readonly seen: Observation;
  readonly decisions: readonly Decision[];
  /** Of the environments whose decisions have been carried out so far, by name. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** The Credentials that the Pipeline names, each once; the first is the one that is shown. */
  readonly credentials: readonly CredentialSeen[];
  /** When the last use that `previous` shows was written; absent: not since the process started. */
  readonly lastUsedWrittenAt?: Date | undefined;
}

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
  const credential = credentialStatus(input);
  return {
    observedGeneration: input.generation,
    conditions: conditionsOf({
      previous: input.previous,
      generation: input.generation,
      now: input.seen.now,
      environments,
      credentials: input.credentials,
    }),
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

function waitingStatus(
  decision: Decision,
  outcome: Outcome,
  promotion: PromotionStatus | undefined,
  before: EnvironmentStatus['waiting'],
): EnvironmentStatus['waiting'] {
  if (outcome.kind === 'problem') return waiting(outcome.reason, outcome.message, outcome.retryAt);
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

function credentialStatus({
  credentials: [seen],
  previous,
  lastUsedWrittenAt,
  seen: { now },
}: StatusInput): PipelineStatus['credential'] {
  if (seen === undefined) return undefined;
  // When another one was used is nothing of this one.
  const shown = previous?.credential?.name === seen.name ? previous.credential.lastUsed : undefined;
  // A time alone would not be worth a write more often than once a minute.
  const used =
    seen.lastUsed === undefined || (shown !== undefined && now < showAgainAt(shown, lastUsedWrittenAt))
      ? shown
      : toTimestamp(seen.lastUsed);
  return {
    name: seen.name,
    ...(seen.owner === undefined ? {} : { owner: seen.owner }),
    valid: seen.valid,
    ...(seen.expiryTime === undefined ? {} : { expiryTime: seen.expiryTime }),
    ...(used === undefined ? {} : { lastUsed: used }),
    access: seen.exclusive.reason,
  };
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
