import { describe, expect, test } from '@jest/globals';
import { revisionOf } from '../../src/base/revision.ts';
import { engineFor } from '../../src/engines/index.ts';
import { helmRelease, reconciling, retrying, stalled } from './helm-release.ts';
import type { HelmReleaseGiven } from './helm-release.ts';
import { inWords } from './recorded.ts';

const deployed600 = { status: 'deployed', chartVersion: '6.0.0' };
const deployed610 = { status: 'deployed', chartVersion: '6.1.0' };
const failed610 = { status: 'failed', chartVersion: '6.1.0' };

const digestA = `sha256:${'a'.repeat(64)}`;
const digestB = `sha256:${'b'.repeat(64)}`;

/** The states that a promoter meets; `object` shows what differs from a HelmRelease that runs 6.1.0 and is well. */
const rows: readonly { state: string; object: HelmReleaseGiven; verdict: string }[] = [
  { state: 'steady state', object: {}, verdict: 'good 6.1.0' },
  {
    state: 'spec edited, not seen yet',
    object: {
      observedGeneration: 1,
      attempted: '6.0.0',
      attemptedGeneration: 1,
      ready: { status: 'True', reason: 'InstallSucceeded', observedGeneration: 1 },
    },
    verdict: 'wait',
  },
  {
    state: 'edited, HelmChart not yet built',
    object: {
      observedGeneration: 1,
      attempted: '6.0.0',
      attemptedGeneration: 1,
      ready: { status: 'False', reason: 'SourceNotReady' },
      conditions: [reconciling],
    },
    verdict: 'keep 6.0.0',
  },
  {
    state: 'upgrade running',
    object: {
      observedGeneration: 1,
      ready: { status: 'Unknown', reason: 'Progressing' },
      conditions: [reconciling],
      history: [deployed600],
    },
    verdict: 'wait',
  },
  {
    state: 'just succeeded, entry not written yet',
    object: { observedGeneration: 1, conditions: [reconciling], history: [deployed600] },
    verdict: 'wait',
  },
  {
    state: 'upgraded, tests pending',
    object: {
      observedGeneration: 1,
      ready: { status: 'Unknown', reason: 'AwaitingTests' },
      conditions: [reconciling, { type: 'TestSuccess', status: 'Unknown', reason: 'AwaitingTests' }],
      history: [deployed610, deployed600],
    },
    verdict: 'wait',
  },
  {
    state: 'tests failed, counted',
    object: {
      ready: { status: 'False', reason: 'TestFailed' },
      conditions: [stalled, { type: 'TestSuccess', status: 'False', reason: 'TestFailed' }],
      history: [deployed610, deployed600],
    },
    verdict: 'bad 6.1.0',
  },
  {
    state: 'tests failed, ignored',
    object: {
      conditions: [{ type: 'TestSuccess', status: 'False', reason: 'TestFailed' }],
      history: [deployed610, deployed600],
    },
    verdict: 'good 6.1.0',
  },
  {
    state: 'upgrade failed, no retries configured',
    object: {
      ready: { status: 'False', reason: 'UpgradeFailed' },
      conditions: [stalled],
      history: [failed610, deployed600],
    },
    verdict: 'bad 6.1.0',
  },
  {
    state: 'upgrade failed, retrying',
    object: {
      observedGeneration: 1,
      ready: { status: 'False', reason: 'UpgradeFailed' },
      conditions: [retrying],
      history: [failed610, deployed600],
    },
    verdict: 'bad 6.1.0',
  },
  {
    state: 'chart does not render',
    object: {
      observedGeneration: 1,
      ready: { status: 'False', reason: 'UpgradeFailed' },
      conditions: [reconciling],
      history: [deployed600],
    },
    verdict: 'bad 6.1.0',
  },
  {
    state: 'edited to 6.2.0 while 6.1.0 was waiting, 6.1.0 then fails',
    object: {
      generation: 3,
      observedGeneration: 2,
      attemptedGeneration: 2,
      ready: { status: 'False', reason: 'UpgradeFailed' },
      conditions: [stalled],
      history: [failed610, deployed600],
    },
    verdict: 'wait',
  },
  {
    state: 'rolled back',
    object: {
      ready: { status: 'False', reason: 'RollbackSucceeded' },
      conditions: [stalled, { type: 'Remediated', status: 'True', reason: 'RollbackSucceeded' }],
      history: [deployed600, failed610, deployed600],
    },
    verdict: 'bad 6.1.0',
  },
  {
    state: 'chart fetch broken, nothing new asked',
    object: { attempted: '6.0.0' },
    verdict: 'good 6.0.0',
  },
  {
    state: 'chart fetch broken, 6.1.0 asked',
    object: {
      observedGeneration: 1,
      attempted: '6.0.0',
      attemptedGeneration: 1,
      ready: { status: 'False', reason: 'ArtifactFailed' },
      conditions: [reconciling],
    },
    verdict: 'keep 6.0.0',
  },
  {
    state: 'dependency not ready',
    object: {
      observedGeneration: 1,
      attempted: '6.0.0',
      attemptedGeneration: 1,
      ready: { status: 'False', reason: 'DependencyNotReady' },
      conditions: [reconciling],
    },
    verdict: 'keep 6.0.0',
  },
  {
    state: 'drift corrected',
    object: {
      conditions: [{ type: 'Drifted', status: 'False', reason: 'NoDriftDetected' }],
      history: [deployed610],
    },
    verdict: 'good 6.1.0',
  },
  {
    state: 'values changed only',
    object: {
      generation: 3,
      history: [
        { ...deployed610, version: 3 },
        { ...deployed610, version: 2 },
      ],
    },
    verdict: 'good 6.1.0',
  },
  {
    state: 'suspended',
    object: {
      suspend: true,
      generation: 3,
      attemptedGeneration: 2,
      ready: { status: 'True', reason: 'UpgradeSucceeded', observedGeneration: 2 },
    },
    verdict: 'hold',
  },
  {
    state: 'OCI chart, mutable tag re-pushed',
    object: {
      attempted: '6.1.0+bbbbbbbbbbbb',
      attemptedDigest: digestB,
      history: [
        { status: 'deployed', chartVersion: '6.1.0+bbbbbbbbbbbb', ociDigest: digestB },
        { status: 'superseded', chartVersion: '6.1.0+aaaaaaaaaaaa', ociDigest: digestA },
      ],
    },
    verdict: 'good 6.1.0',
  },
  {
    state: 'uninstalled and reinstalled',
    object: {
      ready: { status: 'True', reason: 'InstallSucceeded' },
      history: [{ ...deployed610, version: 1 }],
    },
    verdict: 'good 6.1.0',
  },
  {
    state: 'object is v2beta2 stored, v2 served',
    object: { apiVersion: 'helm.toolkit.fluxcd.io/v2beta2' },
    verdict: 'good 6.1.0',
  },
];

describe('A HelmRelease is judged by everything that its status says', () => {
  test.each(rows)('$state: $verdict', ({ object, verdict }) => {
    const engine = engineFor(object.apiVersion ?? 'helm.toolkit.fluxcd.io/v2', 'HelmRelease');
    expect(engine === undefined ? 'no engine' : inWords(engine.read(helmRelease(object)))).toBe(verdict);
  });
});

test('values that change are no new revision, and a tag that is pushed again is one', () => {
  const revisions = rows
    .filter(({ state }) =>
      ['steady state', 'values changed only', 'OCI chart, mutable tag re-pushed'].includes(state),
    )
    .map(({ object }) => engineFor('helm.toolkit.fluxcd.io/v2', 'HelmRelease')?.read(helmRelease(object)))
    .map((verdict) => (verdict?.kind === 'good' ? verdict.revision : undefined));
  const version = '6.1.0';
  expect(revisions).toEqual([
    revisionOf({ version }),
    revisionOf({ version }),
    revisionOf({ version, digest: digestB }),
  ]);
});
