import { describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import type { TokenFacts } from '../../../src/forges/identity.ts';
import { expiryOf } from '../../../src/forges/github/token-expiry.ts';
import { refusal, type Answer, type Asked, type Said } from '../scripted.ts';
import { call, failureOf, token as ofApp, withForge, type Failure } from './opened.ts';

const now = new Date('2026-11-24T10:00:00Z');
const ada = { login: 'ada', id: 12, type: 'User' };
const fleet = { private: true, permissions: { admin: false, push: true, pull: true } };
const classic = `ghp_${'a'.repeat(36)}`;
const fine = `github_pat_11${'A'.repeat(20)}_${'b'.repeat(59)}`;

/** A forge where ada's token is shown acme/fleet as `answer` says. */
function forgeOf(answer: Answer): (asked: Asked) => Answer {
  return ({ url, body }) => {
    if (url === '/user') return { body: ada };
    if (url === '/graphql' && body.includes('Viewer'))
      return { body: { data: { viewer: { login: 'acme-promoter[bot]' } } } };
    return url === '/repos/acme/fleet' ? answer : refusal(404, 'Not Found');
  };
}

const subject = { repository: { owner: 'acme', name: 'fleet' } };

async function described(secret: string, answer: Answer, alsoNeeds: string[] = []): Promise<TokenFacts> {
  let facts: TokenFacts | undefined;
  await withForge(
    forgeOf(answer),
    async ({ identity }) => {
      facts = await identity.describeToken(new Secret(secret), { ...subject, alsoNeeds }, call());
    },
    { now: () => now },
  );
  if (facts === undefined) throw new Error('nothing was described');
  return facts;
}

async function refused(secret: string, answer: Answer): Promise<Failure> {
  let failure: Failure | undefined;
  await withForge(forgeOf(answer), async ({ identity }) => {
    failure = await failureOf(identity.describeToken(new Secret(secret), subject, call()));
  });
  if (failure === undefined) throw new Error('nothing was refused');
  return failure;
}

function shown(headers: Record<string, string> = {}, repository: unknown = fleet): Said {
  return { headers, body: repository };
}

describe('a classic token', () => {
  test('tells its owner, its end, its scopes, and what is left of the limit', async () => {
    const headers = {
      'x-oauth-scopes': 'repo, read:org',
      'github-authentication-token-expiration': '2026-12-24 10:31:26 UTC',
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '4321',
      'x-ratelimit-reset': '1795600800',
    };
    expect(await described(classic, shown(headers))).toEqual({
      kind: 'PersonalAccessToken',
      owner: { login: 'ada', type: 'User', id: '12' },
      expiry: { kind: 'at', time: new Date('2026-12-24T10:31:26Z') },
      scope: {
        verdict: 'Broad',
        granted: ['repo', 'read:org'],
        surplus: ['repo', 'read:org'],
        lacking: [],
        message:
          'scope repo opens every repository that ada may write to, and read:org is not needed at all; use a fine-grained token or an App for acme/fleet alone',
      },
      rate: { limit: 5_000, remaining: 4_321, resetAt: new Date(1_795_600_800_000) },
      isUnguessable: true,
    });
  });

  test("on a server of one's own that does not limit tells no limit", async () => {
    expect(await described(classic, shown({ 'x-oauth-scopes': 'repo' }))).not.toHaveProperty('rate');
  });

  test.each<[string, string, unknown, string[], Partial<TokenFacts['scope']>]>([
    ['repo alone', 'repo', fleet, [], { verdict: 'Broad', surplus: ['repo'], lacking: [] }],
    [
      'public_repo for a public repository',
      'public_repo',
      { ...fleet, private: false },
      [],
      {
        verdict: 'Broad',
        surplus: ['public_repo'],
        message:
          'scope public_repo opens every public repository that ada may write to; use a fine-grained token or an App for acme/fleet alone',
      },
    ],
    [
      'workflow where it is used',
      'repo, workflow',
      fleet,
      ['workflows:write'],
      { verdict: 'Broad', surplus: ['repo'] },
    ],
    [
      'workflow where it was not used so far',
      'repo, workflow',
      fleet,
      [],
      { verdict: 'Broad', surplus: ['repo'], idle: ['workflow'] },
    ],
    [
      'no workflow where it would be used',
      'repo',
      fleet,
      ['workflows:write'],
      { verdict: 'Insufficient', surplus: ['repo'], lacking: ['workflow'] },
    ],
    [
      'no scope, so that it reads what is public',
      '',
      { private: false, permissions: { push: true } },
      [],
      { verdict: 'Insufficient', granted: [], surplus: [], lacking: ['public_repo'] },
    ],
    [
      'repo of somebody who may not write there',
      'repo',
      { private: true, permissions: { push: false } },
      [],
      {
        verdict: 'Insufficient',
        granted: ['repo'],
        lacking: ['contents:write'],
        message:
          'ada may not write to acme/fleet; give ada the role Write there, or use a token of somebody who has it',
      },
    ],
  ])('with %s', async (_, scopes, repository, alsoNeeds, scope) => {
    const facts = await described(classic, shown({ 'x-oauth-scopes': scopes }, repository), alsoNeeds);
    expect(facts.scope).toMatchObject(scope);
  });

  test('that is not shown the repository lacks the scope, when it lacks it', async () => {
    const hidden = refusal(404, 'Not Found', { headers: { 'x-oauth-scopes': 'gist' } });
    expect(await described(classic, hidden)).toMatchObject({
      owner: { login: 'ada' },
      scope: {
        verdict: 'Insufficient',
        granted: ['gist'],
        surplus: ['gist'],
        lacking: ['repo'],
        message: 'the token lacks scope repo; use a fine-grained token or an App for acme/fleet alone',
      },
    });
  });

  test('that has the scope and is not shown the repository is told to look at the name', async () => {
    const hidden = refusal(404, 'Not Found', { headers: { 'x-oauth-scopes': 'repo' } });
    expect(await described(classic, hidden)).toMatchObject({
      owner: { login: 'ada' },
      scope: {
        verdict: 'Insufficient',
        granted: ['repo'],
        lacking: ['acme/fleet'],
        message: 'this token of ada is shown no acme/fleet; check the name, and that the token is for it',
      },
    });
    for (const secret of [fine, ofApp]) {
      const { owner, scope } = await described(secret, refusal(404, 'Not Found'));
      expect([owner.login, scope.verdict]).toEqual([expect.any(String), 'Insufficient']);
    }
  });
});

describe('a fine-grained token', () => {
  test('is not told what it may do, nor that it never ends', async () => {
    expect(await described(fine, shown())).toMatchObject({
      kind: 'FineGrainedToken',
      owner: { login: 'ada', type: 'User', id: '12' },
      expiry: { kind: 'never or not reported' },
      scope: {
        verdict: 'Unknown',
        granted: [],
        surplus: [],
        lacking: [],
        message:
          'GitHub does not tell a fine-grained token what it may do; a call that is refused tells what it lacks',
      },
    });
  });

  test('of somebody who may not write there is not enough, whatever it may do', async () => {
    expect(await described(fine, shown({}, { private: true, permissions: { push: false } }))).toMatchObject({
      scope: { verdict: 'Insufficient', lacking: ['contents:write'] },
    });
  });

  test('whose end is told as the present moment ends nobody knows when, until it has been told otherwise', async () => {
    let header = '2026-11-24 15:00:30 +0500';
    await withForge(
      (asked) =>
        forgeOf(shown({ 'github-authentication-token-expiration': header, date: now.toUTCString() }))(asked),
      async ({ identity }) => {
        const end = async () => (await identity.describeToken(new Secret(fine), subject, call())).expiry.kind;
        expect(await end()).toBe('unknown');
        header = '2026-11-24 15:00:31 +0500';
        expect(await end()).toBe('unknown');
        header = '2026-11-26 12:00:00 +0500';
        expect(await end()).toBe('at');
      },
      { now: () => now },
    );
  });

  test('that really ends now, as it was told before, ends now', async () => {
    let ours = new Date('2026-11-24T08:00:00Z');
    await withForge(
      (asked) =>
        forgeOf(
          shown({
            'github-authentication-token-expiration': '2026-11-24 10:00:30 UTC',
            date: ours.toUTCString(),
          }),
        )(asked),
      async ({ identity }) => {
        const end = async () => (await identity.describeToken(new Secret(fine), subject, call())).expiry;
        expect(await end()).toEqual({ kind: 'at', time: new Date('2026-11-24T10:00:30Z') });
        ours = now;
        expect(await end()).toEqual({ kind: 'at', time: new Date('2026-11-24T10:00:30Z') });
      },
      { now: () => ours },
    );
  });
});

describe('a token', () => {
  test.each([
    [classic, 'PersonalAccessToken', 'never'],
    ['0123456789abcdef0123456789abcdef01234567', 'PersonalAccessToken', 'never'],
    [fine, 'FineGrainedToken', 'never or not reported'],
    [`gho_${'a'.repeat(36)}`, 'OAuthUser', 'never'],
    [`ghu_${'a'.repeat(36)}`, 'AppUser', 'unknown'],
    [ofApp, 'InstallationToken', 'unknown'],
    [`ghs_${'a'.repeat(36)}`, 'InstallationToken', 'unknown'],
    [`v1.${'0a'.repeat(20)}`, 'InstallationToken', 'unknown'],
    ['something-else', 'Unknown', 'never or not reported'],
  ])('%s is of kind %s, and without a word about its end that is %s', async (secret, kind, expiry) => {
    const facts = await described(secret, shown());
    expect([facts.kind, facts.expiry.kind, facts.isUnguessable]).toEqual([kind, expiry, kind !== 'Unknown']);
  });

  test('that cannot have an end is not to be given one', async () => {
    const { expiry } = await described(`gho_${'a'.repeat(36)}`, shown({ 'x-oauth-scopes': 'repo' }));
    expect(expiry).toEqual({
      kind: 'never',
      instead: 'tokens of OAuth apps have no end, so use a GitHub App',
    });
    expect((await described(classic, shown({ 'x-oauth-scopes': 'repo' }))).expiry).toEqual({ kind: 'never' });
  });

  test("of an App's user has no scopes, though the header is there", async () => {
    const facts = await described(`ghu_${'a'.repeat(36)}`, shown({ 'x-oauth-scopes': '' }));
    expect(facts.scope).toMatchObject({ verdict: 'Unknown', granted: [], lacking: [] });
  });

  test('of an App is asked for its owner another way, and what it may do is not concluded from a role', async () => {
    expect(await described(ofApp, shown({}, { private: true, permissions: { push: false } }))).toMatchObject({
      kind: 'InstallationToken',
      owner: { login: 'acme-promoter[bot]', type: 'Bot' },
      expiry: { kind: 'unknown' },
      scope: { verdict: 'Unknown', lacking: [] },
    });
  });

  test('of an App that does not look like one is found out', async () => {
    await withForge(
      (asked) =>
        asked.url === '/user'
          ? refusal(403, 'Resource not accessible by integration')
          : forgeOf(shown())(asked),
      async ({ identity }) => {
        expect(await identity.describeToken(new Secret('something-else'), subject, call())).toMatchObject({
          owner: { login: 'acme-promoter[bot]', type: 'Bot' },
        });
      },
    );
  });

  test('costs one request, and another one a day for its owner', async () => {
    let ours = now;
    await withForge(
      forgeOf(shown()),
      async ({ identity, asked }) => {
        for (const minutes of [0, 10, 20, 24 * 60 + 20, 24 * 60 + 30]) {
          ours = new Date(now.getTime() + minutes * 60_000);
          await identity.describeToken(new Secret(classic), subject, call());
        }
        const repo = '/repos/acme/fleet';
        expect(asked.map(({ url }) => url)).toEqual(['/user', repo, repo, repo, '/user', repo, repo]);
        // Another token is another person's, as far as anybody knows.
        await identity.describeToken(new Secret(fine), subject, call());
        expect(asked.slice(-2).map(({ url }) => url)).toEqual(['/user', repo]);
      },
      { now: () => ours },
    );
  });

  test('that the forge does not know is Unauthorized', async () => {
    await withForge(
      () => refusal(401, 'Bad credentials'),
      async ({ identity }) => {
        for (const secret of [classic, fine, ofApp]) {
          expect(await failureOf(identity.describeToken(new Secret(secret), subject, call()))).toMatchObject({
            code: 'Unauthorized',
          });
        }
      },
    );
  });

  test('whose owner is suspended does not work any more', async () => {
    expect(await refused(classic, refusal(403, 'Sorry. Your account was suspended.'))).toMatchObject({
      code: 'Unauthorized',
      message:
        'github.com has suspended the account that the token is of; ask its administrators, or use a token of another',
    });
  });
});

describe('single sign-on', () => {
  const words =
    'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.';
  const steps =
    'let its owner sign in at https://github.com/orgs/acme/sso and authorize it under Settings, Developer settings, Tokens, Configure SSO';

  test.each([
    [
      "the forge's own page, without what is new each time",
      'required; url=https://github.com/orgs/acme/sso?authorization_request=AABPPMVAZOW4VH6MZVB5C327SGSJFA5PN5',
      `github.com takes only tokens that are authorized for the single sign-on of acme; ${steps}`,
    ],
    [
      'no page of another host',
      'required; url=https://github.com.evil.example/orgs/acme/sso?authorization_request=AABP',
      "github.com takes only tokens that are authorized for the organization's single sign-on; let its owner authorize it under Settings, Developer settings, Tokens, Configure SSO",
    ],
    [
      'no other page of its own',
      'required; url=https://github.com/login/oauth/authorize?client_id=evil',
      expect.stringContaining("the organization's single sign-on"),
    ],
  ])('is asked for with %s', async (_, header, message) => {
    expect(
      await refused(classic, refusal(403, words, { headers: { 'x-github-sso': header } })),
    ).toMatchObject({
      code: 'SSORequired',
      message,
    });
  });

  test('is asked for by words alone', async () => {
    expect(await refused(classic, refusal(403, words))).toMatchObject({ code: 'SSORequired' });
  });

  test('that hides the repository is told from a repository that is not there', async () => {
    const headers = { 'x-github-sso': 'partial-results; organizations=21955855,20582480' };
    expect(await refused(classic, refusal(404, 'Not Found', { headers }))).toMatchObject({
      code: 'SSORequired',
    });
  });
});

test.each<[string | null, TokenFacts['kind'], unknown]>([
  ['2022-11-12 10:31:26 UTC', 'PersonalAccessToken', { kind: 'at', time: new Date('2022-11-12T10:31:26Z') }],
  ['2026-12-05 17:55:53 +0500', 'FineGrainedToken', { kind: 'at', time: new Date('2026-12-05T12:55:53Z') }],
  ['2026-12-05 17:55:53 -0330', 'FineGrainedToken', { kind: 'at', time: new Date('2026-12-05T21:25:53Z') }],
  [
    '2026-11-24 15:00:30 +0500',
    'FineGrainedToken',
    { kind: 'unknown', why: expect.stringContaining('by mistake') },
  ],
  ['2026-11-24 10:00:30 UTC', 'PersonalAccessToken', { kind: 'at', time: new Date('2026-11-24T10:00:30Z') }],
  [
    '2026-11-24T11:00:00Z',
    'PersonalAccessToken',
    { kind: 'unknown', why: expect.stringContaining('not known') },
  ],
  [
    '2026-13-45 10:31:26 UTC',
    'FineGrainedToken',
    { kind: 'unknown', why: expect.stringContaining('not known') },
  ],
  ['soon', 'FineGrainedToken', { kind: 'unknown', why: expect.stringContaining('not known') }],
])('the end that is told as %j to a %s', (header, kind, expected) => {
  const headers = new Headers(header === null ? {} : { 'github-authentication-token-expiration': header });
  expect(expiryOf(headers, { kind, now })).toEqual(expected);
});

test("the present moment is the forge's, where it tells it", () => {
  const headers = new Headers({
    date: 'Tue, 24 Nov 2026 10:05:00 GMT',
    'github-authentication-token-expiration': '2026-11-24 10:05:10 UTC',
  });
  expect(expiryOf(headers, { kind: 'FineGrainedToken', now })).toMatchObject({ kind: 'unknown' });
});
