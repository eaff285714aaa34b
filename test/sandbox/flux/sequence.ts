import { valid } from 'semver';
import { begun, ended, nameOfNewest, say, withoutFailures, withReady } from './attempt.ts';
import type { Attempt } from './attempt.ts';
import { conditionOf, withCondition, withoutCondition } from './conditions.ts';
import type { Moment } from './conditions.ts';
import type { Fate, Occasion } from './fate.ts';
import type { HelmRelease, Status } from './helm-release.ts';
import { historyOf } from './helm-release.ts';
import { configDigestOf, releaseNameOf } from './snapshots.ts';
import type { Step } from './step.ts';
import { fulfilling, reconciling } from './step.ts';

/** What helm-controller v1.6 writes when it looks at an object; taken from recordings of it, which the tests hold it to. */
export interface Sequence {
  readonly steps: readonly Step[];
  /** Only for what got stuck: the rest, once it has another fate. */
  readonly conclude?: (fate: Fate) => readonly Step[];
}

/**
 * @param release as it is when the controller looks; what is written later starts from the status of that moment, so steps
 *   take the status of the step before
 * @returns nothing to do: no steps, or steps that change nothing
 */
export function sequenceOf(release: HelmRelease, fate: Fate, occasion: Occasion = 'look'): Sequence {
  const { spec, status, metadata } = release;
  if (spec.suspend === true) return { steps: [suspended(metadata.generation)] };
  // Out of retries: interval runs do not touch it any more, only another spec does.
  const isGivenUp =
    conditionOf(status, 'Stalled') !== undefined && status.lastAttemptedGeneration === metadata.generation;
  if (isGivenUp) return { steps: [] };

  const needsChart = needsOtherChart(release);
  const steps: Step[] = [fulfilling(), naming(release)];
  if (needsChart) steps.push(awaitingChart(release));
  if (needsChart && isChartMissing(release, fate)) return { steps: [...steps, chartNotFound(release)] };
  if (occasion === 'drifted') return { steps: [...steps, ...correcting(release), ...settled(release)] };
  const action = actionFor(release, occasion);
  if (action === undefined) return { steps: [...steps, ...settled(release)] };
  const attempt: Attempt = { release, action };
  const begin = [...steps, ...begun(attempt)];
  if (fate.kind === 'stuck') return { steps: begin, conclude: (other) => ended(attempt, other) };
  return { steps: [...begin, ...ended(attempt, fate)] };
}

/** observedGeneration follows the edits, all else is frozen. */
function suspended(generation: number): Step {
  return { afterMs: 10, change: (status) => ({ ...status, observedGeneration: generation }) };
}

function naming({ metadata: { name, namespace }, spec }: HelmRelease): Step {
  const helmChart = `${spec.chart.spec.sourceRef.namespace ?? namespace}/${namespace}-${name}`;
  return { afterMs: 5, change: (status) => ({ ...status, helmChart }) };
}

/** Every edit of the version asks source-controller for another chart first, for which there is a moment of Ready False. */
function awaitingChart(release: HelmRelease): Step {
  const said = sourceNotReady(release, 'latest generation of object has not been reconciled');
  return {
    afterMs: 40,
    change: (status, moment) => {
      const ready = conditionOf(status, 'Ready');
      const isSaid = ready?.reason === said.reason && ready.observedGeneration === moment.generation;
      return isSaid ? status : withReady(status, said, moment);
    },
  };
}

function chartNotFound(release: HelmRelease): Step {
  const { chart, version } = release.spec.chart.spec;
  const why = `no '${chart}' chart with version matching '${version}' found`;
  const said = sourceNotReady(
    release,
    `invalid chart reference: failed to get chart version for remote reference: ${why}`,
  );
  return { afterMs: 2000, change: (status, moment) => withReady(status, said, moment) };
}

/** Nothing to release: what was said of the last release is said of this generation. */
function settled(release: HelmRelease): Step[] {
  const { generation } = release.metadata;
  const { version } = release.spec.chart.spec;
  return [
    {
      afterMs: 80,
      change: (status, moment) => withoutCondition(withSummary(release, status, moment), 'Reconciling'),
    },
    {
      afterMs: 15,
      change: (status) => ({
        ...(status.lastAttemptedGeneration === generation ? status : withoutFailures(status)),
        lastAttemptedGeneration: generation,
        lastAttemptedRevision: version,
        observedGeneration: generation,
      }),
    },
  ];
}

