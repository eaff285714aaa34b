import { describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { expiryOf } from '../../../src/forges/github/describe-token.ts';
import { refusal, type Answer, type Asked } from '../scripted.ts';
import { call, failureOf, token, withForge } from './opened.ts';

const now = new Date('2026-11-24T10:00:00Z');

describe('a stored token', () => {
  const ada = { login: 'ada', id: 12, type: 'User' };
  const described = async (secret: string, answer: Answer | ((asked: Asked) => Answer)): Promise<unknown> => {
    let facts: unknown;
    await withForge(
      typeof answer === 'function' ? answer : () => answer,
      async ({ identity }) => {
        facts = await identity.describeToken(new Secret(secret), call());
      },
      { now: () => now },
    );
    return facts;
  };

  test('of the classic kind tells its scopes and its end', async () => {
    const headers = {
      'x-oauth-scopes': 'repo, read:org',
      'github-authentication-token-expiration': '2026-12-24 10:31:26 UTC',
    };
    expect(await described(`ghp_${'a'.repeat(36)}`, { headers, body: ada })).toMatchObject({
      kind: 'PersonalAccessToken',
      owner: { login: 'ada', type: 'User', id: '12' },
      expiry: { kind: 'at', time: new Date('2026-12-24T10:31:26Z') },
      scope: { verdict: 'Broad', granted: ['repo', 'read:org'] },
    });
  });

  test('without scopes has none, which is not the same as not knowing', async () => {
    expect(
      await described(`ghp_${'a'.repeat(36)}`, { headers: { 'x-oauth-scopes': '' }, body: ada }),
    ).toMatchObject({ scope: { verdict: 'Unknown', granted: [] } });
  });

  test('of the fine-grained kind does not tell its scopes', async () => {
    const facts = await described(`github_pat_${'a'.repeat(36)}`, { body: ada });
    expect(facts).toMatchObject({
      kind: 'PersonalAccessToken',
      owner: { login: 'ada', type: 'User', id: '12' },
      expiry: { kind: 'never or not reported' },
      scope: { verdict: 'Unknown', granted: [] },
    });
  });

  test.each([
    [`ghu_${'a'.repeat(36)}`, 'OAuthUser'],
    [`gho_${'a'.repeat(36)}`, 'OAuthUser'],
    ['0123456789abcdef0123456789abcdef01234567', 'PersonalAccessToken'],
    ['something-else', 'Unknown'],
  ])('%s is of kind %s', async (secret, kind) => {
    expect(await described(secret, { body: ada })).toMatchObject({ kind });
  });

  test('of an App is asked another way', async () => {
    const facts = await described(token, ({ url }) =>
      url === '/graphql'
        ? { body: { data: { viewer: { login: 'acme-promoter[bot]' } } } }
        : refusal(403, 'Resource not accessible by integration'),
    );
    expect(facts).toMatchObject({
      kind: 'InstallationToken',
      owner: { login: 'acme-promoter[bot]', type: 'Bot' },
      expiry: { kind: 'unknown' },
    });
  });

  test('that the forge does not know is Unauthorized', async () => {
    await withForge(
      () => refusal(401, 'Bad credentials'),
      async ({ identity }) => {
        expect(await failureOf(identity.describeToken(new Secret(token), call()))).toMatchObject({
          code: 'Unauthorized',
        });
      },
    );
  });
});

test.each<[string | null, unknown]>([
  [null, { kind: 'never or not reported' }],
  ['2022-11-12 10:31:26 UTC', { kind: 'at', time: new Date('2022-11-12T10:31:26Z') }],
  ['2026-12-05 17:55:53 +0500', { kind: 'at', time: new Date('2026-12-05T12:55:53Z') }],
  ['2026-12-05 17:55:53 -0330', { kind: 'at', time: new Date('2026-12-05T21:25:53Z') }],
  ['2026-11-24 15:00:30 +0500', { kind: 'unknown', why: expect.stringContaining('by mistake') }],
  ['2026-11-24T11:00:00Z', { kind: 'unknown', why: expect.stringContaining('not known') }],
  ['2026-13-45 10:31:26 UTC', { kind: 'unknown', why: expect.stringContaining('not known') }],
  ['soon', { kind: 'unknown', why: expect.stringContaining('not known') }],
])('the end of a token that is told as %j', (header, expected) => {
  expect(expiryOf(header, now)).toEqual(expected);
});
