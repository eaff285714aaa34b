import { describe, expect, test } from '@jest/globals';
import type { TokenFacts } from '../../../src/forges/identity.ts';
import { describeToken } from '../../../src/forges/gitea/describe-token.ts';
import { failureOf } from '../github/opened.ts';
import { recorded, withProbe, type Probe, type Recorded } from '../probing.ts';

const token = '0123456789abcdef0123456789abcdef89abcdef';
const user = '/api/v1/user';
const list = '/api/v1/users/promoter/tokens?limit=50&page=1';

async function probing(
  answers: Recorded,
  run: (probe: Probe) => Promise<void>,
  secret = token,
): Promise<void> {
  await withProbe({ provider: 'gitea', apiPath: '/api/v1', token: secret, answers, describeToken }, run);
}

function recordedAs(name: string): Recorded {
  return recorded(`gitea/recorded/${name}.json`);
}

/** What answers are read as. */
async function factsOf(answers: Recorded, secret = token): Promise<TokenFacts> {
  const facts: TokenFacts[] = [];
  await probing(answers, async (probe) => void facts.push(await probe.describe()), secret);
  const [only] = facts;
  if (only === undefined) throw new Error('nothing was read');
  return only;
}

const reach = 'it opens every repository that its owner may write to: let that be an account for promotions';

describe('a token of Gitea', () => {
  test('tells its scopes and its last use to who has it as a password', async () => {
    expect(await factsOf(recordedAs('exact'))).toEqual({
      kind: 'PersonalAccessToken',
      owner: { login: 'promoter', type: 'Unknown', id: '7' },
      expiry: {
        kind: 'never',
        instead: 'such tokens have no end there, so replace it by hand from time to time',
      },
      scope: {
        verdict: 'Least',
        granted: ['write:repository', 'write:issue', 'read:user'],
        surplus: [],
        lacking: [],
        message: reach,
      },
      lastUsed: { time: new Date('2026-11-25T09:58:30Z'), precision: '±30 s' },
      isUnguessable: true,
    });
  });

  test.each([
    ['everything', 'Broad', ['all'], [], `all is more than a promotion needs; ${reach}`],
    [
      'wide',
      'Broad',
      ['write:user', 'read:organization'],
      [],
      `write:user, read:organization is more than a promotion needs; ${reach.replace('every', 'every public')}`,
    ],
    ['no-issues', 'Insufficient', [], ['write:issue'], 'it lacks write:issue; make a token with that'],
  ])('as recorded in %s is %s', async (name, verdict, surplus, lacking, message) => {
    expect((await factsOf(recordedAs(name))).scope).toMatchObject({ verdict, surplus, lacking, message });
  });

  test.each(['never-used', 'before-1.24'])('as recorded in %s has no last use', async (name) => {
    const facts = await factsOf(recordedAs(name));
    expect(facts.scope.verdict).toBe('Least');
    expect(facts).not.toHaveProperty('lastUsed');
  });

  test.each([
    ['alike', 'two tokens of its owner at git.acme.example end alike'],
    ['absent', "the list of its owner's tokens at git.acme.example does not have it"],
    ['forgejo', "git.acme.example does not show this token the list of its owner's tokens"],
  ])('as recorded in %s does not tell what it may do', async (name, message) => {
    const facts = await factsOf(recordedAs(name));
    expect(facts).toMatchObject({
      owner: { login: 'promoter', id: '7' },
      scope: { verdict: 'Unknown', granted: [], message },
    });
    expect(facts).not.toHaveProperty('lastUsed');
  });

  test('that may not ask whose it is tells what it has in the refusal itself', async () => {
    expect(await factsOf(recordedAs('no-user'))).toMatchObject({
      owner: { login: '(not told)', type: 'Unknown' },
      scope: {
        verdict: 'Insufficient',
        granted: ['write:repository'],
        surplus: [],
        lacking: ['write:issue', 'read:user'],
        message: 'it lacks write:issue, read:user; make a token with that',
      },
    });
  });

  test('and at Forgejo only what it lacks', async () => {
    expect(await factsOf(recordedAs('forgejo-no-user'))).toMatchObject({
      owner: { login: '(not told)' },
      scope: { verdict: 'Insufficient', granted: [], lacking: ['read:user'] },
    });
  });

  test("of OAuth's is in no list, and none is asked for", async () => {
    const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJ0dCI6MH0.c2lnbmF0dXJl';
    await probing(
      recordedAs('exact'),
      async ({ describe: ask, asked }) => {
        expect(await ask()).toMatchObject({
          kind: 'OAuthUser',
          expiry: { kind: 'unknown' },
          scope: { verdict: 'Unknown' },
        });
        expect(asked.map(({ url }) => url)).toEqual([user]);
      },
      jwt,
    );
  });

  test('is asked about by one request in an hour but for the first, and sent as a password to the list alone', async () => {
    await probing(recordedAs('exact'), async ({ describe: ask, asked, pass }) => {
      await ask();
      pass(59 * 60_000);
      await ask();
      expect(asked.map(({ url }) => url)).toEqual([user, list, list]);
      const basic = `Basic ${Buffer.from(`promoter:${token}`).toString('base64')}`;
      expect(asked.map(({ headers }) => headers.authorization)).toEqual([`token ${token}`, basic, basic]);
      pass(60_000);
      await ask();
      expect(asked.slice(3).map(({ url }) => url)).toEqual([user, list]);
    });
  });

  test('to which no list is shown is asked about by one request too', async () => {
    await probing(recordedAs('forgejo'), async ({ describe: ask, asked }) => {
      await ask();
      await ask();
      expect(asked.map(({ url }) => url)).toEqual([user, list, user]);
    });
  });

  test('is found on a later page of the list', async () => {
    const answers = recordedAs('exact');
    const others = Array.from({ length: 50 }, (_, id) => ({
      id,
      token_last_eight: '00000000',
      scopes: ['all'],
    }));
    const facts = await factsOf({
      ...answers,
      [list]: { status: 200, body: others },
      [list.replace('page=1', 'page=2')]: answers[list] ?? { status: 500, body: '' },
    });
    expect(facts.scope.verdict).toBe('Least');
  });

  test('that was revoked since it was last asked about is refused', async () => {
    await probing(recordedAs('exact'), async (probe) => {
      await probe.describe();
      const refused = recordedAs('revoked')[user] ?? { status: 500, body: '' };
      probe.answer({ [user]: refused, [list]: refused });
      expect(await failureOf(probe.describe())).toMatchObject({ code: 'Unauthorized' });
    });
  });
});

describe('Gitea says no', () => {
  test.each([
    [
      'revoked',
      'Unauthorized',
      'git.acme.example does not accept the token: it is wrong, expired or revoked; replace it',
    ],
    [
      'prohibited',
      'Unauthorized',
      "git.acme.example does not let the token's owner in: This account is prohibited from signing in, please contact your site administrator.; let them in there, or use another's token",
    ],
    ['limited', 'RateLimited', 'git.acme.example limits this credential until 2026-11-25T10:01:00Z'],
    [
      'page',
      'Malformed',
      'git.acme.example answered in a way that its documentation does not allow when asked to tell whose token it is: it is no JSON; are apiURL and provider right, and no proxy in between?',
    ],
  ])('as recorded in %s', async (name, code, message) => {
    await probing(recordedAs(name), async (probe) => {
      expect(await failureOf(probe.describe())).toMatchObject({ code, message });
    });
  });
});
