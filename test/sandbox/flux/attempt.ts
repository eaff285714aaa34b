import type { Moment, Said } from './conditions.ts';
import { conditionOf, withCondition, withoutCondition } from './conditions.ts';
import type { Fate } from './fate.ts';
import { goDuration } from './go-duration.ts';
import type { HelmRelease, Snapshot, Status } from './helm-release.ts';
import { historyOf } from './helm-release.ts';
import { configDigestOf, releaseBefore, releaseNameOf, truncated } from './snapshots.ts';
import { withRelease, withRollback, withTestHook } from './snapshots.ts';
import type { Step } from './step.ts';
import { concluded, fulfilling, reconciling, stalled } from './step.ts';

/** One try at what the spec wants. */
export interface Attempt {
  readonly release: HelmRelease;
  readonly action: 'install' | 'upgrade';
}

/** What upgrades and tests took in the recordings, and how long was waited for what never came. */
const tookMs = { release: 250, timeout: 4600, test: 350, testTimeout: 3300, rollback: 900, retry: 2000 };

/** Said before Helm is started, and what is tried. */
export function begun(attempt: Attempt, afterMs = 100): Step[] {
  return [
    running(attempt, afterMs),
    { afterMs: 10, change: (status) => withAttempt(status, attempt.release) },
  ];
}

/** How it ends; nothing for an attempt that never does. */
export function ended(attempt: Attempt, fate: Fate): Step[] {
  switch (fate.kind) {
    // Its version has turned out to be there: the attempt is on.
    case 'chart-missing':
    case 'good':
      return succeeding(attempt, { afterMs: tookMs.release }, true);
    case 'slow':
      return succeeding(attempt, { afterMs: fate.ms, isExact: true }, true);
    case 'tests-failing':
      return succeeding(attempt, { afterMs: tookMs.release }, false);
    case 'failing':
      return [...failing(attempt, 1), ...stalling(attempt)];
    case 'failing-retrying':
      return retrying(attempt, fate.attempts ?? 2, fate.recovers ?? false);
    case 'rolled-back':
      return attempt.action === 'install' ? ended(attempt, { kind: 'failing' }) : rollingBack(attempt);
    case 'stuck':
      return [];
    default:
      return fate satisfies never;
  }
}

function running({ release, action }: Attempt, afterMs: number): Step {
  const message = `Running '${action}' action with timeout of ${timeoutOf(release)}`;
  return {
    afterMs,
    change: (status, moment) =>
      withReady(reconciling(status, message, moment), say('Unknown', 'Progressing', message), moment),
  };
}

/** Failures are counted anew for another spec. */
function withAttempt(status: Status, release: HelmRelease): Status {
  const { generation, namespace } = release.metadata;
  const isOfThisSpec = status.lastAttemptedGeneration === generation;
  return {
    ...(isOfThisSpec ? status : withoutFailures(status)),
    lastAttemptedGeneration: generation,
    lastAttemptedRevision: release.spec.chart.spec.version,
    lastAttemptedConfigDigest: configDigestOf(release),
    storageNamespace: namespace,
  };
}

function succeeding(attempt: Attempt, pause: Omit<Step, 'change'>, doTestsSucceed: boolean): Step[] {
  const { release, action } = attempt;
  const { enable = !doTestsSucceed, ignoreFailures = false } = release.spec.test ?? {};
  const name = (status: Status): string => nameOfNext(attempt, status);
  const released: Step = {
    ...pause,
    change: (status, moment) => {
      const reason = action === 'install' ? 'InstallSucceeded' : 'UpgradeSucceeded';
      const succeeded = say('True', reason, `Helm ${action} succeeded for release ${name(status)}`);
      const awaiting = say('Unknown', 'AwaitingTests', `Helm release ${name(status)} is awaiting tests`);
      const told = withoutCondition(withCondition(status, 'Released', succeeded, moment), 'Remediated');
      const ready = withReady(told, enable && !ignoreFailures ? awaiting : succeeded, moment);
      return enable
        ? withCondition(ready, 'TestSuccess', awaiting, moment)
        : withoutCondition(ready, 'TestSuccess');
    },
  };
  const entered: Step = {
    afterMs: 10,
    change: (status) => withoutFailures(withOutcome(status, attempt, 'deployed', pause.afterMs)),
  };
  const success = [released, entered, ...(enable ? testing(attempt, doTestsSucceed) : [])];
  const isBad = enable && !doTestsSucceed && !ignoreFailures;
  return [...success, ...(isBad ? stalling(attempt) : concluded(release))];
}

