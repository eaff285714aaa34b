import { describe, expect, test } from '@jest/globals';
import type { TokenFacts } from '../../../src/forges/identity.ts';
import { describeToken } from '../../../src/forges/gitlab/describe-token.ts';
import { failureOf } from '../github/opened.ts';
import { recorded, withProbe, type Probe, type Recorded } from '../probing.ts';

const token = `glpat-${'Xy12Zz34Ab56Cd78Ef90'}`;
const self = '/api/v4/personal_access_tokens/self';
const user = '/api/v4/user';

async function probing(
  answers: Recorded | 'lost' | 'never',
  run: (probe: Probe) => Promise<void>,
  more: { readonly token?: string; readonly deadlineMs?: number } = {},
): Promise<void> {
  await withProbe({ provider: 'gitlab', apiPath: '/api/v4', token, answers, describeToken, ...more }, run);
}

/** What a recording is read as. */
async function factsOf(name: string): Promise<TokenFacts> {
  const facts: TokenFacts[] = [];
  await probing(recorded(`gitlab/recorded/${name}.json`), async (probe) => {
    facts.push(await probe.describe());
  });
  const [only] = facts;
  if (only === undefined) throw new Error('nothing was read');
  return only;
}

const why = 'api is the only classic scope that can commit and open merge requests';
const tooWide = `${why}; here it opens every project that its owner can reach: use a project access token`;

describe('a GitLab token', () => {
  test('of a person tells whose it is, when it dies, when it was used and that it opens more than a project', async () => {
    expect(await factsOf('personal')).toEqual({
      kind: 'PersonalAccessToken',
      owner: { login: 'ada', type: 'User', id: '57' },
      // At the first moment of the day that it is told to expire on.
      expiry: { kind: 'at', time: new Date('2027-01-31T00:00:00Z') },
      scope: {
        verdict: 'Broad',
        granted: ['api', 'read_repository'],
        surplus: ['api'],
        lacking: [],
        message: tooWide,
      },
      rate: { limit: 2000, remaining: 1993, resetAt: new Date('2026-11-26T09:41:00Z') },
      lastUsed: { time: new Date('2026-11-25T09:40:12.102Z'), precision: '±10 min' },
      isUnguessable: true,
    });
  });

  test('of a project is what a promotion needs and no more', async () => {
    const facts = await factsOf('project');
    expect(facts).toMatchObject({
      kind: 'ProjectToken',
      owner: { login: 'project_278964_bot_3f6f7a8b2c9d4e5f6a7b8c9d0e1f2a3b', type: 'Bot', id: '901' },
      scope: {
        verdict: 'Least',
        granted: ['api'],
        surplus: [],
        lacking: [],
        message: `${why}; a project access token opens one project`,
      },
    });
    // It was never used, as far as GitLab has written down.
    expect(facts).not.toHaveProperty('lastUsed');
  });

  test.each([
    ['group', 'GroupToken', 'Broad', ['api']],
    ['service-account', 'ServiceAccountToken', 'Least', []],
    ['renamed-service-account', 'ServiceAccountToken', 'Least', []],
    ['wide', 'ProjectToken', 'Broad', ['sudo', 'admin_mode']],
  ])('as recorded in %s is a %s, and %s', async (name, kind, verdict, surplus) => {
    expect(await factsOf(name)).toMatchObject({
      kind,
      owner: { type: 'Bot' },
      scope: { verdict, surplus, lacking: [] },
    });
  });

  test('of a service account may never end', async () => {
    expect(await factsOf('service-account')).toMatchObject({ expiry: { kind: 'never' } });
  });

  test('with more than api says what to leave out', async () => {
    expect((await factsOf('wide')).scope.message).toBe(
      `${why}; a project access token opens one project; make one without sudo, admin_mode`,
    );
  });

  test.each([
    ['read-only', ['read_api', 'read_user']],
    ['git-only', ['write_repository']],
  ])('as recorded in %s is too little', async (name, granted) => {
    expect((await factsOf(name)).scope).toEqual({
      verdict: 'Insufficient',
      granted,
      surplus: [],
      lacking: ['api'],
      message:
        'it lacks api, the only classic scope that can commit and open merge requests; make one with it',
    });
  });

  test('that may not ask whose it is has an owner with a number', async () => {
    expect(await factsOf('git-only')).toMatchObject({
      kind: 'Unknown',
      owner: { login: '(not told)', type: 'Unknown', id: '57' },
    });
  });

  test('of the fine-grained kind shows its permissions, which are not judged', async () => {
    expect(await factsOf('granular')).toMatchObject({
      kind: 'FineGrainedToken',
      scope: {
        verdict: 'Unknown',
        granted: [
          'create_commit (project 278964)',
          'create_merge_request (project 278964)',
          'read_user (user)',
        ],
        surplus: [],
        lacking: [],
      },
    });
  });

  test('at an old server has what that tells', async () => {
    const facts = await factsOf('old-server');
    expect(facts).toMatchObject({
      kind: 'PersonalAccessToken',
      owner: { login: 'ada', type: 'Unknown', id: '57' },
      expiry: { kind: 'never' },
    });
    expect(facts).not.toHaveProperty('rate');
  });

  test("of OAuth's tells its scopes and its end elsewhere", async () => {
    expect(await factsOf('oauth')).toMatchObject({
      kind: 'OAuthUser',
      owner: { login: 'ada', type: 'User', id: '57' },
      expiry: { kind: 'at', time: new Date('2026-11-25T11:59:43Z') },
      scope: { verdict: 'Broad', granted: ['api'], surplus: ['api'], message: tooWide },
    });
  });

  test("of OAuth's is not known where the server shows nothing of OAuth", async () => {
    expect(await factsOf('oauth-untold')).toMatchObject({
      kind: 'OAuthUser',
      owner: { login: 'ada' },
      expiry: { kind: 'unknown', why: "git.acme.example does not tell when this token of OAuth's ends" },
      scope: {
        verdict: 'Unknown',
        message: "git.acme.example does not tell what this token of OAuth's may do",
      },
    });
  });

  test('is asked about by one request in an hour but for the first, as a bearer', async () => {
    await probing(recorded('gitlab/recorded/project.json'), async ({ describe: ask, asked, pass }) => {
      await ask();
      pass(59 * 60_000);
      await ask();
      expect(asked.map(({ url }) => url)).toEqual([self, user, self]);
      pass(60_000);
      await ask();
      expect(asked.map(({ url }) => url)).toEqual([self, user, self, self, user]);
      expect(new Set(asked.map(({ headers }) => headers.authorization))).toEqual(
        new Set([`Bearer ${token}`]),
      );
    });
  });
});

