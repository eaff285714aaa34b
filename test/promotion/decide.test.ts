import { describe, expect, test } from '@jest/globals';
import { revisionOf } from '../../src/base/revision.ts';
import { decide } from '../../src/promotion/decide.ts';
import type { EnvironmentSeen, TargetSeen } from '../../src/promotion/observation.ts';
import {
  bad,
  environment,
  good,
  now,
  observation,
  promoted,
  secondsAgo,
  strategy,
  target,
  waiting,
} from './builders.ts';

const dev = environment('dev', [good('6.2.0')]);

/** What is decided about the last environment. */
function lastDecision(...environments: EnvironmentSeen[]): unknown {
  return decide(observation(...environments)).at(-1);
}

const propose = (version: string) => ({ kind: 'propose', candidate: revisionOf({ version }), strategy });

test('a version that is healthy in dev is proposed for staging', () => {
  expect(lastDecision(dev, environment('staging', [good('6.1.0')]))).toEqual(propose('6.2.0'));
});

test('the first environment is never promoted into', () => {
  expect(decide(observation(dev))).toEqual([{ kind: 'rest' }]);
});

test('every adjacent pair moves on its own', () => {
  const decided = decide(
    observation(dev, environment('staging', [good('6.1.0')]), environment('prod', [good('6.0.0')])),
  );
  expect(decided).toEqual([{ kind: 'rest' }, propose('6.2.0'), propose('6.1.0')]);
});

test('a failing app in staging does not keep a fix out of it', () => {
  expect(lastDecision(dev, environment('staging', [bad('6.1.0')]))).toEqual(propose('6.2.0'));
});

test('an environment whose app was never installed gets its first version', () => {
  expect(lastDecision(dev, environment('staging', [waiting('no release yet')]))).toEqual(propose('6.2.0'));
});

test('half-promoted targets are still promoted', () => {
  expect(
    lastDecision(dev, environment('staging', [good('6.2.0', now, 'eu'), good('6.1.0', now, 'us')])),
  ).toEqual(propose('6.2.0'));
});

describe('nothing is proposed while', () => {
  const cases: [string, EnvironmentSeen[], string, RegExp][] = [
    [
      'the source is failing',
      [environment('dev', [bad('6.2.0', 'UpgradeFailed: no')])],
      'AppUnhealthy',
      /dev: look at UpgradeFailed: no/,
    ],
    ['the source is upgrading', [environment('dev', [waiting()])], 'SourceNotReady', /dev: upgrading/],
    [
      'the targets of the source disagree',
      [environment('dev', [good('6.2.0', now, 'eu'), good('6.1.0', now, 'us')])],
      'SourceDisagrees',
      /dev runs 6\.1\.0 and 6\.2\.0/,
    ],
    [
      'one target of the source fails',
      [environment('dev', [good('6.2.0'), bad('6.2.0', 'no', 'us')])],
      'AppUnhealthy',
      /no/,
    ],
    [
      'the app is missing in the source',
      [environment('dev', [target({ kind: 'missing', message: 'gone' })])],
      'AppNotFound',
      /gone/,
    ],
    [
      'the source is suspended',
      [environment('dev', [target({ kind: 'held', message: 'suspended' })])],
      'AppSuspended',
      /suspended/,
    ],
    [
      'the source is unknown',
      [environment('dev', [target({ kind: 'unknown', message: 'stuck' })])],
      'AppUnknown',
      /stuck/,
    ],
    [
      'the version holds a line break',
      [environment('dev', [good('6.2.0\nevil: true')])],
      'RevisionRefused',
      /dev: /,
    ],
    ['the version holds a #', [environment('dev', [good('6.2.0 # evil')])], 'RevisionRefused', /dev: /],
    [
      'the chart has no version to promote',
      [environment('dev', [target({ kind: 'notPromotable', message: 'follows a branch' })])],
      'RevisionNotPromotable',
      /follows a branch/,
    ],
  ];
  test.each(cases)('%s', (_, source, reason, message) => {
    expect(lastDecision(...source, environment('staging', [good('6.1.0')]))).toEqual({
      kind: 'hold',
      reason,
      message: expect.stringMatching(message),
    });
  });

  const targets: [string, TargetSeen[], string][] = [
    ['the target is missing', [target({ kind: 'missing', message: 'x' })], 'AppNotFound'],
    [
      "the target's namespace does not allow it",
      [target({ kind: 'notAllowed', message: 'x' })],
      'NamespaceNotAllowed',
    ],
    ['no engine reads the target', [target({ kind: 'noEngine', message: 'x' })], 'AppKindUnknown'],
    ['the target is suspended', [target({ kind: 'held', message: 'x' })], 'AppSuspended'],
    ['the target runs a newer version', [good('7.0.0')], 'TargetNewer'],
    ['the target failed at a newer version', [bad('7.0.0')], 'TargetNewer'],
    ['the candidate failed in the target already', [bad('6.2.0')], 'AppUnhealthy'],
  ];
  test.each(targets)('%s', (_, seen, reason) => {
    expect(lastDecision(dev, environment('staging', seen))).toMatchObject({ kind: 'hold', reason });
  });

  test('promotion is suspended', () => {
    expect(lastDecision(dev, environment('staging', [good('6.1.0')], { suspend: true }))).toMatchObject({
      kind: 'hold',
      reason: 'PromotionSuspended',
    });
  });

  test('a person closed the pull request of this version', () => {
    const previous = promoted('Closed', '6.2.0', { barred: [revisionOf({ version: '6.2.0' }).key] });
    expect(lastDecision(dev, environment('staging', [good('6.1.0')], { previous }))).toMatchObject({
      kind: 'hold',
      reason: 'PullRequestClosed',
      message: expect.stringContaining('#42'),
    });
  });

  test('staging left this version after it was promoted', () => {
    const previous = promoted('Promoted', '6.2.0');
    const staging = environment('staging', [good('6.1.0')], { previous });
    expect(lastDecision(dev, staging)).toEqual({ kind: 'bar', key: revisionOf({ version: '6.2.0' }).key });
    const barred = { ...previous, barred: [revisionOf({ version: '6.2.0' }).key] };
    expect(lastDecision(dev, { ...staging, previous: barred })).toMatchObject({
      kind: 'hold',
      reason: 'Reverted',
    });
  });
});

