import { revisionOf } from '../base/revision.ts';
import type { Revision } from '../base/revision.ts';
import type { Attempt, Engine, Verdict } from './engine.ts';
import { changedAt, quote } from './flux-condition.ts';
import type { FluxCondition } from './flux-condition.ts';
import { parse, project, type HelmRelease, type Release } from './helm-release-projection.ts';
import { remember } from './remember.ts';
import { sentence } from '../base/sentence.ts';

/**
 * HelmReleases of Flux's helm-controller. The rules come from recordings of v1.6.3 (`test/fixtures/flux`), where each of them
 * overturned a simpler one: a Ready condition may be older than the spec, or younger than the attempt that it speaks of.
 */
export const fluxHelmRelease: Engine = {
  group: 'helm.toolkit.fluxcd.io',
  kind: 'HelmRelease',
  project,
  read: (object) => {
    const parsed = parse(object);
    return 'unreadable' in parsed ? { kind: 'wait', message: parsed.unreadable } : judge(parsed);
  },
  remember: (object, verdict, memory, now, waitLimitMs) =>
    remember({ attempt: attemptOf(object), verdict, memory, now, waitLimitMs }),
  whyNotPromotable,
};

function attemptOf(object: unknown): Attempt {
  const parsed = parse(object);
  if ('unreadable' in parsed) return { uid: project(object).metadata.uid, generation: 0, attempted: '' };
  const { uid, generation } = parsed.metadata;
  return { uid, generation, attempted: parsed.status.lastAttemptedRevision ?? '' };
}

function judge(object: HelmRelease): Verdict {
  const { deletionTimestamp } = object.metadata;
  if (deletionTimestamp !== undefined) {
    return { kind: 'hold', message: sentence(`being deleted since ${deletionTimestamp}`) };
  }
  // Suspended objects keep an old Ready True while observedGeneration follows the edits.
  if (object.spec.suspend === true) return { kind: 'hold', message: 'suspended by spec.suspend' };

  const ready = conditionOf(object, 'Ready');
  if (ready?.observedGeneration !== object.metadata.generation) return judgeUnseen(object, ready);
  if (ready.status === 'True') return judgeReady(object, ready);
  if (ready.status === 'False') return judgeNotReady(object, ready);
  return waitFor(object, ready);
}

/** No Ready condition for this spec. */
function judgeUnseen(object: HelmRelease, ready: FluxCondition | undefined): Verdict {
  const { generation } = object.metadata;
  const reconciling = trueConditionOf(object, 'Reconciling');
  if (reconciling?.observedGeneration === generation) return waitFor(object, reconciling);
  const last = ready === undefined ? '' : `; of an older one Flux says ${quote(ready)}`;
  return {
    kind: 'wait',
    message: sentence(`Flux has not reconciled generation ${generation} yet${last}`),
  };
}

/**
 * Ready True alone proves nothing: it is written before the history entry and before observedGeneration, and the success of an
 * attempt that an edit has overtaken carries the generation of that edit. Only lastAttemptedGeneration tells whose result it is.
 */
function judgeReady(object: HelmRelease, ready: FluxCondition): Verdict {
  const busy = trueConditionOf(object, 'Reconciling') ?? trueConditionOf(object, 'Stalled');
  if (busy !== undefined) return waitFor(object, busy);
  const { metadata, status } = object;
  const { newest } = status;
  const isConcluded =
    status.observedGeneration === metadata.generation &&
    status.lastAttemptedGeneration === metadata.generation &&
    newest?.status === 'deployed' &&
    newest.chartVersion === status.lastAttemptedRevision;
  if (!isConcluded) {
    // Without a date: Ready may have been True for weeks when an edit changes nothing in the release.
    return {
      kind: 'wait',
      message: sentence(`Flux has not concluded generation ${metadata.generation} yet: ${quote(ready)}`),
    };
  }
  const ignored = conditionOf(object, 'TestSuccess')?.status === 'False' ? ' (failed tests are ignored)' : '';
  return {
    kind: 'good',
    revision: revisionOfRelease(newest),
    ...since(ready),
    message: sentence(`${quote(ready)}${ignored}`),
  };
}

