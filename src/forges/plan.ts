import type { ForgeWriter } from './forge.ts';

/** A write that an act means to make; labels and reviewers are the two halves of decorating. */
export type PlannedWrite = Exclude<keyof ForgeWriter, 'decorate'> | 'label' | 'askReviewers';

/** What an act is going to do. */
export interface Plan {
  /** All that it may write: calls are reserved for it before it begins. Absent: as much as a whole promotion. */
  readonly writes?: readonly PlannedWrite[];
  /** Paths of the files that it changes: some take a permission of their own. */
  readonly changes?: readonly string[];
}
