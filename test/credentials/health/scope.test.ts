import { describe, expect, test } from '@jest/globals';
import type { Reach } from '../../../src/credentials/probing/reach.ts';
import { scopeStatusOf } from '../../../src/credentials/health/scope.ts';
import { appFacts, least, tokenFacts } from './facts.ts';

const write = least.granted;

describe('of an App it is said', () => {
  test('that it opens no more than needed', () => {
    expect(scopeStatusOf(appFacts(), write)).toEqual({
      verdict: 'Least',
      granted: write,
      repositories: 1,
      message: 'each token is minted for one repository',
    });
  });

  test('what its key opens beside, though our tokens do not', () => {
    const scope = { ...least, verdict: 'Broad', surplus: ['administration:write'] } as const;
    expect(scopeStatusOf(appFacts({ scope, repositorySelection: 'all' }), write)).toEqual({
      verdict: 'Broad',
      granted: write,
      surplus: ['administration:write'],
      repositories: 1,
      message:
        'the App is installed on all repositories of its account; its key also opens administration:write; each token is minted for one repository',
    });
  });

  test('what it opens beyond what spec lists', () => {
    const reach = { repositories: 200, listed: 2, accounts: 3, listedAccounts: 1 };
    expect(scopeStatusOf(appFacts({}, [], reach), write)).toEqual({
      verdict: 'Broad',
      granted: write,
      repositories: 200,
      message:
        'the App is installed on 200 repositories of acme, and spec.repositories lists 2; the App is installed at 3 accounts, and spec.repositories are of 1; each token is minted for one repository',
    });
  });

  test.each<[string, Reach, string]>([
    [
      'on how many repositories',
      {
        repositories: { unknown: 'github.com cannot be reached' },
        listed: 1,
        accounts: 1,
        listedAccounts: 1,
      },
      'how many repositories its key opens is not known: github.com cannot be reached',
    ],
    [
      'at how many accounts',
      { repositories: 1, listed: 1, listedAccounts: 1 },
      'at how many accounts it is installed is not known',
    ],
  ])('nothing, where it is not known %s it is', (_, reach, why) => {
    const { verdict, message } = scopeStatusOf(appFacts({}, [], reach), write);
    expect([verdict, message]).toEqual(['Unknown', `each token is minted for one repository; ${why}`]);
  });

  test('what it lacks', () => {
    expect(scopeStatusOf(appFacts({}, ['pull_requests:write']), write)).toMatchObject({
      verdict: 'Insufficient',
      granted: ['contents:write'],
      lacking: ['pull_requests:write'],
    });
  });

  test('why it is asked for more than usual', () => {
    const needs = [
      {
        permission: 'workflows:write',
        why: 'apps/podinfo staging changes .github/workflows/ci.yaml',
        time: new Date('2026-11-24T10:00:00Z'),
      },
    ];
    const written = { ...needs[0], time: '2026-11-24T10:00:00Z' };
    expect(scopeStatusOf({ ...appFacts(), needs }, write)).toMatchObject({
      granted: [...write, 'workflows:write'],
      needs: [written],
      message:
        'each token is minted for one repository; workflows:write is needed since apps/podinfo staging changes .github/workflows/ci.yaml',
    });
  });
});

test('what some promotions take and none did so far is no surplus, and is said', () => {
  const scope = { ...least, idle: ['workflows:write'] };
  const idle = 'workflows:write was not needed so far';
  expect(scopeStatusOf(appFacts({ scope }), write)).toMatchObject({
    verdict: 'Least',
    message: `each token is minted for one repository; ${idle}`,
  });
  expect(scopeStatusOf(tokenFacts({ scope }), write)).toMatchObject({
    verdict: 'Least',
    message: `no more than a promotion needs; ${idle}`,
  });
});

test('of a token it is said what the forge says, within the bounds of a status', () => {
  const granted = Array.from({ length: 100 }, (_, index) => `scope-${index}-${'x'.repeat(80)}`);
  const scope = scopeStatusOf(
    tokenFacts({ scope: { verdict: 'Broad', granted, surplus: granted, lacking: [], message: 'much' } }),
    write,
  );
  expect(scope).toMatchObject({ verdict: 'Broad', message: 'much' });
  expect([scope.granted.length, scope.surplus?.length]).toEqual([64, 64]);
  expect(scope.granted.every((each) => Buffer.byteLength(each) <= 64)).toBe(true);
});
