import { toTimestamp } from '../../../src/base/time.ts';
import type { Condition, Status } from './helm-release.ts';

/** When a status is written, and the generation that the object has by then: an edit may have come since the run began. */
export interface Moment {
  readonly now: Date;
  readonly generation: number;
}

export type ConditionType =
  'Reconciling' | 'Stalled' | 'Ready' | 'Released' | 'TestSuccess' | 'Remediated' | 'Drifted';
export type Said = Pick<Condition, 'status' | 'reason' | 'message'>;

/** The conditions that Flux puts first; the others follow by name. */
const first = ['Reconciling', 'Stalled', 'Ready'];

/** The date moves when anything is said differently, message included, not with the status alone: so Flux does it. */
export function withCondition(status: Status, type: ConditionType, said: Said, moment: Moment): Status {
  const before = conditionOf(status, type);
  const isSame =
    before?.status === said.status && before.reason === said.reason && before.message === said.message;
  const condition: Condition = {
    type,
    ...said,
    observedGeneration: moment.generation,
    lastTransitionTime: isSame ? before.lastTransitionTime : toTimestamp(moment.now),
  };
  const conditions = [...(withoutCondition(status, type).conditions ?? []), condition];
  return { ...status, conditions: conditions.toSorted(byRank) };
}

export function withoutCondition(status: Status, ...types: readonly ConditionType[]): Status {
  const conditions = (status.conditions ?? []).filter(({ type }) => !types.some((each) => each === type));
  return { ...status, conditions };
}

export function conditionOf(status: Status, type: ConditionType): Condition | undefined {
  return status.conditions?.find((each) => each.type === type);
}

function byRank(a: Condition, b: Condition): number {
  const rank = ({ type }: Condition): number => (first.includes(type) ? first.indexOf(type) : first.length);
  return rank(a) - rank(b) || (a.type < b.type ? -1 : 1);
}
