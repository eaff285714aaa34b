import { describe, expect, test } from '@jest/globals';
import type { Condition } from '../../src/api/meta.ts';
import type { EnvironmentStatus } from '../../src/api/pipeline-status.ts';
import { announce } from '../../src/promotion/announce.ts';
import { promoted } from './builders.ts';

/** What people hear when staging goes from the one to the other, in short. */
function said(before: EnvironmentStatus | undefined, after: EnvironmentStatus): string[] {
  const previous = before === undefined ? undefined : { environments: [before] };
  return announce(previous, { environments: [after] }).map(
    ({ type, reason, note }) => `${type} ${reason}: ${note}`,
  );
}

const url = 'https://github.com/acme/fleet/pull/42';
const idle: EnvironmentStatus = { name: 'staging', targets: [] };

function waiting(reason: string, message = 'so it is'): EnvironmentStatus {
  return { ...idle, waiting: { reason, message } };
}

describe('a promotion is spoken of when it comes to be', () => {
  test.each([
    ['Proposed', `Normal PullRequestOpen: staging: pull request for 6.2.0 is open (${url})`],
    ['Merged', `Normal Merged: staging: 6.2.0 is merged (${url})`],
    ['Promoted', 'Normal UpToDate: staging runs 6.2.0'],
    ['Closed', `Normal PullRequestClosed: staging: pull request for 6.2.0 was closed (${url})`],
  ] as const)('%s', (phase, line) => {
    expect(said(promoted('Proposing', '6.2.0'), promoted(phase, '6.2.0'))).toEqual([line]);
    expect(said(undefined, promoted(phase, '6.2.0'))).toEqual([line]);
    expect(said(promoted(phase, '6.2.0'), promoted(phase, '6.2.0'))).toEqual([]);
  });

  test('a newer version in the same pull request is news', () => {
    expect(said(promoted('Proposed', '6.2.0'), promoted('Proposed', '6.3.0'))).toEqual([
      `Normal PullRequestOpen: staging: pull request for 6.3.0 is open (${url})`,
    ]);
  });

  test.each(['Proposing', 'Superseded'] as const)('%s is nothing to speak of', (phase) => {
    expect(said(idle, promoted(phase, '6.2.0'))).toEqual([]);
  });
});

describe('what a person has to mend is a warning when it begins', () => {
  test('and not while it goes on, whatever the sentence', () => {
    expect(said(idle, waiting('NotInstalled', 'install it'))).toEqual([
      'Warning NotInstalled: staging: install it',
    ]);
    expect(said(waiting('NotInstalled', 'install it'), waiting('NotInstalled', 'do install it'))).toEqual([]);
  });

  test('another trouble is another warning', () => {
    expect(said(waiting('NotInstalled'), waiting('MarkerNotFound', 'put it there'))).toEqual([
      'Warning MarkerNotFound: staging: put it there',
    ]);
  });

  test.each(['PullRequestOpen', 'PromotionSuspended', 'SourceNotReady', 'Promoting'])(
    '%s is no trouble',
    (reason) => {
      expect(said(idle, waiting(reason))).toEqual([]);
    },
  );
});

test('each environment is spoken of by itself', () => {
  const prod = { ...promoted('Merged', '6.1.0'), name: 'prod' };
  const staging = promoted('Proposed', '6.2.0');
  expect(
    announce({ environments: [prod] }, { environments: [staging, prod] }).map(({ note }) => note),
  ).toEqual([`staging: pull request for 6.2.0 is open (${url})`]);
});

describe('what changes about its credentials is told once', () => {
  type Said = readonly [reason: string, message: string];

  function condition(type: string, [reason, message]: Said): Condition {
    const times = { observedGeneration: 1, lastTransitionTime: '2026-11-22T08:00:00Z' };
    return { type, status: 'Unknown', reason, message, ...times };
  }

  /** What people hear when a condition goes from the one to the other. */
  function heard(type: string, before: Said | undefined, after: Said): string[] {
    const previous = before === undefined ? undefined : { conditions: [condition(type, before)] };
    return announce(previous, { conditions: [condition(type, after)] }).map((each) =>
      [each.type, each.reason, each.action, each.note].join(' | '),
    );
  }

  const healthy: Said = ['Healthy', 'the forge accepts it'];
  const revoked: Said = ['Revoked', 'replace it'];
  const unknown: Said = ['Unknown', 'not asked yet'];
  const exclusive: Said = ['Exclusive', 'nobody else'];
  const shared: Said = ['Shared', 'one other can read it'];

  test.each<[string, Said | undefined, Said, string[]]>([
    ['CredentialHealthy', healthy, revoked, ['Warning | Revoked | Check | CredentialHealthy: replace it']],
    ['CredentialHealthy', undefined, revoked, ['Warning | Revoked | Check | CredentialHealthy: replace it']],
    [
      'CredentialHealthy',
      revoked,
      healthy,
      ['Normal | Healthy | Check | CredentialHealthy: the forge accepts it'],
    ],
    ['CredentialHealthy', revoked, ['Revoked', 'do replace it'], []],
    ['CredentialHealthy', unknown, healthy, []],
    ['CredentialHealthy', undefined, healthy, []],
    ['CredentialHealthy', undefined, unknown, []],
    [
      'CredentialHealthy',
      ['Expiring', 'in less than 14 days'],
      ['Expiring', 'in less than 7 days'],
      ['Warning | Expiring | Check | CredentialHealthy: in less than 7 days'],
    ],
    [
      'CredentialExclusive',
      exclusive,
      shared,
      ['Warning | Shared | Check | CredentialExclusive: one other can read it'],
    ],
    [
      'CredentialExclusive',
      exclusive,
      unknown,
      ['Warning | Unknown | Check | CredentialExclusive: not asked yet'],
    ],
    ['CredentialExclusive', shared, shared, []],
    ['Ready', healthy, revoked, []],
  ])('%s from %j to %j', (type, before, after, lines) => {
    expect(heard(type, before, after)).toEqual(lines);
  });
});
