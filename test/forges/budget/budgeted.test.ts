import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { addMs } from '../../../src/base/time.ts';
import { Budget } from '../../../src/forges/budget/budget.ts';
import { budgeted } from '../../../src/forges/budget/budgeted.ts';
import { connect, type OpenConnection } from '../../../src/forges/connect.ts';
import type { Forge as Opened, ForgeWriter } from '../../../src/forges/forge.ts';
import type { ForgeIdentity } from '../../../src/forges/identity.ts';
import { providers } from '../../../src/forges/index.ts';
import type { Limit } from '../../../src/forges/budget/windows.ts';
import { startForge, type Forge } from '../../sandbox/forge/forge.ts';
import { githubLimits } from '../../sandbox/forge/limits.ts';
import { call, failureOf } from '../github/opened.ts';
import { hourMs, minuteMs } from './steady.ts';

/** One clock for the forge and for us. */
const clock = {
  at: new Date('2026-11-25T08:00:00Z'),
  now: () => clock.at,
  advance: (ms: number) => void (clock.at = addMs(clock.at, ms)),
};
let forge: Forge;
let connection: OpenConnection;

beforeAll(async () => {
  forge = await startForge({ clock });
  forge.createOrganization('acme');
  await forge.createRepository('acme/fleet', { 'a.yaml': 'a: 1\n' });
  connection = connect(
    { host: 'github.com', provider: 'github', apiUrl: forge.urls.api, allowPrivateNetwork: true },
    { clock },
  );
});
afterAll(async () => {
  await connection.close();
  await forge.stop();
});

interface Person {
  readonly budget: Budget;
  readonly opened: Opened;
  readonly identity: ForgeIdentity;
  readonly token: Secret;
}

/** Somebody with a token, whose account is known, and a budget of their own unless one is given. */
async function person(
  login: string,
  { limits = [], shared }: { readonly limits?: readonly Limit[]; readonly shared?: Budget } = {},
): Promise<Person> {
  const account = forge.world.accounts.byLogin(login) ?? forge.createUser(login);
  forge.world.accounts.require('acme').admins.add(account.id);
  const budget = shared ?? new Budget({ host: 'github.com', limits, clock });
  const provider = budgeted(providers.github, budget);
  const token = new Secret(forge.createToken(login, ['repo']));
  const repository = { owner: 'acme', name: 'fleet' };
  const identity = provider.identity(connection);
  await identity.describeToken(token, { repository }, call());
  const opened = provider.open(connection, repository, { value: token });
  forge.log.clear();
  return { budget, opened, identity, token };
}

const look = { baseBranch: 'main', headBranch: 'promote', paths: [] };

async function codeOfLook({ opened }: Person): Promise<string> {
  try {
    await opened.look(look, call());
    return 'fine';
  } catch (thrown) {
    return (thrown as { code: string }).code; // what it is, is compared
  }
}

const everything = { status: 429, message: 'You have exceeded a secondary rate limit.' };

