import { describe, expect, test } from '@jest/globals';
import { revisionOf } from '../../src/base/revision.ts';
import { decide } from '../../src/promotion/decide.ts';
import type { Decision, Outcome } from '../../src/promotion/decision.ts';
import type { EnvironmentSeen } from '../../src/promotion/observation.ts';
import { statusOf } from '../../src/promotion/status.ts';
import { memoryOf } from '../../src/promotion/target-status.ts';
import { announce } from '../../src/promotion/announce.ts';
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
} from './builders.ts';

const dev = environment('dev', [good('6.2.0')]);
const commit = {
  repository: 'github.com/acme/fleet',
  baseBranch: 'main',
  branch: 'promotion/apps/podinfo/staging',
  sha: 'abc',
  verified: true,
};

function status(
  environments: EnvironmentSeen[],
  outcomes: Record<string, Outcome> = {},
  decisions?: Decision[],
) {
  const seen = observation(...environments);
  return statusOf({
    previous: undefined,
    generation: 3,
    seen,
    decisions: decisions ?? decide(seen),
    outcomes: new Map(Object.entries(outcomes)),
    credentials: [
      {
        name: 'acme-promoter',
        owner: 'acme-promoter[bot]',
        valid: 'True',
        healthy: 'True',
        reason: 'Healthy',
        message: 'ok',
        lastUsed: now,
        exclusive: { status: 'False', reason: 'Shared', message: 'one other can read it' },
      },
    ],
  });
}

test('says where every version is, what is waited for and whose credential is used', () => {
  const { summary } = status([dev, environment('staging', [good('6.1.0')])], {
    staging: {
      kind: 'proposed',
      revision: revisionOf({ version: '6.2.0' }),
      commit,
      pullRequest: { number: 7, url: 'https://x/7' },
    },
  });
  expect(summary).toEqual({
    revisions: 'dev 6.2.0, staging 6.1.0',
    waiting: 'staging: pull request #7 for 6.2.0: https://x/7',
    credential: 'acme-promoter[bot], used 2026-11-22T08:00:00Z',
  });
});

test('the pass after a proposal writes the same status, so it writes nothing', () => {
  const staging = environment('staging', [good('6.1.0')]);
  const first = status([dev, staging], {
    staging: {
      kind: 'proposed',
      revision: revisionOf({ version: '6.2.0' }),
      commit,
      pullRequest: { number: 7, url: 'https://x/7' },
    },
  });
  const previous = first.environments?.[1];
  if (previous === undefined) throw new Error('no staging');
  expect(status([dev, { ...staging, previous, lookedAt: now }])).toEqual(first);
});

test('a commit is recorded as ours before the branch moves', () => {
  const { environments } = status([dev, environment('staging', [good('6.1.0')])], {
    staging: {
      kind: 'committed',
      revision: revisionOf({ version: '6.2.0' }),
      commit: { ...commit, previous: ['old'] },
    },
  });
  expect(environments?.[1]?.promotion).toMatchObject({
    phase: 'Proposing',
    commit: 'abc',
    previousCommits: ['old'],
  });
});

describe('a look at the pull request', () => {
  const staging = environment('staging', [good('6.1.0')], { previous: promoted('Proposed', '6.2.0') });
  const look: Decision[] = [{ kind: 'rest' }, { kind: 'look', number: 42, strategy }];

  test('that finds it merged waits for the environment', () => {
    const { environments } = status([dev, staging], { staging: { kind: 'looked', state: 'Merged' } }, look);
    expect(environments?.[1]?.promotion).toMatchObject({ phase: 'Merged', since: '2026-11-22T08:00:00Z' });
  });

  test('that finds it closed bars its version', () => {
    const { environments } = status([dev, staging], { staging: { kind: 'looked', state: 'Closed' } }, look);
    expect(environments?.[1]).toMatchObject({
      promotion: { phase: 'Closed' },
      barred: [revisionOf({ version: '6.2.0' }).key],
    });
  });

  test('that finds it open changes nothing', () => {
    const { environments } = status([dev, staging], { staging: { kind: 'looked', state: 'Open' } }, look);
    expect(environments?.[1]?.promotion).toEqual(staging.previous?.promotion);
  });
});

