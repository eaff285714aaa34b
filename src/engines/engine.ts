import type { Revision } from '../base/revision.ts';

/**
 * What one app object says by itself, at one moment. `since` is the `lastTransitionTime` of the condition that the verdict
 * rests on, by the clock of the object's cluster; absent where no condition dates it.
 */
export type Verdict =
  /** The revision runs, the engine says that it is well, and nothing is in progress. */
  | { readonly kind: 'good'; readonly revision: Revision; readonly since?: Date; readonly message: string }
  /** The attempt at the revision failed. It may still recover where the engine tries again. */
  | { readonly kind: 'bad'; readonly revision: Revision; readonly since?: Date; readonly message: string }
  /** In progress, not seen yet, the status belongs to another spec, or the object cannot be read. */
  | { readonly kind: 'wait'; readonly since?: Date; readonly message: string }
  /** Not ready, but nothing new was tried: the revision is what runs. For a candidate this reads as `wait`. */
  | { readonly kind: 'keep'; readonly revision: Revision; readonly message: string }
  /** Suspended or being deleted. */
  | { readonly kind: 'hold'; readonly message: string };

/** A verdict in the light of what the object said before: dated, and `unknown` when a wait has gone on for too long. */
export type Standing =
  | { readonly kind: 'good'; readonly revision: Revision; readonly since: Date; readonly message: string }
  | { readonly kind: 'bad'; readonly revision: Revision; readonly since: Date; readonly message: string }
  | { readonly kind: 'wait'; readonly since: Date; readonly message: string }
  | { readonly kind: 'unknown'; readonly since: Date; readonly message: string }
  | { readonly kind: 'keep'; readonly revision: Revision; readonly message: string }
  | { readonly kind: 'hold'; readonly message: string };

/** What a result belongs to: the object, its spec, and the revision that the engine tried last ('' before the first). */
export interface Attempt {
  readonly uid: string;
  readonly generation: number;
  /** As the engine writes it, so with build metadata. */
  readonly attempted: string;
}

/** What is remembered of a target between two looks; flat, so that a status can hold it. */
export type Memory = Attempt & { readonly since: Date; readonly message: string } & (
    | { readonly verdict: 'good' | 'bad'; readonly revision: Revision }
    /** A wait that nothing stood through. */
    | { readonly verdict: 'wait' }
  );

export interface Reading {
  readonly verdict: Standing;
  /** Goes into the next look; absent: nothing is worth remembering. */
  readonly memory?: Memory;
  /** When to look again if the object does not change: the verdict changes by the passing of time. */
  readonly recheckAt?: Date;
}

/** An app object, or what a projection left of it. Plain JSON. */
export interface AppObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly [field: string]: unknown;
}

/** Reads the app objects of one group and kind, whatever their version. Every function is pure and takes anything without throwing. */
export interface Engine {
  readonly group: string;
  readonly kind: string;
  /** The few fields that this engine reads, for a cache. Every function here gives the same for an object and its projection. */
  readonly project: (object: unknown) => AppObject;
  readonly read: (object: unknown) => Verdict;
  /** The verdict in the light of `memory`. A wait counts as unknown after `waitLimitMs` (10 minutes unless said otherwise). */
  readonly remember: (
    object: unknown,
    verdict: Verdict,
    memory: Memory | undefined,
    now: Date,
    waitLimitMs?: number,
  ) => Reading;
  /**
   * Why the object's version cannot be carried into another environment, as a sentence; undefined when it can or when it
   * cannot be read, which the verdict says.
   */
  readonly whyNotPromotable: (object: unknown) => string | undefined;
}
