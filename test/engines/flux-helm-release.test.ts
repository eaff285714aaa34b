import { describe, expect, test } from '@jest/globals';
import { revisionOf } from '../../src/base/revision.ts';
import { fluxHelmRelease } from '../../src/engines/flux-helm-release.ts';
import { helmRelease, reconciling, stalled, transitionTime } from './helm-release.ts';
import { inWords } from './recorded.ts';

const { project, read } = fluxHelmRelease;
const since = new Date(transitionTime);

describe('What the user reads', () => {
  test('a good release says what Flux says, and since when', () => {
    const message = 'Helm upgrade succeeded for release podinfo-dev/podinfo.v2 with chart podinfo@6.1.0';
    expect(read(helmRelease({ ready: { status: 'True', reason: 'UpgradeSucceeded', message } }))).toEqual({
      kind: 'good',
      revision: revisionOf({ version: '6.1.0' }),
      since,
      message: `UpgradeSucceeded: ${message}`,
    });
  });

  test('a good release whose failed tests are ignored says so', () => {
    const conditions = [{ type: 'TestSuccess', status: 'False', reason: 'TestFailed' }] as const;
    expect(read(helmRelease({ conditions })).message).toBe('UpgradeSucceeded (failed tests are ignored)');
  });

  test('a failed release names the chart that failed, not the one that runs', () => {
    const message = "timeout waiting for: [Deployment/podinfo-dev/podinfo status: 'InProgress']";
    const object = helmRelease({
      attempted: '6.1.0+bbbbbbbbbbbb',
      attemptedDigest: 'sha256:bbbbbbbbbbbb',
      ready: { status: 'False', reason: 'UpgradeFailed', message },
      history: [{ status: 'deployed', chartVersion: '6.0.0+aaaaaaaaaaaa', ociDigest: 'sha256:aaaaaaaaaaaa' }],
    });
    expect(read(object)).toEqual({
      kind: 'bad',
      revision: revisionOf({ version: '6.1.0', digest: 'sha256:bbbbbbbbbbbb' }),
      since,
      message: `UpgradeFailed: ${message}`,
    });
  });

  test('a release whose source is not ready says what runs and what Flux misses', () => {
    const message =
      "HelmChart 'podinfo-dev/podinfo' is not ready: no 'podinfo' chart with version matching '6.9.9' found";
    const object = helmRelease({ ready: { status: 'False', reason: 'SourceNotReady', message } });
    expect(read(object)).toEqual({
      kind: 'keep',
      revision: revisionOf({ version: '6.1.0' }),
      message: `SourceNotReady: ${message}`,
    });
  });

  test('an object that is held says why', () => {
    const objects = [
      helmRelease({ suspend: true }),
      helmRelease({ suspend: true, deletionTimestamp: '2026-11-22T13:05:00Z' }),
    ];
    expect(objects.map(read)).toEqual([
      { kind: 'hold', message: 'suspended by spec.suspend' },
      { kind: 'hold', message: 'being deleted since 2026-11-22T13:05:00Z' },
    ]);
  });

  test('a message is one line of at most 256 bytes without control characters and credentials', () => {
    const message = `\u001b[31mfetch https://robot:hunter2@charts.acme.dev/index.yaml:\r\n\u202e${'ü'.repeat(400)}`;
    const said = read(helmRelease({ ready: { status: 'Unknown', reason: 'Progressing', message } })).message;
    expect(said).toMatch(
      /^Progressing: \[31mfetch https:\/\/\[redacted\]@charts\.acme\.dev\/index\.yaml: ü+…$/,
    );
    expect(Buffer.byteLength(said)).toBeLessThanOrEqual(256);
  });
});

test('an edit that Flux has not come to is told as such, not by what it still does for the older spec', () => {
  const given = {
    ready: { status: 'True', reason: 'UpgradeSucceeded', observedGeneration: 1 },
    conditions: [{ ...reconciling, observedGeneration: 1 }],
  } as const;
  expect(read(helmRelease(given)).message).toMatch(
    /^Flux has not reconciled generation 2 yet; of an older one Flux says UpgradeSucceeded/,
  );
});

describe('A wait is dated by the condition that says so', () => {
  const earlier = '2026-11-22T12:00:00Z';
  test.each([
    ['an upgrade runs: Ready', { ready: { status: 'Unknown', reason: 'Progressing' } }, since],
    [
      'an interval run: Reconciling, for Ready may be weeks old',
      {
        ready: { status: 'True', reason: 'UpgradeSucceeded', lastTransitionTime: earlier },
        conditions: [reconciling],
      },
      since,
    ],
    [
      'an edit that Flux has begun with: Reconciling',
      {
        ready: {
          status: 'True',
          reason: 'UpgradeSucceeded',
          observedGeneration: 1,
          lastTransitionTime: earlier,
        },
        conditions: [reconciling],
      },
      since,
    ],
    [
      'an edit that Flux has not seen: nothing',
      { observedGeneration: 1, ready: { status: 'True', reason: 'UpgradeSucceeded', observedGeneration: 1 } },
      undefined,
    ],
    [
      'an edit while an older one is reconciled: nothing',
      {
        ready: { status: 'True', reason: 'UpgradeSucceeded' },
        conditions: [{ ...reconciling, observedGeneration: 1 }],
      },
      undefined,
    ],
    [
      'Ready for this spec, but its generation is not observed yet: nothing',
      { observedGeneration: 1 },
      undefined,
    ],
    [
      'a date that is none: nothing',
      { ready: { status: 'Unknown', reason: 'Progressing', lastTransitionTime: 'yesterday' } },
      undefined,
    ],
  ] as const)('%s', (_, given, expected) => {
    const verdict = read(helmRelease(given));
    expect([verdict.kind, 'since' in verdict ? verdict.since : undefined]).toEqual(['wait', expected]);
  });
});

describe('Nothing is good that one field speaks against', () => {
  test.each([
    ['observed generation behind', { observedGeneration: 1 }],
    ['result of an older spec, written with the new generation', { attemptedGeneration: 1 }],
    [
      'Ready of an older spec',
      { ready: { status: 'True', reason: 'UpgradeSucceeded', observedGeneration: 1 } },
    ],
    ['reconciling', { conditions: [reconciling] }],
    ['stalled', { conditions: [stalled] }],
    ['newest release failed', { history: [{ status: 'failed', chartVersion: '6.1.0' }] }],
    ['newest release is another chart', { history: [{ status: 'deployed', chartVersion: '6.0.0' }] }],
    [
      'newest release has other content',
      {
        attempted: '6.1.0+bbbbbbbbbbbb',
        history: [{ status: 'deployed', chartVersion: '6.1.0+aaaaaaaaaaaa' }],
      },
    ],
    ['no release', { history: [] }],
  ] as const)('%s', (_, given) => {
    expect(read(helmRelease(given)).kind).toBe('wait');
  });

  test('a Reconciling condition that is False says nothing', () => {
    expect(inWords(read(helmRelease({ conditions: [{ ...reconciling, status: 'False' }] })))).toBe(
      'good 6.1.0',
    );
  });
});

describe('Not ready', () => {
  test.each([
    [
      'nothing was ever installed',
      { ready: { status: 'False', reason: 'SourceNotReady' }, history: [] },
      'wait',
    ],
    [
      'a newer revision ended the attempt',
      {
        ready: { status: 'False', reason: 'HealthCheckCanceled' },
        conditions: [stalled],
        history: [{ status: 'deployed', chartVersion: '6.0.0' }],
      },
      'wait',
    ],
    [
      'a failure of an older spec',
      { ready: { status: 'False', reason: 'TestFailed' }, attemptedGeneration: 1 },
      'wait',
    ],
    [
      'the old release is removed because its name was edited',
      {
        ready: { status: 'False', reason: 'UninstallSucceeded' },
      },
      'keep 6.1.0',
    ],
    [
      'the remedy of an upgrade failed',
      {
        ready: { status: 'False', reason: 'UninstallFailed' },
        conditions: [{ type: 'Remediated', status: 'False', reason: 'UninstallFailed' }],
        history: [{ status: 'uninstalling', chartVersion: '6.1.0' }],
      },
      'bad 6.1.0',
    ],
    ['the rollback failed', { ready: { status: 'False', reason: 'RollbackFailed' } }, 'bad 6.1.0'],
    [
      'the first install failed',
      { ready: { status: 'False', reason: 'InstallFailed' }, history: [] },
      'bad 6.1.0',
    ],
  ] as const)('%s: %s', (_, given, verdict) => {
    expect(inWords(read(helmRelease(given)))).toBe(verdict);
  });
});

test('the newest release counts, wherever it stands in the history', () => {
  const history = [
    { version: 2, status: 'superseded', chartVersion: '6.0.0' },
    { version: 10, status: 'deployed', chartVersion: '6.1.0' },
    { version: 9, status: 'failed', chartVersion: '6.0.5' },
  ];
  expect(inWords(read(helmRelease({ history })))).toBe('good 6.1.0');
});

test('fields that we do not know change nothing', () => {
  const object = helmRelease({ conditions: [reconciling] });
  const more = {
    ...object,
    future: [1],
    spec: { ...('spec' in object ? Object(object.spec) : {}), future: { deep: true } },
  };
  expect(read(more)).toEqual(read(object));
  expect(project(more)).toEqual(project(object));
});

test('the cache holds the fields that are read and no others, with messages cut', () => {
  const remediated = {
    type: 'Remediated',
    status: 'True',
    reason: 'RollbackSucceeded',
    message: 'never shown',
  } as const;
  const object = helmRelease({
    ready: { status: 'False', reason: 'RollbackSucceeded', message: 'x'.repeat(1000) },
    conditions: [{ type: 'Released', status: 'False', reason: 'UpgradeFailed' }, remediated],
    history: [
      { status: 'deployed', chartVersion: '6.0.0' },
      { status: 'failed', chartVersion: '6.1.0' },
    ],
  });
  const dated = { observedGeneration: 2, lastTransitionTime: transitionTime };
  expect(project(object)).toEqual({
    apiVersion: 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: {
      name: 'podinfo',
      namespace: 'podinfo-dev',
      uid: 'd4f29651-5de8-4fa2-95bc-56cda0580417',
      resourceVersion: '431',
      generation: 2,
    },
    spec: { sourceKind: 'HelmRepository' },
    status: {
      observedGeneration: 2,
      lastAttemptedGeneration: 2,
      lastAttemptedRevision: '6.1.0',
      conditions: [
        {
          type: 'Ready',
          status: 'False',
          reason: 'RollbackSucceeded',
          message: `${'x'.repeat(297)}…`,
          ...dated,
        },
        { ...remediated, message: '', ...dated },
      ],
      newest: { version: 2, status: 'deployed', chartVersion: '6.0.0' },
    },
  });
  expect(read(project(object))).toEqual(read(object));
});
