import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Credential } from '../../src/api/credential.ts';
import { Keyring, type Purpose } from '../../src/credentials/keyring.ts';
import { call, failureOf } from '../forges/github/opened.ts';
import { tokenCredential, startAcme, type Acme, type Promoter } from './promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

/** What opening is refused with. */
async function refusalOf(
  { keyring, credential, purpose }: Promoter,
  { of = credential, to = purpose }: { readonly of?: Credential; readonly to?: Purpose } = {},
): Promise<string> {
  const { code, message } = await failureOf(keyring.open(of, to, call()));
  return `${code}: ${message}`;
}

describe('what the Credential or the operator does not name is refused before the Secret is read or a byte is sent', () => {
  const cases: [string, (own: Promoter) => Parameters<typeof refusalOf>[1], RegExp][] = [
    [
      'a host that the operator does not list',
      ({ credential, purpose }) => ({
        of: { ...credential, spec: { ...credential.spec, host: 'evil.example' } },
        to: { ...purpose, host: 'evil.example' },
      }),
      /^HostNotAllowed: evil\.example is not on the operator's list of forges \(github\.com\); /,
    ],
    [
      'a listed host through a Credential that is for another one',
      ({ credential }) => ({ of: { ...credential, spec: { ...credential.spec, host: 'git.acme.example' } } }),
      /^HostNotAllowed: Credential acme-promoter is for git\.acme\.example, not github\.com; /,
    ],
    [
      'a repository that the Credential does not list',
      ({ purpose }) => ({ to: { ...purpose, repository: { owner: 'globex', name: 'fleet' } } }),
      /^RepositoryNotAllowed: Credential acme-promoter is not for globex\/fleet; add it to its repositories or correct url$/,
    ],
    [
      'a repository whose name only begins like a listed one',
      ({ purpose }) => ({
        to: { ...purpose, repository: { ...purpose.repository, name: 'fleet-of-others' } },
      }),
      /^RepositoryNotAllowed/,
    ],
  ];

  test.each(cases)('%s', async (_, wanted, refusal) => {
    const own = await acme.promoter();
    expect(await refusalOf(own, wanted(own))).toMatch(refusal);
    expect(own.secrets.asked).toEqual([]);
    expect(acme.asked()).toEqual([]);
    expect(own.uses.of('apps/acme-promoter')).toBeUndefined();
  });

  test('a Credential for an unlisted host, when its health is asked for', async () => {
    const { keyring, credential, secrets } = await acme.promoter();
    const unlisted = { ...credential, spec: { ...credential.spec, host: 'evil.example' } };
    expect(await failureOf(keyring.inspect(unlisted, call()))).toMatchObject({ code: 'HostNotAllowed' });
    expect(secrets.asked).toEqual([]);
  });
});

test('of all Secrets the one that the Credential names is read', async () => {
  const { keyring, credential, purpose, secrets } = await acme.promoter();
  secrets.put('apps/other', { token: 'a token of another' });
  await keyring.open(credential, purpose, call());
  expect(secrets.asked).toEqual(['apps/acme-promoter']);
});

test('owner and repository are found whatever the case they are written in', async () => {
  const { keyring, credential, purpose, fullName } = await acme.promoter();
  const shouted = { ...credential, spec: { ...credential.spec, repositories: [fullName.toUpperCase()] } };
  const { login } = await keyring.open(shouted, purpose, call());
  expect(login).toMatch(/^acme\d+-promoter\[bot\]$/);
});

test('a use is noted with what it was for, once the forge has accepted it', async () => {
  const { keyring, credential, purpose, uses, clock } = await acme.promoter();
  const { reader } = await keyring.open(credential, purpose, call());
  expect(uses.of('apps/acme-promoter')).toBeUndefined();
  await reader.look({ baseBranch: 'main', headBranch: 'x', paths: [] }, call());
  expect(uses.of('apps/acme-promoter')).toEqual({ time: clock.now(), by: 'apps/podinfo staging' });
  expect(uses.ofPipeline('apps/podinfo')).toEqual(clock.now());
});

describe('the installation of an App', () => {
  /** Opens the repository and looks into it. */
  async function look({ keyring, credential, purpose }: Promoter): Promise<void> {
    const { reader } = await keyring.open(credential, purpose, call());
    await reader.look({ baseBranch: 'main', headBranch: 'promotion/x', paths: [] }, call());
  }
  const find = 'GET /repos/{owner}/{repo}/installation';

  test('is found when the Secret does not name it, once for ten minutes', async () => {
    const own = await acme.promoter();
    await look(own);
    await look(own);
    expect(acme.asked().filter((route) => route === find)).toHaveLength(1);
    own.clock.advance(11 * 60_000);
    await look(own);
    expect(acme.asked().filter((route) => route === find)).toHaveLength(2);
  });

  test('is not looked for when the Secret names it', async () => {
    const own = await acme.promoter();
    own.secrets.put('apps/acme-promoter', {
      appId: String(own.app.id),
      privateKey: own.privateKey,
      installationId: String(own.installation.id),
    });
    await look(own);
    expect(acme.asked()).not.toContain(find);
  });

  test('that was removed and made anew is found at the next attempt, not in ten minutes', async () => {
    const own = await acme.promoter();
    await look(own);
    own.installation.uninstalled = true;
    own.clock.advance(10_000);
    acme.forge.install(own.app, own.repository.owner, [own.fullName]);
    expect(await failureOf(look(own))).toMatchObject({ code: 'NotInstalled' });
    expect(own.uses.healthOf('apps/acme-promoter')).toMatchObject({ good: false, reason: 'NotInstalled' });
    await look(own);
    expect(own.uses.healthOf('apps/acme-promoter')).toMatchObject({ good: true });
  });
});

describe('a stored token', () => {
  test('is asked once whose it is, and nothing is minted', async () => {
    const own = await acme.promoter();
    acme.forge.createUser('grace');
    own.secrets.put('apps/acme-promoter', { token: acme.forge.createToken('grace', ['repo']) });
    const credential = tokenCredential(own.fullName);
    const { login } = await own.keyring.open(credential, own.purpose, call());
    await own.keyring.open(credential, own.purpose, call());
    expect(login).toBe('grace');
    expect(acme.asked()).toEqual(['GET /user']);
  });

  test('that two forges would know is asked of each whose it is', async () => {
    const own = await acme.promoter();
    const other = await startAcme();
    try {
      acme.forge.createUser('hedy');
      other.forge.createUser('someone-else');
      const token = acme.forge.createToken('hedy', ['repo']);
      own.secrets.put('apps/acme-promoter', { token });
      const keyring = new Keyring({
        forges: new Map([
          ['github.com', acme.listed],
          [
            'git.acme.example',
            {
              ...other.listed,
              connection: {
                ...other.connection,
                endpoint: { ...other.connection.endpoint, host: 'git.acme.example' },
              },
            },
          ],
        ]),
        readSecret: own.secrets.read,
        uses: own.uses,
        clock: own.clock,
        onUnrevoked: () => {},
      });
      const here = tokenCredential(own.fullName);
      await keyring.open(here, own.purpose, call());
      const there = { ...here, spec: { ...here.spec, host: 'git.acme.example' } };
      // The other one has never seen this token.
      expect(
        await failureOf(keyring.open(there, { ...own.purpose, host: 'git.acme.example' }, call())),
      ).toMatchObject({ code: 'Unauthorized' });
    } finally {
      await other.stop();
    }
  });
});
