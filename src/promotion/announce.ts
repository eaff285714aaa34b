import type { Condition } from '../api/meta.ts';
import type { EnvironmentStatus, PipelineStatus, PromotionStatus } from '../api/pipeline-status.ts';
import { isReason, reasons, type Reason } from '../api/reasons.ts';
import { newsOf } from '../credentials/health/announce.ts';

/** Something that people should hear of: a Kubernetes Event's content. */
export interface Announcement {
  readonly type: 'Normal' | 'Warning';
  readonly reason: Reason;
  /** What was being done, as events.k8s.io wants it. */
  readonly action: 'Promote' | 'Check';
  readonly note: string;
}

/** What changed from one status to the next, for people. Nothing changed: nothing to say. */
export function announce(
  previous: PipelineStatus | undefined,
  next: PipelineStatus,
): readonly Announcement[] {
  const ofEnvironments = (next.environments ?? []).flatMap((environment) => {
    const before = previous?.environments?.find(({ name }) => name === environment.name);
    return [...announcePhase(before?.promotion, environment), ...announceProblem(before, environment)];
  });
  const ofCredentials = (next.conditions ?? []).flatMap((condition) =>
    announceCondition(
      previous?.conditions?.find(({ type }) => type === condition.type),
      condition,
    ),
  );
  return [...ofEnvironments, ...ofCredentials];
}

function announcePhase(
  before: PromotionStatus | undefined,
  { name, promotion }: EnvironmentStatus,
): Announcement[] {
  if (promotion === undefined) return [];
  const { phase, revision, pullRequest } = promotion;
  if (before?.phase === phase && before.revision.key === revision.key) return [];
  const say = (reason: Reason, note: string): Announcement[] => [
    { type: 'Normal', reason, action: 'Promote', note },
  ];
  const link = pullRequest === undefined ? '' : ` (${pullRequest.url})`;
  switch (phase) {
    case 'Proposed':
      return say('PullRequestOpen', `${name}: pull request for ${revision.version} is open${link}`);
    case 'Merged':
      return say('Merged', `${name}: ${revision.version} is merged${link}`);
    case 'Promoted':
      return say('UpToDate', `${name} runs ${revision.version}`);
    case 'Closed':
      return say('PullRequestClosed', `${name}: pull request for ${revision.version} was closed${link}`);
    case 'Proposing':
    case 'Superseded':
      return [];
    default:
      return phase satisfies never;
  }
}

function announceProblem(
  before: EnvironmentStatus | undefined,
  { name, waiting }: EnvironmentStatus,
): Announcement[] {
  if (waiting === undefined || !isReason(waiting.reason) || before?.waiting?.reason === waiting.reason)
    return [];
  const { is } = reasons[waiting.reason];
  if (is === 'fine' || is === 'warning' || is === 'waiting') return [];
  return [
    { type: 'Warning', reason: waiting.reason, action: 'Promote', note: `${name}: ${waiting.message}` },
  ];
}

/** Of the conditions those about credentials: what Ready sums up is told of each environment. */
function announceCondition(before: Condition | undefined, condition: Condition): Announcement[] {
  const { type, reason, message } = condition;
  if (type !== 'CredentialHealthy' && type !== 'CredentialExclusive') return [];
  const news = newsOf(before, condition);
  if (news === undefined || !isReason(reason)) return [];
  return [{ type: news, reason, action: 'Check', note: `${type}: ${message}` }];
}
