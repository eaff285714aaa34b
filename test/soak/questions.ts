import type { Resources } from '../kube/leaks.ts';

/** What the runtime under soak is told when it starts; as JSON in its first argument. */
export interface RuntimeOrders {
  /** Token and authority, as the kubelet mounts them. */
  readonly accountFolder: string;
  readonly seed: number;
}

export const laneNames = ['stream', 'pages'] as const;
export type LaneName = (typeof laneNames)[number];

/** Hashes of what a lane has, to be compared with the same of the server. */
export interface LaneDigest {
  readonly name: LaneName;
  readonly store: string;
  /** What the last pass over each key saw. */
  readonly seen: string;
  readonly size: number;
  /** Boats that the index does not lead to, and keys in it that lead nowhere. */
  readonly indexFaults: number;
  readonly isPermitted: boolean;
}

/** The lines that the hashes are made of. */
export interface LaneLines {
  readonly name: LaneName;
  readonly store: readonly string[];
  readonly seen: readonly string[];
}

export interface Measured {
  /** Megabytes (10⁶ bytes) after garbage was collected twice. */
  readonly heapMB: number;
  readonly resources: Resources;
  /** Listeners on the two signals that live as long as the runtime. */
  readonly listeners: number;
}

export interface Counted {
  readonly passes: Readonly<Record<'ok' | 'requeued' | 'failed', number>>;
  readonly statusWrites: number;
  /** What was worked around, by code. */
  readonly troubles: Readonly<Record<string, number>>;
}

/** What the runtime under soak can be asked, and what it answers. */
export interface Answers {
  /** All objects have been read. */
  readonly synced: boolean;
  readonly digest: readonly LaneDigest[];
  readonly lines: readonly LaneLines[];
  readonly measure: Measured;
  readonly count: Counted;
  /** The longest hold-up of its event loop since this was asked last, in milliseconds. */
  readonly stall: number;
  /** Everything is stopped; it ends when nothing is left of it. */
  readonly stop: boolean;
}

export interface Question {
  readonly id: number;
  readonly what: keyof Answers;
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  /** Why there is none. */
  readonly failure?: string;
}