describe('a forge at 429', () => {
  test('is asked once a minute at most, with whatever; another credential goes on as before', async () => {
    const own = await person('grace');
    const other = await person('linus', { shared: own.budget });
    const clear = forge.faults.add({
      count: Infinity,
      credential: 'classic',
      effect: { kind: 'status', ...everything },
    });
    const sent: number[] = [];
    const start = clock.now().getTime();
    for (let second = 0; second < 600; second += 10) {
      const before = forge.log.entries().length;
      await codeOfLook(own);
      await failureOf(own.opened.pullRequest(1, call()));
      await failureOf(
        own.identity.describeToken(own.token, { repository: { owner: 'acme', name: 'fleet' } }, call()),
      );
      await failureOf(
        own.opened.openPullRequest(
          { headBranch: 'a', baseBranch: 'main', title: '', body: '', draft: false },
          call(),
        ),
      );
      const count = forge.log.entries().length - before;
      for (let one = 0; one < count; one += 1) sent.push(clock.now().getTime() - start);
      clock.advance(10_000);
    }
    expect(sent).toEqual([0, 60_000, 180_000, 300_000, 420_000, 540_000]);
    clear();
    expect(await codeOfLook(other)).toBe('fine');
  });

  test.each([
    ['in seconds', { 'retry-after': '300' }],
    ['as an HTTP date', { 'retry-after': 'in five minutes' }],
  ])('that says %s how long to wait is not asked before', async (_how, given) => {
    const own = await person('grace');
    const until = addMs(clock.now(), 5 * minuteMs);
    const headers = given['retry-after'] === '300' ? given : { 'retry-after': until.toUTCString() };
    forge.faults.add({ effect: { kind: 'status', ...everything, headers } });
    expect(await codeOfLook(own)).toBe('RateLimited');
    clock.advance(5 * minuteMs - 1_000);
    expect(await failureOf(own.opened.look(look, call()))).toMatchObject({
      code: 'WaitingForBudget',
      message: expect.stringMatching(/^the call waits for budget until .*: github.com takes no more calls/),
    });
    expect(forge.log.entries()).toHaveLength(1);
    clock.advance(1_000);
    expect([await codeOfLook(own), await codeOfLook(own)]).toEqual(['fine', 'fine']);
  });
});

describe('primary limits', () => {
  test('of GraphQL, told with 200 and RATE_LIMITED, are waited for', async () => {
    const own = await person('ken');
    const { primary } = githubLimits;
    forge.limits.settings = { ...githubLimits, primary: { ...primary, graphqlPerHour: 2 } };
    try {
      expect([await codeOfLook(own), await codeOfLook(own), await codeOfLook(own)]).toEqual([
        'fine',
        'fine',
        'WaitingForBudget',
      ]);
      expect(forge.log.entries()).toHaveLength(2);
    } finally {
      forge.limits.settings = githubLimits;
    }
    clock.advance(hourMs);
    expect(await codeOfLook(own)).toBe('fine');
  });

  test('that others have used up are known from the first refusal, RATE_LIMITED in a 200', async () => {
    const own = await person('rob');
    forge.limits.settings = {
      ...githubLimits,
      primary: { ...githubLimits.primary, graphqlPerHour: 0 },
    };
    try {
      expect([await codeOfLook(own), await codeOfLook(own)]).toEqual(['RateLimited', 'WaitingForBudget']);
      expect(forge.log.entries().map(({ status }) => status)).toEqual([200]);
    } finally {
      forge.limits.settings = githubLimits;
    }
  });

  test('are known without asking', async () => {
    const own = await person('brian');
    await failureOf(own.opened.pullRequest(99, call()));
    const account = own.budget.tokens.of(own.token);
    expect(account).toMatch(/^user \d+$/);
    expect(own.budget.rateOf(account)).toMatchObject({ limit: 5_000, remaining: expect.any(Number) });
  });
});

test('two tokens of one user share a budget', async () => {
  const own = await person('dennis', { limits: [{ calls: 10, ms: minuteMs }] });
  const again = await person('dennis', { shared: own.budget });
  expect(own.token.fingerprint()).not.toBe(again.token.fingerprint());
  expect(own.budget.tokens.of(own.token)).toBe(own.budget.tokens.of(again.token));
});

