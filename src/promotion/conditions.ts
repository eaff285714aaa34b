import type { Condition } from '../api/meta.ts';
import type { EnvironmentStatus, PipelineStatus } from '../api/pipeline-status.ts';
import { reasons, type Reason } from '../api/reasons.ts';
import { sentence } from '../base/sentence.ts';
import { toTimestamp } from '../base/time.ts';
import { credentialConditions } from './credential-conditions.ts';
import type { CredentialSeen } from './credential-seen.ts';
import { urgencyOf } from './urgency.ts';

/** What of a pass the conditions are made of. */
interface ConditionsInput {
  readonly previous: PipelineStatus | undefined;
  readonly generation: number;
  readonly now: Date;
  readonly environments: readonly EnvironmentStatus[];
  readonly credentials: readonly CredentialSeen[];
}

/** The Pipeline's conditions; one whose status stays keeps its time. */
export function conditionsOf({
  previous,
  generation,
  now,
  environments,
  credentials,
}: ConditionsInput): Condition[] {
  const worst = mostUrgent(environments);
  const is = reasons[worst.reason].is;
  const ready = is === 'fine' || is === 'warning' || is === 'waiting';
  const wanted: Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>[] = [
    { type: 'Ready', status: ready ? 'True' : 'False', ...worst },
    ...(is === 'retried' ? [{ type: 'Reconciling', status: 'True' as const, ...worst }] : []),
    ...(is === 'stalled' ? [{ type: 'Stalled', status: 'True' as const, ...worst }] : []),
    ...credentialConditions(credentials),
  ];
  return wanted.map((each) => {
    const before = previous?.conditions?.find(({ type }) => type === each.type);
    return {
      ...each,
      observedGeneration: generation,
      lastTransitionTime: before?.status === each.status ? before.lastTransitionTime : toTimestamp(now),
    };
  });
}

function mostUrgent(environments: readonly EnvironmentStatus[]): { reason: Reason; message: string } {
  let worst: { reason: Reason; message: string } = { reason: 'UpToDate', message: reasons.UpToDate.what };
  for (const { name, waiting: line } of environments) {
    if (line === undefined) continue;
    const reason = line.reason as Reason; // written by `waiting` of status.ts, from the closed list
    if (urgencyOf(reason) < urgencyOf(worst.reason)) {
      worst = { reason, message: sentence(`${name}: ${line.message}`) };
    }
  }
  return worst;
}
