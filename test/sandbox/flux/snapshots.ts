import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { toTimestamp } from '../../../src/base/time.ts';
import type { HelmRelease, Snapshot, Status } from './helm-release.ts';
import { historyOf } from './helm-release.ts';

/** helm-controller keeps no more. */
const historyLimit = 5;

/** Where Helm keeps the release, as messages name it: `podinfo-dev/podinfo`. */
export function releaseNameOf({ metadata, spec }: HelmRelease): {
  namespace: string;
  name: string;
  full: string;
} {
  const namespace = spec.targetNamespace ?? metadata.namespace;
  const prefix = spec.targetNamespace === undefined ? '' : `${spec.targetNamespace}-`;
  const name = spec.releaseName ?? `${prefix}${metadata.name}`;
  return { namespace, name, full: `${namespace}/${name}` };
}

/** The digest of the values, as `token` of Flux's events and `configDigest` of its history have it. */
export function configDigestOf({ spec: { values = {} } }: HelmRelease): string {
  return digest(Object.keys(values).length === 0 ? '' : stringify(values, { sortMapEntries: true }));
}

export interface Released {
  readonly action: 'install' | 'upgrade';
  readonly status: 'deployed' | 'failed';
  /** When Helm began. */
  readonly startedAt: Date;
}

/** The release that an install or upgrade has made goes in front; an install knows nothing of what was before. */
export function withRelease(status: Status, release: HelmRelease, { action, ...made }: Released): Status {
  const before = action === 'install' ? [] : historyOf(status);
  const { chart, version: chartVersion } = release.spec.chart.spec;
  const { namespace, name } = releaseNameOf(release);
  const newest: Snapshot = {
    action,
    apiVersion: 'v2',
    appVersion: chartVersion,
    chartName: chart,
    chartVersion,
    configDigest: configDigestOf(release),
    digest: '',
    firstDeployed: before[0]?.firstDeployed ?? toTimestamp(made.startedAt),
    lastDeployed: toTimestamp(made.startedAt),
    name,
    namespace,
    status: made.status,
    version: (before[0]?.version ?? 0) + 1,
  };
  // helm-controller reads the old release from Helm's storage again, which knows no action.
  const rest = before.map(({ action: former, ...each }): Snapshot => {
    if (each.status !== 'deployed') return former === undefined ? each : { ...each, action: former };
    return { ...each, status: made.status === 'deployed' ? 'superseded' : 'deployed' };
  });
  return withHistory(status, [newest, ...rest]);
}

/** The release that a rollback has made: a new Helm revision of the release before. */
export function withRollback(status: Status, to: Snapshot, now: Date): Status {
  const history = historyOf(status);
  const newest: Snapshot = {
    ...to,
    action: 'rollback',
    lastDeployed: toTimestamp(now),
    status: 'deployed',
    version: (history[0]?.version ?? 0) + 1,
  };
  const rest = history.map((each): Snapshot =>
    each.version === to.version ? { ...each, action: 'rollback', status: 'superseded' } : each,
  );
  return withHistory(status, [newest, ...rest]);
}

/** The last release that ran and did not fail, leaving out the newest. */
export function releaseBefore(status: Status): Snapshot | undefined {
  return historyOf(status).slice(1).find(hasRun);
}

/** Nothing older than the release before the newest is kept. */
export function truncated(status: Status): Status {
  const history = historyOf(status);
  const before = releaseBefore(status);
  const kept = before === undefined ? history : history.filter(({ version }) => version >= before.version);
  return history.length === 0 ? status : { ...status, history: kept.slice(0, historyLimit) };
}

/** What the tests of the newest release came to. */
export function withTestHook(
  status: Status,
  phase: 'Succeeded' | 'Failed',
  startedAt: string,
  now: Date,
): Status {
  const [newest, ...rest] = historyOf(status);
  if (newest === undefined) return status;
  const hook = { lastCompleted: toTimestamp(now), lastStarted: startedAt, phase };
  return withHistory(status, [
    { ...newest, testHooks: { [`${String(newest['name'])}-test`]: hook } },
    ...rest,
  ]);
}

function hasRun({ status }: Snapshot): boolean {
  return status === 'deployed' || status === 'superseded';
}

function withHistory(status: Status, history: readonly Snapshot[]): Status {
  return {
    ...status,
    history: history.map((each) => ({
      ...each,
      digest: digest(JSON.stringify({ ...each, digest: undefined })),
    })),
  };
}

function digest(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