describe('what creates content', () => {
  /** A branch with a commit, as writes leave it. */
  async function commit(writer: ForgeWriter): Promise<string> {
    const { base } = await (await person('ada')).opened.look(look, call());
    const made = await writer.createCommit(
      {
        parent: base?.commit ?? '',
        baseTree: base?.tree ?? '',
        files: [{ path: 'a.yaml', text: `a: ${clock.now().getTime()}\n` }],
        message: 'Promote',
      },
      call(),
    );
    return made.sha;
  }

  test('is counted request by request, reading is not', async () => {
    const own = await person('barbara', { limits: [{ calls: 20, ms: minuteMs }] });
    const left = (): number | undefined =>
      own.budget.facts().find(({ limit }) => limit === 'content_minute')?.remaining;
    const sha = await commit(own.opened);
    expect(left()).toBe(18);
    await own.opened.moveBranch({ branch: 'promote', to: sha }, call());
    expect(left()).toBe(17);
    // It is not there: where it is, is read.
    expect(await own.opened.moveBranch({ branch: 'promote', from: '1'.repeat(40), to: sha }, call())).toBe(
      'stale',
    );
    expect(left()).toBe(16);
    const { number } = await own.opened.openPullRequest(
      { headBranch: 'promote', baseBranch: 'main', title: 'Promote', body: '', draft: false },
      call(),
    );
    expect(left()).toBe(15);
    await own.opened.pullRequest(number, call());
    await own.opened.closePullRequest({ number, comment: 'Superseded' }, call());
    expect(left()).toBe(13);
    await own.opened.deleteBranch({ branch: 'promote', from: sha }, call());
    expect(left()).toBe(12);
  });

  test('is not sent when nothing is left, and what is not sent is not counted', async () => {
    const own = await person('frances', { limits: [{ calls: 1, ms: minuteMs }] });
    expect(await failureOf(commit(own.opened))).toMatchObject({ code: 'WaitingForBudget' });
    const posts = forge.log.entries().filter(({ route }) => route.startsWith('POST /repos'));
    expect(posts.map(({ route }) => route)).toEqual(['POST /repos/{owner}/{repo}/git/trees']);
  });

  test('draws on what its act has reserved', async () => {
    const { budget, token } = await person('edsger', { limits: [{ calls: 10, ms: minuteMs }] });
    const act = { act: 'apps/podinfo staging', spender: 'apps/podinfo', isProtected: false, calls: 6 };
    const spending = budget.reserve({ account: budget.tokens.of(token), ...act });
    const repository = { owner: 'acme', name: 'fleet' };
    const opened = budgeted(providers.github, budget).open(connection, repository, {
      value: token,
      spending,
    });
    await commit(opened);
    spending.end();
    expect(budget.facts()).toContainEqual(expect.objectContaining({ limit: 'content_minute', remaining: 8 }));
  });
});

test('a write token that ends while the forge is at its limit is given back as soon as it takes calls again', async () => {
  const { app, privateKey } = forge.createApp({
    slug: 'promoter',
    owner: 'acme',
    permissions: { contents: 'write', pull_requests: 'write', metadata: 'read' },
  });
  const installation = String(forge.install(app, 'acme', ['acme/fleet']).id);
  const budget = new Budget({ host: 'github.com', limits: [], clock });
  const provider = budgeted(providers.github, budget);
  const identity = provider.identity(connection);
  const { permissions } = providers.github;
  const key = { appId: String(app.id), privateKey: new Secret(privateKey) };
  const mint = () =>
    identity.mintToken(
      { key, installation, repositories: [{ name: 'fleet' }], permissions: permissions.write },
      call(),
    );
  const { token } = await mint();
  const subject = { repository: { owner: 'acme', name: 'fleet' } };
  const found = await identity.findInstallation(key, subject, call());
  const opened = provider.open(connection, { owner: 'acme', name: 'fleet' }, { value: token });
  forge.faults.add({ effect: { kind: 'status', ...everything } });
  expect(await failureOf(opened.look(look, call()))).toMatchObject({ code: 'RateLimited' });
  const before = forge.log.entries().length;
  expect(await failureOf(identity.revokeToken(token, call()))).toMatchObject({ code: 'WaitingForBudget' });
  expect(await failureOf(mint())).toMatchObject({ code: 'WaitingForBudget' });
  const counting = identity.countRepositories({ key, installation: found }, call());
  expect(await failureOf(counting)).toMatchObject({ code: 'WaitingForBudget' });
  const finding = identity.findInstallation(key, subject, call());
  expect(await failureOf(finding)).toMatchObject({ code: 'WaitingForBudget' });
  expect(forge.log.entries()).toHaveLength(before);
  clock.advance(minuteMs);
  await mint();
  expect(
    forge.log
      .entries()
      .slice(before)
      .map(({ route }) => route),
  ).toEqual(['POST /app/installations/{installation_id}/access_tokens', 'DELETE /installation/token']);
});