function testing({ release, action }: Attempt, doSucceed: boolean): Step[] {
  const { timeout, ignoreFailures = false } = release.spec.test ?? {};
  const running = `Running 'test' action with timeout of ${timeout === undefined ? timeoutOf(release) : goDuration(timeout)}`;
  const pod = `Pod/${releaseNameOf(release).full}-test`;
  const tested: Step = {
    afterMs: doSucceed ? tookMs.test : tookMs.testTimeout,
    change: (status, moment) => {
      const name = nameOfNewest(release, status);
      const told = doSucceed
        ? say(
            'True',
            'TestSucceeded',
            `Helm test succeeded for release ${name}: 1 test hook completed successfully`,
          )
        : say(
            'False',
            'TestFailed',
            `Helm test failed for release ${name}: timeout waiting for: [${pod} status: 'InProgress']`,
          );
      const next = withCondition(status, 'TestSuccess', told, moment);
      return ignoreFailures ? next : withReady(next, told, moment);
    },
  };
  const entered: Step = {
    afterMs: 10,
    change: (status, { now }) => {
      const startedAt = conditionOf(status, 'Reconciling')?.lastTransitionTime ?? '';
      const next = withTestHook(status, doSucceed ? 'Succeeded' : 'Failed', startedAt, now);
      return doSucceed ? next : withFailure(next, ignoreFailures ? undefined : action);
    },
  };
  return [{ afterMs: 50, change: (status, moment) => reconciling(status, running, moment) }, tested, entered];
}

/** Failed, but not yet said what becomes of it. */
function failing(attempt: Attempt, atAttempt: number): Step[] {
  const { release, action } = attempt;
  const { full } = releaseNameOf(release);
  const { chart, version } = release.spec.chart.spec;
  const failed = say(
    'False',
    action === 'install' ? 'InstallFailed' : 'UpgradeFailed',
    `Helm ${action} failed for release ${full} with chart ${chart}@${version}: timeout waiting for: [Deployment/${full} status: 'InProgress']`,
  );
  return [
    {
      afterMs: tookMs.timeout,
      change: (status, moment) => {
        const told = withoutCondition(withCondition(status, 'Released', failed, moment), 'Remediated');
        return withReady(told, failed, moment);
      },
    },
    {
      afterMs: 10,
      change: (status) => {
        // A retry is an upgrade even where the first attempt was an install: Helm has a release by then.
        const made = withOutcome(
          status,
          atAttempt > 1 ? { release, action: 'upgrade' } : attempt,
          'failed',
          tookMs.timeout,
        );
        return withFailure(made, action);
      },
    },
  ];
}

function stalling({ release, action }: Attempt): Step[] {
  return [
    { afterMs: 20, change: (status, moment) => stalled(status, exceeded(status, action), moment) },
    {
      afterMs: 15,
      change: (status) => ({ ...truncated(status), observedGeneration: release.metadata.generation }),
    },
  ];
}

function retrying(attempt: Attempt, attempts: number, recovers: boolean): Step[] {
  const { release } = attempt;
  const interval = goDuration(release.spec.upgrade?.strategy?.retryInterval ?? '5m');
  const waiting: Step[] = [
    {
      afterMs: 20,
      change: (status, moment) =>
        reconciling(status, `retrying after ${interval}`, moment, 'ProgressingWithRetry'),
    },
    {
      afterMs: 15,
      change: (status) => ({ ...truncated(status), observedGeneration: release.metadata.generation }),
    },
  ];
  const again = [fulfilling({ afterMs: tookMs.retry, isIdle: true }), ...begun(attempt)];
  const failures = Array.from({ length: attempts }, (_, index) => [
    ...(index === 0 ? [] : again),
    ...failing(attempt, index + 1),
    ...waiting,
  ]).flat();
  return recovers
    ? [...failures, ...again, ...succeeding(attempt, { afterMs: tookMs.release }, true)]
    : failures;
}

