import { readdirSync, readFileSync } from 'node:fs';
import type { Standing, Verdict } from '../../src/engines/engine.ts';

export interface RecordedCondition {
  readonly type: string;
  readonly lastTransitionTime: string;
}

export interface RecordedObject {
  readonly metadata: { readonly generation: number; readonly creationTimestamp: string };
  readonly status?: {
    readonly conditions?: readonly RecordedCondition[];
    readonly history?: readonly object[];
  };
}

export interface RecordedStep {
  readonly atMs: number;
  readonly verdict: string;
  readonly remembered?: string;
  readonly object: RecordedObject;
}

/** What a real controller wrote in one scenario; the format is told in `test/fixtures/flux/README.md`. */
export interface Recording {
  readonly scenario: string;
  readonly why: string;
  readonly verdict: string;
  readonly steps: readonly RecordedStep[];
}

export function recordingsOf(kind: 'helmrelease'): Recording[] {
  const folder = new URL(`../fixtures/flux/${kind}/`, import.meta.url);
  return readdirSync(folder)
    .toSorted()
    .map((file): Recording => JSON.parse(readFileSync(new URL(file, folder), 'utf8')));
}

export function recording(kind: 'helmrelease', scenario: string): Recording {
  const found = recordingsOf(kind).find((each) => each.scenario === scenario);
  if (found === undefined) throw new Error(`no recording ${scenario}`);
  return found;
}

/** A moment at which the object looked like this: that of its newest condition. */
export function momentOf({ metadata, status }: RecordedObject): Date {
  const times = (status?.conditions ?? []).map(({ lastTransitionTime }) => lastTransitionTime);
  return new Date([metadata.creationTimestamp, ...times].toSorted().at(-1) ?? 0);
}

/** A verdict in the words of the recordings: `good 6.1.0`. */
export function inWords(verdict: Verdict | Standing): string {
  return 'revision' in verdict ? `${verdict.kind} ${verdict.revision.version}` : verdict.kind;
}
