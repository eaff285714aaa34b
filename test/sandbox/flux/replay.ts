import { isDeepStrictEqual } from 'node:util';
import { recording } from '../../engines/recorded.ts';
import type { Recording } from '../../engines/recorded.ts';
import type { Fate, Occasion } from './fate.ts';
import { parseHelmRelease } from './helm-release.ts';
import type { HelmRelease, Status } from './helm-release.ts';
import { sequenceOf } from './sequence.ts';
import type { Step } from './step.ts';

export interface Played {
  readonly scenario: string;
  /** The fate of a version; `good` where none is named. */
  readonly fates?: Readonly<Record<string, Fate>>;
  /** What is begun when the controller looks without an edit; the first stands for the first such look. */
  readonly occasions?: readonly Occasion[];
  /** The recorded controller was spared the moment of SourceNotReady: its chart came first. */
  readonly isChartFirst?: boolean;
}

/** A recording and the same as the deployer plays it; equal when it plays well. */
export interface Replay {
  readonly recorded: readonly HelmRelease[];
  readonly played: readonly HelmRelease[];
  /** What the deployer would still write after the recording's end. */
  readonly left: number;
}

/**
 * Takes all that others did (specs, finalizers) from the recording at the steps where it was recorded, and every status from
 * the deployer.
 */
export function replay({ scenario, fates = {}, occasions = [], isChartFirst = false }: Played): Replay {
  const { steps }: Recording = recording('helmrelease', scenario);
  const recorded = steps.map(({ object }) => parseHelmRelease(object));
  const [first, ...rest] = recorded;
  if (first === undefined) throw new Error(`${scenario} is empty`);
  const due = [...occasions];
  const played = [first];
  let object = first;
  let run: Step[] = [];
  let seen = first.status.observedGeneration === -1 ? 0 : first.metadata.generation;
  for (const next of rest) {
    if (!isDeepStrictEqual(othersPart(next), othersPart(object))) {
      object = { ...next, status: next.metadata.uid === object.metadata.uid ? object.status : next.status };
      if (next.metadata.uid !== first.metadata.uid) seen = Math.min(seen, 0);
      played.push(object);
      continue;
    }
    let after = object.status;
    while (isDeepStrictEqual(after, object.status)) {
      const step = run.shift();
      if (step !== undefined) {
        after = changed(step, object);
      } else {
        const isEdit = seen < object.metadata.generation;
        seen = object.metadata.generation;
        const fate = fates[object.spec.chart.spec.version] ?? { kind: 'good' };
        run = [...sequenceOf(object, fate, isEdit ? 'look' : due.shift()).steps];
        if (isChartFirst) run = run.filter((each) => !isAwaitingChart(changed(each, object)));
        if (run.length === 0 || (!isEdit && occasions.length === 0)) break;
      }
    }
    object = { ...object, status: after };
    played.push(object);
  }
  const left = run.filter((step) => !isDeepStrictEqual(changed(step, object), object.status)).length;
  return { recorded, played, left };
}

function changed(step: Step, { status, metadata }: HelmRelease): Status {
  return step.change(status, { now: new Date('2026-11-22T14:00:00Z'), generation: metadata.generation });
}

function isAwaitingChart({ conditions = [] }: Status): boolean {
  return conditions.some(({ reason }) => reason === 'SourceNotReady');
}

function othersPart({ metadata, spec }: HelmRelease): object {
  const { uid, generation, finalizers, deletionTimestamp } = metadata;
  return { uid, generation, finalizers, deletionTimestamp, spec };
}

/** Without times and what follows from them, digests of Helm's storage, and what the chart holds. */
export function withoutTimes(status: Status): object {
  const { lastAttemptedReleaseActionDuration: _took, inventory: _inventory, ...rest } = status;
  return {
    ...rest,
    conditions: (status.conditions ?? []).map(({ lastTransitionTime: _at, ...each }) => each),
    history: (status.history ?? []).map(
      ({ digest: _digest, firstDeployed: _f, lastDeployed: _l, ...each }) => ({
        ...each,
        ...(each['testHooks'] === undefined
          ? {}
          : {
              testHooks: JSON.parse(
                JSON.stringify(each['testHooks']).replaceAll(/"20[^"]*Z"/g, '""'),
              ) as unknown,
            }), // re-reads what it has just written
      }),
    ),
  };
}
