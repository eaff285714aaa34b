import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call, failureOf } from '../forges/github/opened.ts';
import { minuteMs, startAcme, type Acme, type Promoter } from './promoter.ts';

const query = { baseBranch: 'main', headBranch: 'promotion/x', paths: [] };

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

describe('the installation of an App', () => {
  /** Opens the repository and looks into it. */
  async function look({ keyring, credential, purpose }: Promoter): Promise<void> {
    const { reader } = await keyring.open(credential, purpose, call());
    await reader.look(query, call());
  }
  const find = 'GET /repos/{owner}/{repo}/installation';

  const secretOf = ({ app, privateKey }: Promoter): Record<string, string> => ({
    appId: String(app.id),
    privateKey,
  });

  test('is found by the repository, once, until the forge says that it is not so', async () => {
    const own = await acme.promoter();
    await look(own);
    own.clock.advance(11 * minuteMs);
    await look(own);
    expect(acme.asked().filter((route) => route === find)).toHaveLength(1);
  });

  test('is found once for all who ask at the same time', async () => {
    const own = await acme.promoter();
    await Promise.all([look(own), look(own), look(own)]);
    expect(acme.asked().filter((route) => route === find)).toHaveLength(1);
  });

  test('that was removed and made anew is found within the same pass', async () => {
    const own = await acme.promoter();
    const { reader, write } = await own.keyring.open(own.credential, own.purpose, call());
    await reader.look(query, call());
    own.installation.uninstalled = true;
    own.clock.advance(10_000);
    acme.forge.install(own.app, own.repository.owner, [own.fullName]);
    expect((await reader.look(query, call())).base).toBeDefined();
    expect(await write(async (forge) => (await forge.look(query, call())).base !== undefined)).toBe(true);
    expect(acme.asked().filter((route) => route === find)).toHaveLength(2);
    expect(own.uses.healthOf('apps/acme-promoter')).toMatchObject({ good: true });
  });

  test('that was removed for good is looked for once more, and that is reported', async () => {
    const own = await acme.promoter();
    const { reader } = await own.keyring.open(own.credential, own.purpose, call());
    await reader.look(query, call());
    own.installation.uninstalled = true;
    own.clock.advance(10_000);
    acme.forge.log.clear();
    expect(await failureOf(reader.look(query, call()))).toMatchObject({ code: 'NotInstalled' });
    expect(acme.asked().filter((route) => route === find)).toHaveLength(1);
    expect(own.uses.healthOf('apps/acme-promoter')).toMatchObject({ good: false, reason: 'NotInstalled' });
  });

  test('that the Secret names is held against the one that the repository has', async () => {
    const [own, other] = [await acme.promoter(), await acme.promoter()];
    const elsewhere = acme.forge.install(own.app, other.repository.owner, [other.fullName]);
    const named = (installationId: number): void =>
      own.secrets.put('apps/acme-promoter', { ...secretOf(own), installationId: String(installationId) });
    named(elsewhere.id);
    expect(await failureOf(look(own))).toMatchObject({ code: 'NotInstalled' });
    // Both have a repository of that name: by the name alone a token for the other one would have been minted.
    expect(acme.asked()).not.toContain('POST /app/installations/{installation_id}/access_tokens');
    named(own.installation.id);
    await look(own);
  });

  test('whose owner the Secret names is held against that too', async () => {
    const own = await acme.promoter();
    const { appId = '', privateKey = '' } = secretOf(own);
    const named = (githubAppInstallationOwner: string): void =>
      own.secrets.put('apps/acme-promoter', {
        githubAppID: appId,
        githubAppPrivateKey: privateKey,
        githubAppInstallationOwner,
      });
    named('globex');
    expect(await failureOf(look(own))).toMatchObject({ code: 'NotInstalled' });
    named(own.repository.owner.toUpperCase());
    await look(own);
  });
});
