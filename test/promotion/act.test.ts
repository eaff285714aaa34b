import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { CodedError } from '../../src/base/error.ts';
import { revisionOf } from '../../src/base/revision.ts';
import { Secret } from '../../src/base/secret.ts';
import { act } from '../../src/promotion/act.ts';
import type { Decision, Outcome } from '../../src/promotion/decision.ts';
import type { PullRequestStrategy } from '../../src/api/pipeline.ts';
import { startAcme, type Acme } from '../credentials/promoter.ts';
import { hold } from '../../src/promotion/rules.ts';
import { environment, good } from './builders.ts';
import { branch, Stage } from './stage.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

/** What carrying out decisions about staging takes, with the outcomes that were recorded on the way. */
class Acting {
  readonly stage: Stage;
  readonly recorded: Outcome[] = [];

  constructor(stage: Stage) {
    this.stage = stage;
  }

  get strategy(): PullRequestStrategy {
    const strategy = this.stage.stored.spec.promotion?.strategy?.pullRequest;
    if (strategy === undefined) throw new Error('the Pipeline has no strategy');
    return strategy;
  }

  async act(
    decision: Decision,
    {
      signal = new AbortController().signal,
      record = () => Promise.resolve(),
    }: { readonly signal?: AbortSignal; readonly record?: () => Promise<unknown> } = {},
  ): Promise<Outcome> {
    return await act(this.stage.tools, {
      pipeline: this.stage.stored,
      source: environment('dev', [good('6.2.0')]),
      target: environment('staging', [good('6.1.0')], { strategy: this.strategy }),
      decision,
      record: async (outcome) => {
        this.recorded.push(outcome);
        await record();
      },
      signal,
    });
  }

  async propose(
    strategy: Partial<PullRequestStrategy> = {},
    options: Parameters<Acting['act']>[1] = {},
  ): Promise<Outcome> {
    const candidate = revisionOf({ version: '6.2.0' });
    return await this.act(
      { kind: 'propose', candidate, strategy: { ...this.strategy, ...strategy } },
      options,
    );
  }
}

async function acting(): Promise<Acting> {
  return new Acting(new Stage(acme, await acme.promoter()));
}

test.each<Decision>([
  { kind: 'rest' },
  hold('PromotionSuspended', 'no'),
  { kind: 'conclude', as: 'Promoted' },
  { kind: 'bar', key: '0123456789abcdef' },
])('$kind is nothing to carry out: no Secret is read and nothing sent', async (decision) => {
  const own = await acting();
  expect(await own.act(decision)).toEqual({ kind: 'nothing' });
  expect(own.stage.own.secrets.asked).toEqual([]);
  expect(own.stage.asked()).toEqual([]);
});

test('a proposal is recorded with its commit, and comes back with its pull request', async () => {
  const own = await acting();
  const { fullName } = own.stage.own;
  const proposed = await own.propose();
  const head = acme.forge.branch(fullName, branch);
  const revision = revisionOf({ version: '6.2.0' });
  const repository = `github.com/${fullName}`;
  const commit = { repository, baseBranch: 'main', branch, sha: head, verified: true };
  expect(own.recorded).toEqual([{ kind: 'committed', revision, commit }]);
  expect(proposed).toEqual({
    kind: 'proposed',
    revision,
    commit,
    pullRequest: { number: 1, url: `${acme.forge.urls.web}/${fullName}/pull/1` },
  });
});

test('a branch that moves meanwhile is looked at again, and not fought over', async () => {
  const own = await acting();
  const overtaken = await own.propose(
    {},
    {
      record: () => acme.forge.commitFiles(own.stage.own.fullName, branch, { 'README.md': 'mine' }, 'Mine'),
    },
  );
  expect(overtaken).toEqual({
    kind: 'problem',
    reason: 'Promoting',
    message: 'the promotion branch moved while we looked; looking again',
  });
});

describe('what a person can mend comes back as a problem:', () => {
  const problems: [string, Partial<PullRequestStrategy>, RegExp][] = [
    [
      'there is no such Credential',
      { credentialRef: { name: 'other' } },
      /^CredentialNotFound: Credential apps\/other does not exist; create it or correct credentialRef$/,
    ],
    ['the host is not listed', { url: 'https://evil.example/acme/fleet' }, /^HostNotAllowed: evil\.example/],
    ['the repository is not listed', { url: 'https://github.com/globex/fleet' }, /^RepositoryNotAllowed: /],
    ['the base branch is gone', { baseBranch: 'release' }, /^BaseBranchNotFound: .*create it or correct/],
    ['there is no marker', { paths: ['README.md'] }, /^MarkerNotFound: .*put it behind the version$/],
  ];
  test.each(problems)('%s', async (_, strategy, expected) => {
    const own = await acting();
    const outcome = await own.propose(strategy);
    expect(outcome.kind === 'problem' && `${outcome.reason}: ${outcome.message}`).toMatch(expected);
  });

  test('the forge asks to wait, and until when', async () => {
    const own = await acting();
    acme.forge.faults.add({ effect: { kind: 'status', status: 429, headers: { 'retry-after': '30' } } });
    expect(await own.propose()).toMatchObject({
      kind: 'problem',
      reason: 'RateLimited',
      retryAt: new Date(own.stage.own.clock.now().getTime() + 30_000),
    });
  });
});

