import { describe, expect, test } from '@jest/globals';
import { fluxHelmRelease } from '../../../src/engines/flux-helm-release.ts';
import { inWords } from '../../engines/recorded.ts';
import type { HelmRelease } from './helm-release.ts';
import { replay, withoutTimes } from './replay.ts';
import type { Played } from './replay.ts';

const failing = { kind: 'failing' } as const;
const rolledBack = { kind: 'rolled-back' } as const;

const scenarios: Played[] = [
  { scenario: 'upgrade' },
  { scenario: 'upgrade-slow', fates: { '6.1.0': { kind: 'slow', ms: 6000 } } },
  { scenario: 'downgrade' },
  { scenario: 'install' },
  { scenario: 'install-slow', fates: { '6.1.0': { kind: 'slow', ms: 6000 } } },
  { scenario: 'install-failed', fates: { '6.1.0': failing } },
  { scenario: 'upgrade-failed', fates: { '6.1.0': failing } },
  { scenario: 'upgrade-failed-retrying', fates: { '6.1.0': { kind: 'failing-retrying' } } },
  {
    scenario: 'upgrade-failed-retried-then-good',
    fates: { '6.1.0': { kind: 'failing-retrying', attempts: 1, recovers: true } },
  },
  { scenario: 'upgrade-failed-then-values-fix' },
  { scenario: 'rolled-back', fates: { '6.1.0': rolledBack }, isChartFirst: true },
  { scenario: 'rolled-back-interval-runs', fates: { '6.1.0': rolledBack }, occasions: ['look', 'look'] },
  { scenario: 'rolled-back-then-next-version' },
  { scenario: 'rolled-back-then-reverted' },
  { scenario: 'tests-failed', fates: { '6.1.0': { kind: 'tests-failing' } } },
  { scenario: 'tests-failed-ignored', fates: { '6.1.0': { kind: 'tests-failing' } } },
  { scenario: 'tests-succeed-at-once' },
  { scenario: 'tests-pending-then-succeed' },
  { scenario: 'chart-version-missing', fates: { '6.9.9': { kind: 'chart-missing' } } },
  { scenario: 'values-changed' },
  { scenario: 'nothing-to-release' },
  { scenario: 'interval-runs', occasions: ['look', 'look', 'look'] },
  { scenario: 'drift-corrected', occasions: ['drifted', 'look'] },
  { scenario: 'uninstalled-by-hand', occasions: ['uninstalled', 'look'] },
  { scenario: 'suspended' },
  { scenario: 'suspended-resumed' },
  { scenario: 'suspended-resumed-unchanged' },
  { scenario: 'suspended-during-upgrade', fates: { '6.1.0': failing } },
  { scenario: 'superseded-while-waiting', fates: { '6.1.0': failing } },
  { scenario: 'superseded-while-waiting-then-ready' },
];

describe('Every status is the one that helm-controller wrote, times and digests apart', () => {
  test.each(scenarios)('$scenario', (scenario) => {
    const { recorded, played, left } = replay(scenario);
    expect(played.map(({ status }) => withoutTimes(status))).toEqual(
      recorded.map(({ status }) => withoutTimes(status)),
    );
    expect(left).toBe(0);
  });
});

describe('The reader of HelmReleases comes to the same verdicts, step by step', () => {
  test.each(scenarios)('$scenario', (scenario) => {
    const { recorded, played } = replay(scenario);
    const verdicts = (objects: readonly HelmRelease[]): string[] =>
      objects.map((object) => inWords(fluxHelmRelease.read(object)));
    expect(verdicts(played)).toEqual(verdicts(recorded));
  });
});
