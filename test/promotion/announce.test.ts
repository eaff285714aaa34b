import { describe, expect, test } from '@jest/globals';
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