describe('what no person can mend is thrown:', () => {
  test('the record that could not be written', async () => {
    const own = await acting();
    const record = (): Promise<never> => Promise.reject(new TypeError('a mistake of ours'));
    await expect(own.propose({}, { record })).rejects.toThrow('a mistake of ours');
  });

  test('anything at all once we are told to stop', async () => {
    const own = await acting();
    own.stage.own.secrets.remove('apps/acme-promoter');
    const signal = AbortSignal.abort();
    await expect(own.propose({}, { signal })).rejects.toMatchObject({ code: 'Missing' });
  });
});

describe('a pull request that has nothing left to do', () => {
  const mint = 'POST /app/installations/{installation_id}/access_tokens';

  async function withdraw(own: Acting): Promise<Outcome> {
    own.stage.asked();
    return await own.act({
      kind: 'withdraw',
      number: 1,
      comment: 'There is nothing left to merge.',
      strategy: own.strategy,
      as: 'Promoted',
    });
  }

  test('is closed with a comment, once', async () => {
    const own = await acting();
    await own.propose();
    expect(await withdraw(own)).toEqual({ kind: 'withdrawn', state: 'Closed' });
    expect(await withdraw(own)).toEqual({ kind: 'withdrawn', state: 'Closed' });
    const [pullRequest] = own.stage.pullRequests();
    expect(pullRequest?.state).toBe('closed');
    expect(pullRequest?.comments).toHaveLength(1);
  });

  test('is closed with a comment that holds no secret', async () => {
    const own = await acting();
    await own.propose();
    const token = new Secret('planted-Zq8Wn4Xv7Rb2Kd9T').expose();
    const { strategy } = own;
    await own.act({ kind: 'withdraw', number: 1, comment: `Not ${token}.`, strategy, as: 'Promoted' });
    expect(JSON.stringify(own.stage.pullRequests()[0]?.comments)).toContain('Not [redacted].');
  });

  test.each(['Merged', 'Closed'] as const)(
    'and is %s already is read, with no token that may write',
    async (state) => {
      const own = await acting();
      await own.propose();
      const { fullName } = own.stage.own;
      if (state === 'Merged') await acme.forge.merge(fullName, 1);
      else acme.forge.close(fullName, 1);
      expect(await withdraw(own)).toEqual({ kind: 'withdrawn', state });
      expect(own.stage.asked()).not.toContain(mint);
      expect(own.stage.pullRequests()[0]?.comments).toEqual([]);
    },
  );

  test.each(['Open', 'Merged', 'Closed'] as const)('a look says that it is %s', async (state) => {
    const own = await acting();
    await own.propose();
    const { fullName } = own.stage.own;
    if (state === 'Merged') await acme.forge.merge(fullName, 1);
    if (state === 'Closed') acme.forge.close(fullName, 1);
    expect(await own.act({ kind: 'look', number: 1, strategy: own.strategy })).toEqual({
      kind: 'looked',
      state,
    });
  });
});

test("that another replica leads now ends the whole pass, and is nobody's failure", async () => {
  const own = await acting();
  own.stage.credential = {
    ...own.stage.own.credential,
    get spec(): never {
      throw new CodedError('LeadershipLost', 'another replica leads');
    },
  };
  await expect(own.propose()).rejects.toMatchObject({ code: 'LeadershipLost' });
  expect(own.stage.unexpected).toEqual([]);
});

test.each([
  [true, true],
  [undefined, false],
])('an environment with protected %s asks for its turn as such', async (isSaid, isProtected) => {
  const own = await acting();
  const { stored, tools } = own.stage;
  for (const each of stored.spec.environments) if (isSaid === true) each.protected = true;
  const open = jest.spyOn(tools.keyring, 'open');
  await own.propose();
  expect(open.mock.calls.map(([, purpose]) => purpose.isProtected)).toEqual([isProtected]);
  open.mockRestore();
});
