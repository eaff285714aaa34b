import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Passes, readyOf } from '../health/passes.ts';
import { minuteMs, startAcme, type Acme, type Promoter } from '../promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const mint = 'POST /app/installations/{installation_id}/access_tokens';
const list = 'GET /installation/repositories';
const revoke = 'DELETE /installation/token';

/** Puts the App on so many more repositories of its owner, which spec does not list. */
async function widen({ installation, repository: { owner } }: Promoter, more: number): Promise<void> {
  for (let count = 1; count <= more; count += 1) {
    const { id } = await acme.forge.createRepository(`${owner}/more-${count}`, { a: '1' });
    installation.repositories?.add(id);
  }
  acme.forge.log.clear();
}

describe('what the key of an App opens', () => {
  test('is no more than spec lists when it is installed there alone', async () => {
    const own = await acme.promoter();
    const { status } = await new Passes(own).pass();
    expect(status.scope).toMatchObject({ verdict: 'Least', repositories: 1 });
    expect(readyOf(status)).toBe('True Healthy: the forge accepts it');
  });

  test('is every repository that was chosen, and those that spec does not list are too many', async () => {
    const own = await acme.promoter();
    await widen(own, 2);
    const { status } = await new Passes(own).pass();
    const what = `the App is installed on 3 repositories of ${own.repository.owner}, and spec.repositories lists 1`;
    expect(status.scope).toMatchObject({
      verdict: 'Broad',
      repositories: 3,
      message: `${what}; each token is minted for one repository`,
    });
    expect(readyOf(status)).toBe(
      `True BroadInstallation: ${what}; choose those that it is for in the settings of the installation`,
    );
  });

  test('is not too many when spec lists them', async () => {
    const own = await acme.promoter();
    await widen(own, 1);
    const passes = new Passes(own);
    passes.change({ repositories: [own.fullName, `${own.repository.owner.toUpperCase()}/more-1`] });
    const { status } = await passes.pass();
    expect(status.scope).toMatchObject({ verdict: 'Least', repositories: 2 });
  });

  test('is at each account that it is installed at, which is looked at hourly until it is mended', async () => {
    const own = await acme.promoter();
    const elsewhere = [1, 2].map((each) => {
      const { login } = acme.forge.createOrganization(`${own.repository.owner}-${each}`);
      return acme.forge.install(own.app, login, []);
    });
    const passes = new Passes(own);
    expect(readyOf((await passes.pass()).status)).toBe(
      'True BroadInstallation: the App is installed at 3 accounts, and spec.repositories are of 1; uninstall it from the others, or use an App for these alone',
    );
    for (const each of elsewhere) each.uninstalled = true;
    await passes.pass(61 * minuteMs);
    const { status } = await passes.pass(11 * minuteMs);
    expect([status.scope?.verdict, readyOf(status)]).toEqual(['Least', 'True Healthy: the forge accepts it']);
  });
});

describe('the repositories of an installation are counted', () => {
  test('daily, with a token that may read their names alone and is dead after it', async () => {
    const own = await acme.promoter();
    const passes = new Passes(own);
    await passes.pass();
    expect(acme.asked().slice(-3)).toEqual([mint, list, revoke]);
    const minted = acme.forge.world.credentials
      .tokens()
      .flatMap((each) =>
        each.kind === 'installation' && each.installation === own.installation ? [each] : [],
      );
    expect(minted).toMatchObject([{ permissions: { metadata: 'read' }, revoked: true }]);
    acme.forge.log.clear();
    for (let hours = 0; hours < 23; hours += 1) await passes.pass(60 * minuteMs);
    expect(acme.asked()).not.toContain(list);
    await passes.pass(61 * minuteMs);
    expect(acme.asked().filter((route) => route === list)).toHaveLength(1);
  });

  test('hourly while they are too many', async () => {
    const own = await acme.promoter();
    await widen(own, 1);
    const passes = new Passes(own);
    await passes.pass();
    own.installation.repositories = new Set([...(own.installation.repositories ?? [])].slice(0, 1));
    const { status } = await passes.pass(61 * minuteMs);
    expect(status.scope).toMatchObject({ verdict: 'Least', repositories: 1 });
  });

  test('at once when the App is put on all of them', async () => {
    const own = await acme.promoter();
    const passes = new Passes(own);
    await passes.pass();
    await widen(own, 2);
    own.installation.repositories = undefined;
    expect((await passes.pass(11 * minuteMs)).status.scope).toMatchObject({
      verdict: 'Broad',
      repositories: 3,
    });
  });

  test('or the verdict is Unknown, and says why, until they are', async () => {
    const own = await acme.promoter();
    acme.forge.faults.add({ route: list, count: Infinity, effect: { kind: 'status', status: 503 } });
    const passes = new Passes(own);
    const { status } = await passes.pass();
    expect(status.scope).toMatchObject({
      verdict: 'Unknown',
      message: expect.stringContaining('how many repositories its key opens is not known: github.com'),
    });
    expect(status.scope).not.toHaveProperty('repositories');
    expect(readyOf(status)).toBe('True Healthy: the forge accepts it');
    acme.forge.faults.clear();
    expect((await passes.pass(11 * minuteMs)).status.scope).toMatchObject({ verdict: 'Least' });
  });

  test('and what was counted stands while the forge does not count', async () => {
    const own = await acme.promoter();
    await widen(own, 1);
    const passes = new Passes(own);
    await passes.pass();
    acme.forge.faults.add({ route: list, count: Infinity, effect: { kind: 'status', status: 503 } });
    const { status } = await passes.pass(61 * minuteMs);
    expect(acme.asked()).toContain(list);
    expect(status.scope).toMatchObject({ verdict: 'Broad', repositories: 2 });
    acme.forge.faults.clear();
  });
});