describe('an open pull request', () => {
  const previous = promoted('Proposed', '6.2.0');
  const staging = environment('staging', [good('6.1.0')], { previous, lookedAt: secondsAgo(10) });

  test('is left to people', () => {
    expect(lastDecision(dev, staging)).toEqual({
      kind: 'hold',
      reason: 'PullRequestOpen',
      message: 'pull request #42 for 6.2.0: https://github.com/acme/fleet/pull/42',
    });
  });

  test('is looked at once a minute', () => {
    expect(lastDecision(dev, { ...staging, lookedAt: secondsAgo(60) })).toEqual({
      kind: 'look',
      number: 42,
      strategy,
    });
    expect(lastDecision(dev, { ...staging, lookedAt: secondsAgo(59) })).toMatchObject({ kind: 'hold' });
  });

  test('is looked at after a restart', () => {
    const { lookedAt: _, ...restarted } = staging;
    expect(lastDecision(dev, restarted)).toEqual({ kind: 'look', number: 42, strategy });
  });

  test('gives way to a newer candidate in place', () => {
    expect(lastDecision(environment('dev', [good('6.3.0')]), staging)).toEqual(propose('6.3.0'));
  });

  test('stays while the source is changing', () => {
    expect(lastDecision(environment('dev', [waiting()]), staging)).toMatchObject({
      reason: 'SourceNotReady',
    });
  });

  test('is closed when its version arrived by another way', () => {
    const arrived = environment('staging', [good('6.2.0', secondsAgo(10))], {
      previous,
      lookedAt: secondsAgo(5),
    });
    expect(lastDecision(dev, arrived)).toMatchObject({ kind: 'withdraw', number: 42, as: 'Promoted' });
  });

  test('is closed when the source went back to what the environment runs', () => {
    const back = environment('dev', [good('6.1.0')]);
    const staging61 = environment('staging', [good('6.1.0', secondsAgo(600))], {
      previous,
      lookedAt: secondsAgo(5),
    });
    expect(lastDecision(back, staging61)).toMatchObject({ kind: 'withdraw', as: 'Superseded' });
  });
});

test('a merged promotion is concluded when the environment runs it', () => {
  const staging = environment('staging', [good('6.2.0')], { previous: promoted('Merged', '6.2.0') });
  expect(lastDecision(dev, staging)).toEqual({ kind: 'conclude', as: 'Promoted' });
});

test.each(['Merged', 'Proposing'] as const)(
  'what was %s counts as promoted only if it is what the environment runs',
  (phase) => {
    const { promotion, ...rest } = promoted(phase, '6.3.0');
    if (promotion === undefined) throw new Error('no promotion');
    const { pullRequest: _, ...unopened } = promotion;
    const staging = environment('staging', [good('6.2.0')], { previous: { ...rest, promotion: unopened } });
    expect(lastDecision(dev, staging)).toEqual({ kind: 'conclude', as: 'Superseded' });
  },
);

test('a merged promotion may take an hour to arrive, then status says that it does not', () => {
  const merged = (secondsSince: number) =>
    environment('staging', [waiting('HelmRelease podinfo: upgrading')], {
      previous: promoted('Merged', '6.2.0', { since: secondsAgo(secondsSince).toISOString() }),
    });
  expect(lastDecision(dev, merged(3599))).toMatchObject({ kind: 'hold', reason: 'Merged' });
  expect(lastDecision(dev, merged(3600))).toMatchObject({
    kind: 'hold',
    reason: 'NotArriving',
    message: expect.stringContaining('upgrading'),
  });
});

test('a commit that was made but not published is proposed again', () => {
  const staging = environment('staging', [good('6.1.0')], { previous: promoted('Proposing', '6.2.0') });
  expect(lastDecision(dev, staging)).toEqual(propose('6.2.0'));
});

test('a digest under the same version is another candidate', () => {
  const withDigest = (digest: string) =>
    target({ kind: 'good', revision: revisionOf({ version: '6.2.0', digest }), since: now, message: '' });
  expect(
    lastDecision(
      environment('dev', [withDigest('sha256:b')]),
      environment('staging', [withDigest('sha256:a')]),
    ),
  ).toMatchObject({
    kind: 'propose',
  });
});
