import type { Reason } from '../api/reasons.ts';

/** A proposal that is not made, and what to do about it. */
export interface Refused {
  readonly kind: 'refused';
  readonly reason: Reason;
  readonly message: string;
}

export function refused(reason: Reason, message: string): Refused {
  return { kind: 'refused', reason, message };
}