describe('GitLab says no', () => {
  const refusalOf = async (name: string, more: { readonly token?: string } = {}): Promise<unknown> => {
    let failure: unknown;
    await probing(
      recorded(`gitlab/recorded/${name}.json`),
      async (probe) => void (failure = await failureOf(probe.describe())),
      more,
    );
    expect(JSON.stringify(failure)).not.toContain(token);
    return failure;
  };

  test.each([
    ['revoked', 'git.acme.example says that the token was revoked; replace it'],
    ['expired', 'git.acme.example says that the token has expired; replace it'],
    ['inactive', 'git.acme.example says that the token is not active; replace it'],
    ['impersonation', 'git.acme.example takes no impersonation tokens; use a project access token'],
    ['not-known', 'git.acme.example does not accept the token: it is wrong, expired or revoked; replace it'],
    [
      'blocked',
      "git.acme.example does not let the token's owner in: 403 Forbidden - Your account has been blocked.; let them in there, or use another's token",
    ],
  ])('to a token, as recorded in %s', async (name, message) => {
    expect(await refusalOf(name)).toMatchObject({ code: 'Unauthorized', message });
  });

  test.each([
    ['gldt-aaaaaaaaaaaaaaaaaaaa', 'takes a deploy token for Git alone'],
    ['glcbt-aaaaaaaaaaaaaaaaaaaa', "takes a job's token while that job runs"],
  ])('to %s, and what to use instead', async (other, words) => {
    expect(await refusalOf('not-known', { token: other })).toMatchObject({
      code: 'Unauthorized',
      message: `git.acme.example ${words}; use a project access token with scope api`,
    });
  });

  test('to an address that it has banned, which has to wait as long', async () => {
    expect(await refusalOf('banned')).toMatchObject({
      code: 'RateLimited',
      message:
        'git.acme.example forbids this address everything, as it does for a while after failed log-ins; see which Secrets hold dead tokens; it is tried again at 2026-11-25T10:15:00Z',
      retryAt: new Date('2026-11-25T10:15:00Z'),
    });
  });

  test('to more requests, in plain text', async () => {
    expect(await refusalOf('limited')).toMatchObject({
      code: 'RateLimited',
      message: 'git.acme.example limits this credential until 2026-11-25T10:00:42Z',
      retryAt: new Date('2026-11-25T10:00:42Z'),
    });
  });

  test.each([
    ['sign-in-page', 'it is no JSON'],
    ['firewall', '403 and it is no JSON'],
    ['moved', '302 and it is no JSON'],
  ])('by something in between, as recorded in %s', async (name, words) => {
    expect(await refusalOf(name)).toMatchObject({
      code: 'Malformed',
      message: `git.acme.example answered in a way that its documentation does not allow when asked to tell about the token: ${words}; are apiURL and provider right, and no proxy in between?`,
    });
  });

  test('by breaking down, which passes', async () => {
    expect(await refusalOf('broken')).toMatchObject({
      code: 'Unavailable',
      message: 'git.acme.example failed to tell about the token (502); it is tried again',
    });
  });

  test('by an answer of another form', async () => {
    const answers = recorded('gitlab/recorded/personal.json');
    await probing({ ...answers, [user]: { status: 200, body: { id: 'x' } } }, async (probe) => {
      expect(await failureOf(probe.describe())).toMatchObject({
        code: 'Malformed',
        message: expect.stringContaining('id is missing or of another kind'),
      });
    });
  });

  test('by more than anybody wants to read', async () => {
    const body = JSON.stringify({ scopes: ['x'.repeat(1024 * 1024)] });
    await probing({ [self]: { status: 200, body } }, async (probe) => {
      expect(await failureOf(probe.describe())).toMatchObject({
        code: 'Malformed',
        message: expect.stringContaining('it is too large'),
      });
    });
  });

  test('by words that repeat the token, which are withheld', async () => {
    await probing({ [self]: { status: 403, body: { message: `no ${token}` } } }, async (probe) => {
      const failure = await failureOf(probe.describe());
      expect(failure).toMatchObject({ code: 'PermissionsMissing' });
      expect(failure.message).not.toContain('glpat-');
    });
  });

  test('by a connection that breaks', async () => {
    await probing('lost', async (probe) => {
      expect(await failureOf(probe.describe())).toMatchObject({
        code: 'Unavailable',
        message: expect.stringContaining('git.acme.example cannot be reached to tell about the token'),
      });
    });
  });

  test('by silence', async () => {
    const run = async (probe: Probe): Promise<void> => {
      expect(await failureOf(probe.describe())).toMatchObject({
        code: 'Unavailable',
        message: 'git.acme.example did not tell about the token within 0.05 s; it is tried again',
      });
    };
    await probing('never', run, { deadlineMs: 50 });
  });
});
