import type { Reason } from '../../api/reasons.ts';

const untold: ReadonlySet<Reason> = new Set(['ForgeUnreachable', 'RateLimited', 'WaitingForBudget']);

/** Whether the forge could not be asked, or did not answer what it was asked: what it said before is the last that is known. */
export function leavesUntold({ reason }: { readonly reason: Reason }): boolean {
  return untold.has(reason);
}