/** Ready says again what the conditions under it say; a release that had failed meanwhile is told to have succeeded. */
function withSummary(release: HelmRelease, before: Status, moment: Moment): Status {
  const status = withoutCondition(before, 'Remediated');
  const { enable = false, ignoreFailures = false } = release.spec.test ?? {};
  const succeeded = say(
    'True',
    'UpgradeSucceeded',
    `Helm upgrade succeeded for release ${nameOfNewest(release, status)}`,
  );
  const isReleased = conditionOf(status, 'Released')?.status === 'True';
  const told = isReleased ? status : withCondition(status, 'Released', succeeded, moment);
  const tested = enable && !ignoreFailures ? conditionOf(told, 'TestSuccess') : undefined;
  const { status: is, reason, message } = tested ?? conditionOf(told, 'Released') ?? succeeded;
  return withReady(told, say(is, reason, message), moment);
}

function correcting(release: HelmRelease): Step[] {
  const { full } = releaseNameOf(release);
  const action = `Running 'correct cluster drift' action with timeout of ${release.spec.timeout ?? '5m0s'}`;
  const drifted = (status: Status): string =>
    `Cluster state of release ${full}.v${historyOf(status)[0]?.version ?? 1} has drifted from the desired state:\n` +
    `ConfigMap/${full} changed (0 additions, 1 changes, 0 removals)`;
  const corrected = say('False', 'NoDriftDetected', 'No drift detected against the cluster state');
  return [
    {
      afterMs: 100,
      change: (status, moment) =>
        withCondition(
          reconciling(status, action, moment),
          'Drifted',
          say('True', 'DriftDetected', drifted(status)),
          moment,
        ),
    },
    {
      afterMs: 60,
      change: (status, moment) =>
        withReady(status, say('Unknown', 'Progressing', 'correcting cluster drift'), moment),
    },
    fulfilling({ afterMs: 630 }),
    // Together with the end of the run, in one write.
    {
      afterMs: 30,
      change: (status, moment) => {
        const summed = withSummary(release, withCondition(status, 'Drifted', corrected, moment), moment);
        return withoutCondition(summed, 'Reconciling');
      },
    },
  ];
}

function needsOtherChart({ spec, status }: HelmRelease): boolean {
  const { chart, version } = spec.chart.spec;
  const [newest] = historyOf(status);
  if (status.lastAttemptedRevision !== version) return true;
  return conditionOf(status, 'Ready')?.reason === 'SourceNotReady' || (newest?.chartName ?? chart) !== chart;
}

/** We know no chart's list of versions: a range has none that we could name. */
function isChartMissing({ spec }: HelmRelease, fate: Fate): boolean {
  return fate.kind === 'chart-missing' || valid(spec.chart.spec.version) === null;
}

function actionFor(
  { spec, status, ...release }: HelmRelease,
  occasion: Occasion,
): Attempt['action'] | undefined {
  const [newest] = historyOf(status);
  if (newest === undefined || occasion === 'uninstalled') return 'install';
  const { chart, version } = spec.chart.spec;
  const isInSync =
    newest.status === 'deployed' &&
    newest.chartName === chart &&
    newest.chartVersion === version &&
    newest.configDigest === configDigestOf({ spec, status, ...release });
  const { enable = false, ignoreFailures = false } = spec.test ?? {};
  const hasFailedTests = enable && !ignoreFailures && conditionOf(status, 'TestSuccess')?.status === 'False';
  return isInSync && !hasFailedTests ? undefined : 'upgrade';
}

function sourceNotReady(release: HelmRelease, why: string): ReturnType<typeof say> {
  const { name, namespace } = release.metadata;
  const { sourceRef } = release.spec.chart.spec;
  const helmChart = `${sourceRef.namespace ?? namespace}/${namespace}-${name}`;
  return say('False', 'SourceNotReady', `HelmChart '${helmChart}' is not ready: ${why}`);
}