function rollingBack(attempt: Attempt): Step[] {
  const { release, action } = attempt;
  const message = `Running 'rollback' action with timeout of ${timeoutOf(release)}`;
  const rolledBack: Step = {
    afterMs: tookMs.rollback,
    change: (status, moment) => {
      const to = releaseBefore(status);
      if (to === undefined) return stalled(status, exceeded(status, action), moment);
      const name = `${releaseNameOf(release).full}.v${to.version} with chart ${to.chartName}@${to.chartVersion}`;
      const told = say('True', 'RollbackSucceeded', `Helm rollback to previous release ${name} succeeded`);
      const remediated = withCondition(status, 'Remediated', told, moment);
      const ready = withReady(remediated, { ...told, status: 'False' }, moment);
      return stalled(ready, exceeded(status, action), moment);
    },
  };
  const entered: Step = {
    afterMs: 25,
    change: (status, { now }) => {
      const to = releaseBefore(status);
      const next = to === undefined ? status : withRollback(status, to, now);
      return { ...truncated(next), observedGeneration: release.metadata.generation };
    },
  };
  const rollingBackNow: Step = {
    afterMs: 90,
    change: (status, moment) => reconciling(status, message, moment),
  };
  const lookAgain: Step = {
    afterMs: 90,
    change: (status, moment) => stalled(status, exceeded(status, action), moment),
  };
  return [
    ...failing(attempt, 1),
    rollingBackNow,
    rolledBack,
    entered,
    fulfilling({ afterMs: 60 }),
    lookAgain,
  ];
}

function withOutcome(status: Status, attempt: Attempt, outcome: 'deployed' | 'failed', ms: number): Status {
  const { release, action } = attempt;
  const startedAt = new Date(conditionOf(status, 'Reconciling')?.lastTransitionTime ?? 0);
  const { namespace, name } = releaseNameOf(release);
  return {
    ...withRelease(status, release, { action, status: outcome, startedAt }),
    lastAttemptedReleaseAction: action,
    lastAttemptedReleaseActionDuration: `${ms}ms`,
    inventory: { entries: [{ id: `${namespace}_${name}__ConfigMap`, v: 'v1' }] },
  };
}

/** Without an action the failure does not count towards the budget. */
function withFailure(status: Status, action: 'install' | 'upgrade' | undefined): Status {
  const counted = { ...status, failures: (status.failures ?? 0) + 1 };
  if (action === 'install') return { ...counted, installFailures: (status.installFailures ?? 0) + 1 };
  return action === 'upgrade' ? { ...counted, upgradeFailures: (status.upgradeFailures ?? 0) + 1 } : counted;
}

export function withoutFailures(status: Status): Status {
  const { failures: _failures, installFailures: _install, upgradeFailures: _upgrade, ...rest } = status;
  return rest;
}

export function withReady(status: Status, said: Said, moment: Moment): Status {
  return withCondition(status, 'Ready', said, moment);
}

export function say(status: Said['status'], reason: string, message: string): Said {
  return { status, reason, message };
}

/** The newest release as messages name it: `podinfo-dev/podinfo.v2 with chart podinfo@6.1.0`. */
export function nameOfNewest(release: HelmRelease, status: Status): string {
  const newest: Snapshot | undefined = historyOf(status)[0];
  const { chart, version } = release.spec.chart.spec;
  const of = `${newest?.chartName ?? chart}@${newest?.chartVersion ?? version}`;
  return `${releaseNameOf(release).full}.v${newest?.version ?? 1} with chart ${of}`;
}

/** The release that this attempt is about to enter into the history. */
function nameOfNext({ release, action }: Attempt, status: Status): string {
  const { chart, version } = release.spec.chart.spec;
  const number = action === 'install' ? 1 : (historyOf(status)[0]?.version ?? 0) + 1;
  return `${releaseNameOf(release).full}.v${number} with chart ${chart}@${version}`;
}

function exceeded({ failures = 1 }: Status, action: 'install' | 'upgrade'): string {
  return `Failed to ${action} after ${failures} attempt(s)`;
}

function timeoutOf({ spec: { timeout = '5m' } }: HelmRelease): string {
  return goDuration(timeout);
}
