import { z } from 'zod';
import { revisionOf } from '../base/revision.ts';
import type { Revision } from '../base/revision.ts';
import type { AppObject, Attempt, Engine, Verdict } from './engine.ts';
import { changedAt, fluxCondition, quote } from './flux-condition.ts';
import type { FluxCondition } from './flux-condition.ts';
import { remember } from './remember.ts';
import { sentence } from '../base/sentence.ts';

/** A chart's version as helm-controller writes it, build metadata included; bounded as statuses are. */
const chartVersion = z.string().max(255).regex(/^[^+]/);
const digest = z.string().max(128);

/** The conditions that are read, and those of them whose message is shown. */
const conditionsRead = new Set(['Ready', 'Reconciling', 'Stalled', 'Remediated', 'TestSuccess']);
const conditionsQuoted = new Set(['Ready', 'Reconciling', 'Stalled']);

const release = z.object({
  /** Helm's own revision number. */
  version: z.number(),
  status: z.string(),
  chartVersion,
  ociDigest: digest.optional(),
});
type Release = z.infer<typeof release>;

/** What this engine reads of a HelmRelease; parsing leaves the rest out, so the result is the projection too. */
const helmRelease = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({
    name: z.string().default(''),
    namespace: z.string().default(''),
    uid: z.string().max(64),
    resourceVersion: z.string().default(''),
    generation: z.number(),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z
    .object({
      suspend: z.boolean().optional(),
      chart: z.object({ spec: z.object({ sourceRef: z.object({ kind: z.string() }) }) }).optional(),
      chartRef: z.object({ kind: z.string() }).optional(),
    })
    .default({}),
  status: z
    .object({
      observedGeneration: z.number().optional(),
      lastAttemptedGeneration: z.number().optional(),
      lastAttemptedRevision: chartVersion.optional(),
      lastAttemptedRevisionDigest: digest.optional(),
      conditions: z.array(fluxCondition).default([]).transform(readAlone),
      history: z.array(release).default([]).transform(newestAlone),
    })
    .default({ conditions: [], history: [] }),
});
type HelmRelease = z.infer<typeof helmRelease>;

/** What a projection leaves of an object that is not a HelmRelease as we know it. */
const unreadable = z.object({ unreadable: z.string() });

const metadataOfAnything = z.object({
  apiVersion: z.string().catch(''),
  kind: z.string().catch(''),
  metadata: z
    .object({
      name: z.string().catch(''),
      namespace: z.string().catch(''),
      uid: z.string().catch(''),
      resourceVersion: z.string().catch(''),
    })
    .catch({ name: '', namespace: '', uid: '', resourceVersion: '' }),
});

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

function parse(object: unknown): HelmRelease | z.infer<typeof unreadable> {
  const before = unreadable.safeParse(object);
  if (before.success) return { unreadable: sentence(before.data.unreadable) };
  const parsed = helmRelease.safeParse(object);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'it' : issue.path.map(String).join('.');
  return {
    unreadable: sentence(`not a HelmRelease as Flux writes it: ${where}: ${issue?.message ?? 'unknown'}`),
  };
}

function project(object: unknown): AppObject {
  const parsed = parse(object);
  if (!('unreadable' in parsed)) return parsed;
  const known = metadataOfAnything.safeParse(object);
  return { ...(known.data ?? metadataOfAnything.parse({})), ...parsed };
}

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
  const [newest] = status.history;
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
  const [newest] = status.history;
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

function readAlone(conditions: readonly FluxCondition[]): FluxCondition[] {
  return conditions
    .filter(({ type }) => conditionsRead.has(type))
    .map((each) => (conditionsQuoted.has(each.type) ? each : { ...each, message: '' }));
}

/** Not in any order: helm-controller clears and truncates the history, and numbers start anew with each install. */
function newestAlone(history: readonly Release[]): Release[] {
  return history.toSorted((a, b) => b.version - a.version).slice(0, 1);
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
  const { chart, chartRef } = parsed.spec;
  const kind = chartRef?.kind ?? chart?.spec.sourceRef.kind;
  if (kind === undefined) return 'the HelmRelease names no chart: set spec.chart or spec.chartRef';
  if (kind === 'HelmRepository' || kind === 'OCIRepository') return undefined;
  // The chart of a GitRepository with reconcileStrategy Revision: source-controller appends the commit.
  const followsCommits = /\+[0-9a-f]{12}$/.test(parsed.status.lastAttemptedRevision ?? '');
  if (kind === 'HelmChart' && !followsCommits) return undefined;
  return sentence(
    `the chart's source (${kind}) has no version to promote: use a HelmRepository or OCIRepository`,
  );
}
