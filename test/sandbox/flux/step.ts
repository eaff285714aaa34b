import { withCondition, withoutCondition } from './conditions.ts';
import type { Moment } from './conditions.ts';
import type { HelmRelease, Status } from './helm-release.ts';
import { truncated } from './snapshots.ts';

/** One status write of helm-controller. */
export interface Step {
  /** What the real controller took since the step before, roughly. */
  readonly afterMs: number;
  /** The pause is meant as it stands, whatever the pace. */
  readonly isExact?: true;
  /** Nothing runs meanwhile: an edit ends the pause, and this step and the rest fall away. */
  readonly isIdle?: true;
  /** The status after it. Equal to the status before: there is nothing to write. */
  readonly change: (status: Status, moment: Moment) => Status;
}

/** The controller has begun to look at the object. */
export function fulfilling(pause: Omit<Step, 'change'> = { afterMs: 30 }): Step {
  return { ...pause, change: (status, moment) => reconciling(status, 'Fulfilling prerequisites', moment) };
}

/** The last writes of a run that has come to its end: nothing is in progress, and then this generation is done. */
export function concluded({ metadata: { generation } }: HelmRelease): Step[] {
  return [
    { afterMs: 50, change: (status) => withoutCondition(status, 'Reconciling') },
    { afterMs: 15, change: (status) => ({ ...truncated(status), observedGeneration: generation }) },
  ];
}

export function reconciling(status: Status, message: string, moment: Moment, reason = 'Progressing'): Status {
  const told = withCondition(status, 'Reconciling', { status: 'True', reason, message }, moment);
  return withoutCondition(told, 'Stalled');
}

export function stalled(status: Status, message: string, moment: Moment): Status {
  const told = withCondition(
    status,
    'Stalled',
    { status: 'True', reason: 'RetriesExceeded', message },
    moment,
  );
  return withoutCondition(told, 'Reconciling');
}
