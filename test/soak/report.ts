import type { Operation } from './churn.ts';
import type { Tries } from './fault-course.ts';
import type { Counted, Measured } from './questions.ts';

/** What a soak saw. */
export interface SoakReport {
  readonly name: 'soak';
  readonly seed: number;
  /** From the first sync to the last comparison. */
  readonly minutes: number;
  readonly objects: number;
  readonly operations: Readonly<Record<Operation, number>>;
  /** By name. */
  readonly faults: Readonly<Record<string, Tries>>;
  /** From the end of the faults until everything was equal and seen to. */
  readonly recoveries: { readonly count: number; readonly p50Ms: number; readonly maxMs: number };
  readonly runtime: Counted & { readonly longestStallMs: number };
  /** Last states that no pass has seen. */
  readonly missed: number;
  /** After garbage was collected twice; `each` after every round, when there are about as many objects. */
  readonly heapMB: {
    readonly start: number;
    readonly end: number;
    readonly bound: number;
    readonly each: readonly number[];
  };
  readonly rssMB: {
    readonly start: number;
    readonly end: number;
    readonly peak: number;
    readonly each: readonly number[];
  };
  readonly left: { readonly start: Omit<Measured, 'heapMB'>; readonly end: Omit<Measured, 'heapMB'> };
  /** From the word to stop until the process had ended by itself. */
  readonly stopMs: number;
  /** What is wrong, one sentence each; none: it passed. */
  readonly failures: readonly string[];
}

/**
 * How many megabytes more of the heap may be in use at the end than after the first sync, with as many objects. In runs of two to
 * six minutes it was from 2 more (code that only faults compile, tables that have grown) to 3.4 less, where V8 had let go of code that
 * starts the process. To keep what is projected of each event was 6.2 more after 80 seconds: the bound lies in the middle between that and
 * the most without it. A leak in a run that would have ended with less shows in a longer one.
 */
export const heapGrowthMB = 4.1;

/** One for the watch of each way to read. */
const listenersAtRest = 2;

export function leftOf({ resources, listeners }: Measured): Omit<Measured, 'heapMB'> {
  return { resources, listeners };
}

/** The least there was of everything. */
export function lesser(one: Measured, other: Measured): Measured {
  const kinds = Object.keys(one.resources).filter((kind) => kind in other.resources);
  return {
    heapMB: Math.min(one.heapMB, other.heapMB),
    listeners: Math.min(one.listeners, other.listeners),
    resources: Object.fromEntries(
      kinds.map((kind) => [kind, Math.min(one.resources[kind] ?? 0, other.resources[kind] ?? 0)]),
    ),
  };
}

/** Of what there is more at the end than at the start, one sentence each. */
export function surplusOf(start: Measured, end: Measured): string[] {
  const more = Object.entries(end.resources).filter(([kind, count]) => count > (start.resources[kind] ?? 0));
  const sentences = more.map(
    ([kind, count]) => `left behind: ${kind}: ${count}, at the start ${start.resources[kind] ?? 0}`,
  );
  if (end.listeners > listenersAtRest)
    sentences.push(
      `left behind: ${end.listeners} listeners on what stops the reflectors, not ${listenersAtRest}`,
    );
  return sentences;
}

/** Surplus, and a heap that has grown too much. */
export function whatIsWrong(start: Measured, end: Measured): string[] {
  const growthMB = end.heapMB - start.heapMB;
  const surplus = surplusOf(start, end);
  if (growthMB <= heapGrowthMB) return surplus;
  return [...surplus, `the heap has grown by ${growthMB.toFixed(2)} MB, and may by ${heapGrowthMB}`];
}
