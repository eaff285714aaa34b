import type { EnvironmentStatus, PromotionStatus } from '../api/pipeline-status.ts';
import type { PullRequestStrategy } from '../api/pipeline.ts';
import type { Memory } from '../engines/engine.ts';
import type { Revision } from '../base/revision.ts';

/** Everything that one pass judges by: plain data, gathered by `observe`. What is missing is a fact in it, not an exception. */
export interface Observation {
  readonly now: Date;
  readonly namespace: string;
  readonly name: string;
  readonly environments: readonly EnvironmentSeen[];
}

export interface EnvironmentSeen {
  readonly name: string;
  readonly targets: readonly TargetSeen[];
  /** Promotion into this environment is switched off. */
  readonly suspend: boolean;
  /** How a promotion into this environment is made; absent for the first environment of a Pipeline that has no other. */
  readonly strategy?: PullRequestStrategy;
  /** What the last pass wrote. */
  readonly previous?: EnvironmentStatus;
  /** When the forge was last asked about the open pull request; absent: not since the process started. */
  readonly lookedAt?: Date;
}

export interface TargetSeen {
  readonly name: string;
  /** For sentences: `HelmRelease podinfo-dev/podinfo`. */
  readonly app: string;
  readonly state: TargetState;
  /** What to remember of it until the next pass. */
  readonly memory?: Memory;
}

export type TargetState =
  | {
      readonly kind: 'good' | 'bad';
      readonly revision: Revision;
      readonly since: Date;
      readonly message: string;
    }
  /** In progress, with nothing of it known that still holds. */
  | { readonly kind: 'waiting'; readonly message: string }
  /** Not ready for a reason that is no verdict on any revision; `revision` is what runs. */
  | { readonly kind: 'kept'; readonly revision?: Revision; readonly message: string }
  | { readonly kind: 'held'; readonly message: string }
  /** In progress for longer than anybody can answer for. */
  | { readonly kind: 'unknown'; readonly message: string }
  | { readonly kind: 'missing'; readonly message: string }
  | { readonly kind: 'notAllowed'; readonly message: string }
  | { readonly kind: 'noEngine'; readonly message: string }
  | { readonly kind: 'notPromotable'; readonly message: string };

/** What all targets run in good health and agree on; absent while they do not. `since` is when the last of them joined. */
export function agreedRevision(
  environment: EnvironmentSeen,
): { readonly revision: Revision; readonly since: Date } | undefined {
  let agreed: { revision: Revision; since: Date } | undefined;
  for (const { state } of environment.targets) {
    if (state.kind !== 'good') return undefined;
    if (agreed !== undefined && agreed.revision.key !== state.revision.key) return undefined;
    if (agreed === undefined || agreed.since < state.since)
      agreed = { revision: state.revision, since: state.since };
  }
  return agreed;
}

/** Whether a promotion was made to be merged into this branch. */
export function goesInto(promotion: PromotionStatus, baseBranch: string | undefined): boolean {
  return promotion.baseBranch === undefined || promotion.baseBranch === baseBranch;
}
