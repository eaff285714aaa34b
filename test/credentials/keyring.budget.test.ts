import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Budget } from '../../src/forges/budget/budget.ts';
import { budgeted } from '../../src/forges/budget/budgeted.ts';
import type { Forge } from '../../src/forges/forge.ts';
import type { Plan } from '../../src/forges/plan.ts';
import { call, failureOf } from '../forges/github/opened.ts';
import { minuteMs, startAcme, tokenCredential, type Acme, type Promoter } from './promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

interface Budgeted {
  readonly own: Promoter;
  readonly budget: Budget;
  readonly left: () => number | undefined;
  /** Runs an act of a Pipeline. */
  readonly write: <T>(act: (forge: Forge) => Promise<T>, plan?: Plan, pipeline?: string) => Promise<T>;
}

/** A promoter with ten calls a minute. */
async function budgetOf(own: Promoter, credential = own.credential): Promise<Budgeted> {
  const { connection, provider } = acme.listed;
  const limits = [{ calls: 10, ms: minuteMs }];
  const budget = new Budget({ host: 'github.com', limits, clock: acme.clock });
  const listed = { connection, provider: budgeted(provider, budget), budget };
  const keyring = own.keyringOf(new Map([['github.com', listed]]));
  return {
    own,
    budget,
    left: () => budget.facts().find(({ limit }) => limit === 'content_minute')?.remaining,
    write: async (act, plan, pipeline = 'apps/podinfo') => {
      const access = await keyring.open(credential, { ...own.purpose, pipeline }, call());
      return await access.write(act, plan);
    },
  };
}

const commit: Plan = { writes: ['createCommit'] };
const nothing = (): Promise<void> => Promise.resolve();

/** Makes a commit that no branch holds: two calls. */
async function makeCommit(forge: Forge): Promise<void> {
  const { base } = await forge.look({ baseBranch: 'main', headBranch: 'a', paths: [] }, call());
  await forge.createCommit(
    {
      parent: base?.commit ?? '',
      baseTree: base?.tree ?? '',
      files: [{ path: 'a.yaml', text: 'a: 1\n' }],
      message: 'Promote',
    },
    call(),
  );
}

describe('an act', () => {
  test('for which the budget does not suffice does not begin: no token is minted for it', async () => {
    const { own, write } = await budgetOf(await acme.promoter());
    for (let act = 0; act < 5; act += 1) await write(makeCommit, commit);
    acme.forge.log.clear();
    let isBegun = false;
    const failure = await failureOf(
      write(() => {
        isBegun = true;
        return nothing();
      }),
    );
    expect(failure).toMatchObject({
      code: 'WaitingForBudget',
      message: expect.stringMatching(/^apps\/podinfo staging waits for budget until /),
    });
    expect([isBegun, acme.asked().filter((route) => route.startsWith('POST /app/'))]).toEqual([false, []]);
    expect(own.uses.healthOf('apps/acme-promoter')).toMatchObject({ good: true });
    acme.clock.advance(1.01 * minuteMs);
    await write(makeCommit);
  });

  test('takes what it plans from the begin, and gives back what it did not send', async () => {
    const { left, write } = await budgetOf(await acme.promoter());
    const during = await write(async (forge) => {
      await makeCommit(forge);
      return left();
    });
    expect([during, left()]).toEqual([4, 8]);
  });

  test('gives it back when it fails, and when it has no token', async () => {
    const { left, write } = await budgetOf(await acme.promoter());
    await failureOf(write(() => Promise.reject(new Error('the act failed'))));
    expect(left()).toBe(10);
    acme.forge.faults.add({
      route: 'POST /app/installations/{installation_id}/access_tokens',
      effect: { kind: 'status', status: 502 },
    });
    expect(await failureOf(write(nothing))).toMatchObject({ code: 'Unavailable' });
    expect(left()).toBe(10);
  });

  test('by a stored token counts for its user', async () => {
    const own = await acme.promoter();
    own.secrets.put('apps/acme-promoter', { token: acme.person('budget-bot', own) });
    const { budget, write } = await budgetOf(own, tokenCredential(own.fullName));
    await write(makeCommit, commit);
    const { id } = acme.forge.world.accounts.require('budget-bot');
    expect(budget.facts()).toContainEqual({
      host: 'github.com',
      account: `user ${id}`,
      limit: 'content_minute',
      remaining: 8,
    });
  });
});

test('two Secrets of one App share one budget', async () => {
  const own = await acme.promoter();
  own.secrets.put('apps/another', { appId: String(own.app.id), privateKey: own.privateKey });
  const { left, budget, write } = await budgetOf(own);
  await write(makeCommit, commit);
  const { connection, provider } = acme.listed;
  const keyring = own.keyringOf(
    new Map([['github.com', { connection, provider: budgeted(provider, budget), budget }]]),
  );
  const { metadata, spec } = own.credential;
  const another = {
    metadata: { ...metadata, name: 'another', uid: 'uid-of-another' },
    spec: { ...spec, githubApp: { secretRef: { name: 'another' } } },
  };
  const access = await keyring.open(another, { ...own.purpose, pipeline: 'apps/other' }, call());
  await access.write(makeCommit, commit);
  expect(left()).toBe(6);
});