test.each([
  ['UpToDate', [environment('staging', [good('6.2.0')])], 'True', ['Ready']],
  ['AppUnhealthy', [environment('staging', [bad('6.2.0')])], 'False', ['Ready']],
  [
    'NamespaceNotAllowed',
    [environment('staging', [target({ kind: 'notAllowed', message: 'no' })])],
    'False',
    ['Ready', 'Stalled'],
  ],
])('Ready summarises and Stalled exists only when true: %s', (reason, environments, ready, types) => {
  const { conditions } = status([dev, ...environments]);
  expect(conditions?.[0]).toMatchObject({ type: 'Ready', status: ready, reason, observedGeneration: 3 });
  expect(conditions?.map(({ type }) => type)).toEqual([...types, 'CredentialHealthy', 'CredentialExclusive']);
});

test('what a person must mend is said before what is merely waited for', () => {
  const { conditions } = status([
    dev,
    environment('staging', [good('6.1.0')], { previous: promoted('Proposed', '6.2.0'), lookedAt: now }),
    environment('prod', [target({ kind: 'missing', message: 'HelmRelease prod/podinfo does not exist' })]),
  ]);
  expect(conditions?.[0]).toMatchObject({
    reason: 'AppNotFound',
    message: 'prod: HelmRelease prod/podinfo does not exist',
  });
});

test('a problem of the forge is retried and said so', () => {
  const { conditions, environments } = status([dev, environment('staging', [good('6.1.0')])], {
    staging: { kind: 'problem', reason: 'NotInstalled', message: 'App is not installed on acme/fleet' },
  });
  expect(conditions?.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
    'Ready NotInstalled',
    'Reconciling NotInstalled',
    'CredentialHealthy Healthy',
    'CredentialExclusive Shared',
  ]);
  expect(environments?.[1]?.waiting).toEqual({
    reason: 'NotInstalled',
    message: 'App is not installed on acme/fleet',
  });
});

test('what status remembers of a target is what the next pass remembers', () => {
  const memory = {
    verdict: 'bad',
    revision: revisionOf({ version: '6.2.0' }),
    uid: 'u',
    generation: 2,
    attempted: '6.2.0+abc',
    since: secondsAgo(30),
    message: 'UpgradeFailed',
  } as const;
  const seen = { ...bad('6.2.0'), memory };
  const { environments } = status([environment('dev', [seen])]);
  expect(memoryOf(environments?.[0]?.targets[0])).toEqual(memory);
  const wait = {
    verdict: 'wait',
    uid: 'u',
    generation: 2,
    attempted: '',
    since: secondsAgo(30),
    message: 'upgrading',
  } as const;
  const { environments: waiting } = status([
    environment('dev', [{ ...target({ kind: 'waiting', message: 'upgrading' }), memory: wait }]),
  ]);
  expect(memoryOf(waiting?.[0]?.targets[0])).toEqual(wait);
});

test('messages are cut at 256 bytes and hold no line breaks', () => {
  const { environments } = status([
    environment('dev', [target({ kind: 'missing', message: `a\nb${'ü'.repeat(300)}` })]),
  ]);
  const message = environments?.[0]?.targets[0]?.message ?? '';
  expect(Buffer.byteLength(message)).toBeLessThanOrEqual(256);
  expect(message).toMatch(/^a b/);
});

test('the time of use alone moves at most once a minute', () => {
  const used = (lastUsed: Date, previous?: string) =>
    statusOf({
      previous:
        previous === undefined ? undefined : { credential: { name: 'c', valid: 'True', lastUsed: previous } },
      generation: 1,
      seen: observation(dev),
      decisions: [{ kind: 'rest' }],
      outcomes: new Map(),
      credentials: [
        {
          name: 'c',
          valid: 'True',
          healthy: 'True',
          reason: 'Healthy',
          message: '',
          lastUsed,
          exclusive: { status: 'Unknown', reason: 'Unknown', message: '' },
        },
      ],
    }).credential?.lastUsed;
  expect(used(now, '2026-11-22T07:59:01Z')).toBe('2026-11-22T07:59:01Z');
  expect(used(now, '2026-11-22T07:59:00Z')).toBe('2026-11-22T08:00:00Z');
});

test('people hear of transitions, not of passes', () => {
  const before = status([dev, environment('staging', [good('6.1.0')])]);
  const after = status([dev, environment('staging', [good('6.1.0')])], {
    staging: {
      kind: 'proposed',
      revision: revisionOf({ version: '6.2.0' }),
      commit,
      pullRequest: { number: 7, url: 'https://x/7' },
    },
  });
  expect(announce(before, after)).toEqual([
    {
      type: 'Normal',
      reason: 'PullRequestOpen',
      action: 'Promote',
      note: 'staging: pull request for 6.2.0 is open (https://x/7)',
    },
  ]);
  expect(announce(after, after)).toEqual([]);
});
