/** A condition as Flux writes it; `observedGeneration` is the spec's unless said otherwise. */
export interface ConditionGiven {
  readonly type?: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message?: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string;
}

export interface ReleaseGiven {
  readonly status: string;
  readonly chartVersion: string;
  readonly version?: number;
  readonly ociDigest?: string;
}

export interface HelmReleaseGiven {
  readonly apiVersion?: string;
  readonly generation?: number;
  readonly observedGeneration?: number;
  readonly attempted?: string;
  readonly attemptedDigest?: string;
  readonly attemptedGeneration?: number;
  readonly ready?: ConditionGiven;
  readonly conditions?: readonly ConditionGiven[];
  readonly history?: readonly ReleaseGiven[];
  readonly suspend?: boolean;
  readonly deletionTimestamp?: string;
  readonly spec?: object;
}

export const transitionTime = '2026-11-22T13:04:49Z';

/** A HelmRelease of generation 2 that runs 6.1.0 and is well, but for what the test says. */
export function helmRelease(given: HelmReleaseGiven = {}): object {
  const { generation = 2, attempted = '6.1.0' } = given;
  const ready = given.ready ?? { status: 'True', reason: 'UpgradeSucceeded' };
  return {
    apiVersion: given.apiVersion ?? 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: {
      name: 'podinfo',
      namespace: 'podinfo-dev',
      uid: 'd4f29651-5de8-4fa2-95bc-56cda0580417',
      resourceVersion: '431',
      generation,
      ...(given.deletionTimestamp === undefined ? {} : { deletionTimestamp: given.deletionTimestamp }),
    },
    spec: given.spec ?? {
      interval: '1m',
      ...(given.suspend === undefined ? {} : { suspend: given.suspend }),
      chart: {
        spec: {
          chart: 'podinfo',
          version: '6.1.0',
          sourceRef: { kind: 'HelmRepository', name: 'charts' },
          reconcileStrategy: 'ChartVersion',
        },
      },
    },
    status: {
      observedGeneration: given.observedGeneration ?? generation,
      lastAttemptedGeneration: given.attemptedGeneration ?? generation,
      lastAttemptedRevision: attempted,
      ...(given.attemptedDigest === undefined ? {} : { lastAttemptedRevisionDigest: given.attemptedDigest }),
      conditions: [{ type: 'Ready', ...ready }, ...(given.conditions ?? [])].map((condition) => ({
        message: '',
        observedGeneration: generation,
        lastTransitionTime: transitionTime,
        ...condition,
      })),
      history: (given.history ?? [{ status: 'deployed', chartVersion: attempted }]).map(
        (release, index, all) => ({
          name: 'podinfo',
          namespace: 'podinfo-dev',
          version: all.length - index,
          configDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
          ...release,
        }),
      ),
    },
  };
}

export const reconciling: ConditionGiven = {
  type: 'Reconciling',
  status: 'True',
  reason: 'Progressing',
  message: "Running 'upgrade' action with timeout of 5m0s",
};
export const retrying: ConditionGiven = {
  ...reconciling,
  reason: 'ProgressingWithRetry',
  message: 'retrying after 5m0s',
};
export const stalled: ConditionGiven = {
  type: 'Stalled',
  status: 'True',
  reason: 'RetriesExceeded',
  message: 'Failed to upgrade after 1 attempt(s)',
};