/**
 * A failed release is bad, any other failure (source, dependency, values, drift) leaves running what ran. What failed is
 * lastAttemptedRevision, never the newest release: that may be the one rolled back to, or the chart never got an entry.
 */
function judgeNotReady(object: HelmRelease, ready: FluxCondition): Verdict {
  const { metadata, status } = object;
  const { lastAttemptedRevision: attempted } = status;
  if (isReleaseFailure(object, ready)) {
    if (status.lastAttemptedGeneration !== metadata.generation || attempted === undefined) {
      return {
        kind: 'wait',
        ...since(ready),
        message: sentence(
          `Flux has not tried generation ${metadata.generation} yet; of an older one it says ${quote(ready)}`,
        ),
      };
    }
    const revision = revisionOfChart(attempted, status.lastAttemptedRevisionDigest);
    return { kind: 'bad', revision, ...since(ready), message: sentence(quote(ready)) };
  }
  // A newer revision has ended this attempt, by a feature gate of helm-controller; it goes on by itself, even when Stalled.
  if (ready.reason === 'HealthCheckCanceled') return waitFor(object, ready);
  const { newest } = status;
  if (newest?.status !== 'deployed') return waitFor(object, ready);
  return { kind: 'keep', revision: revisionOfRelease(newest), message: sentence(quote(ready)) };
}

const releaseFailures = new Set(['InstallFailed', 'UpgradeFailed', 'TestFailed', 'RollbackFailed']);

/** A successful rollback is a failure of what was rolled back: Ready then takes the reason of Remediated. */
function isReleaseFailure(object: HelmRelease, { reason }: FluxCondition): boolean {
  return releaseFailures.has(reason) || conditionOf(object, 'Remediated')?.reason === reason;
}

function conditionOf({ status }: HelmRelease, type: string): FluxCondition | undefined {
  return status.conditions.find((each) => each.type === type);
}

function trueConditionOf(object: HelmRelease, type: string): FluxCondition | undefined {
  const condition = conditionOf(object, type);
  return condition?.status === 'True' ? condition : undefined;
}

/** The date of a condition that speaks of an older spec says nothing about this wait. */
function waitFor(object: HelmRelease, condition: FluxCondition): Verdict {
  const isOfThisSpec = condition.observedGeneration === object.metadata.generation;
  return { kind: 'wait', ...(isOfThisSpec ? since(condition) : {}), message: sentence(quote(condition)) };
}

function since(condition: FluxCondition): { since?: Date } {
  const time = changedAt(condition);
  return time === undefined ? {} : { since: time };
}

function revisionOfRelease({ chartVersion, ociDigest }: Release): Revision {
  return revisionOfChart(chartVersion, ociDigest);
}

/**
 * helm-controller appends `+<12 hex>` of the OCI digest or git commit; that cannot be written into `spec.chart.spec.version`,
 * so build metadata is no part of the version. The digest says the same in full and is part of the key.
 */
function revisionOfChart(version: string, ofContent: string | undefined): Revision {
  return revisionOf({ version: version.replace(/\+.*$/s, ''), digest: ofContent });
}

/**
 * A version can be carried when the next environment has a field that takes it: `spec.chart.spec.version` with a HelmRepository,
 * `spec.ref` of an OCIRepository (tag and digest), `spec.version` of a HelmChart. A chart out of a GitRepository or Bucket has
 * none: Flux ignores the version there and follows files, so every commit, our own too, would be a new candidate.
 */
function whyNotPromotable(object: unknown): string | undefined {
  const parsed = parse(object);
  if ('unreadable' in parsed) return undefined;
  const { sourceKind: kind } = parsed.spec;
  if (kind === undefined) return 'the HelmRelease names no chart: set spec.chart or spec.chartRef';
  if (kind === 'HelmRepository' || kind === 'OCIRepository') return undefined;
  // The chart of a GitRepository with reconcileStrategy Revision: source-controller appends the commit.
  const followsCommits = /\+[0-9a-f]{12}$/.test(parsed.status.lastAttemptedRevision ?? '');
  if (kind === 'HelmChart' && !followsCommits) return undefined;
  return sentence(
    `the chart's source (${kind}) has no version to promote: use a HelmRepository or OCIRepository`,
  );
}
