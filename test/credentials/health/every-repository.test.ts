import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { call } from '../../forges/github/opened.ts';
import { appCredential, minuteMs, startAcme, type Acme, type Promoter } from '../promoter.ts';
import { Passes, readyOf } from './passes.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

interface Scene {
  readonly own: Promoter;
  readonly passes: Passes;
  /** Which repositories were asked about since it was asked this last, by their short names. */
  readonly asked: () => string[];
  /** Takes the App off web, or puts it there again. */
  readonly installOnWeb: (isThere: boolean) => void;
}

/** A Credential for fleet and web, with an App that is on both, before its first pass. */
async function forTwo(): Promise<Scene> {
  const own = await acme.promoter();
  const { owner } = own.repository;
  await acme.forge.createRepository(`${owner}/web`, { a: 'b' });
  const { id } = acme.forge.world.repositories.require(`${owner}/web`);
  const chosen = new Set([acme.forge.world.repositories.require(own.fullName).id, id]);
  own.installation.repositories = chosen;
  const passes = new Passes(own, appCredential(own.fullName, `${owner}/web`));
  const asked = (): string[] => {
    const urls = acme.forge.log.entries().map(({ url }) => url);
    acme.forge.log.clear();
    return urls.flatMap((url) => /\/repos\/[^/]*\/([^/]*)\/installation$/.exec(url)?.[1] ?? []);
  };
  const installOnWeb = (isThere: boolean): void => void (isThere ? chosen.add(id) : chosen.delete(id));
  return { own, passes, asked, installOnWeb };
}

test('its repositories take turns, with one question in ten minutes', async () => {
  const { passes, asked } = await forTwo();
  await passes.pass();
  for (let minutes = 0; minutes < 40; minutes += 1) await passes.pass(minuteMs);
  expect(asked()).toEqual(['fleet', 'web', 'fleet', 'web', 'fleet']);
  expect(passes.written).toHaveLength(1);
});

test('that one is not opened any more is seen though nobody uses it, and that it is again within two minutes', async () => {
  const { own, passes, installOnWeb } = await forTwo();
  await passes.pass();
  installOnWeb(false);
  const { status } = await passes.pass(10 * minuteMs);
  expect(readyOf(status)).toMatch(
    `False NotInstalled: github.com has the App at ${own.repository.owner} but not on ${own.repository.owner}/web`,
  );
  expect(status.valid).toBe('True');
  installOnWeb(true);
  expect(readyOf((await passes.pass(2 * minuteMs)).status)).toBe('True Healthy: the forge accepts it');
});

test('that one is not opened stands steadily while the other is used and asked about in its turns', async () => {
  const { own, passes, asked, installOnWeb } = await forTwo();
  installOnWeb(false);
  await passes.pass();
  await passes.pass(10 * minuteMs);
  passes.written.length = 0;
  asked();
  for (let minutes = 0; minutes < 30; minutes += 2) {
    const { reader } = await own.keyring.open(passes.credential, own.purpose, call());
    await reader.look({ baseBranch: 'main', headBranch: 'x', paths: [] }, call());
    expect(readyOf((await passes.pass(2 * minuteMs)).status)).toMatch(/^False NotInstalled/);
  }
  const turns = asked().filter((each) => each === 'fleet');
  expect(turns.length).toBeGreaterThanOrEqual(2);
  expect(passes.written.map(readyOf).filter((ready) => !ready.startsWith('False NotInstalled'))).toEqual([]);
});

test('a repository that is new in spec is asked about at once', async () => {
  const { own, passes, asked } = await forTwo();
  passes.change({ repositories: [own.fullName] });
  await passes.pass();
  asked();
  passes.change({ repositories: [own.fullName, `${own.repository.owner}/web`] });
  await passes.pass(1_000);
  expect(asked()).toEqual(['web']);
});

test('what is refused for one repository is not forgotten when another one is added', async () => {
  const { own, passes, installOnWeb } = await forTwo();
  installOnWeb(false);
  passes.change({ repositories: [`${own.repository.owner}/web`] });
  expect(readyOf((await passes.pass()).status)).toMatch(/^False NotInstalled/);
  passes.change({ repositories: [own.fullName, `${own.repository.owner}/web`] });
  expect(readyOf((await passes.pass(1_000)).status)).toMatch(/^False NotInstalled/);
});
