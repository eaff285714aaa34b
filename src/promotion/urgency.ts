import { reasons, type Reason } from '../api/reasons.ts';

const urgency = { stalled: 0, retried: 1, blocked: 2, waiting: 3, warning: 4, fine: 5 } as const;

/** How urgent a reason is among several, the most urgent the least number: what a person must mend comes first. */
export function urgencyOf(reason: Reason): number {
  return urgency[reasons[reason].is];
}
