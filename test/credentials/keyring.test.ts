import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Credential } from '../../src/api/credential.ts';
import type { Purpose } from '../../src/credentials/keyring.ts';
import { call, failureOf } from '../forges/github/opened.ts';
import { tokenCredential, startAcme, type Acme, type Promoter } from './promoter.ts';

const query = { baseBranch: 'main', headBranch: 'promotion/x', paths: [] };

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
  expect(uses.usedBy('apps/acme-promoter', 'apps/podinfo')).toEqual(clock.now());
  expect(uses.usedBy('apps/other', 'apps/podinfo')).toBeUndefined();
});

describe('a stored token', () => {
  test('is asked once whose it is, also by many at once, and nothing is minted', async () => {
    const own = await acme.promoter();
    own.secrets.put('apps/acme-promoter', { token: acme.person('grace', own) });
    const open = () => own.keyring.open(tokenCredential(own.fullName), own.purpose, call());
    const [{ login }] = await Promise.all([open(), open(), open()]);
    await open();
    expect(login).toBe('grace');
    expect(acme.asked().toSorted()).toEqual(['GET /repos/{owner}/{repo}', 'GET /user']);
  });

  test('that two forges would know is asked of each whose it is', async () => {
    const own = await acme.promoter();
    const other = await startAcme();
    try {
      own.secrets.put('apps/acme-promoter', { token: acme.person('hedy', own) });
      const keyring = own.keyringOf(
        new Map([
          ['github.com', acme.listed],
          ['git.acme.example', other.listedAs('git.acme.example')],
        ]),
      );
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

test('a Credential that sets githubApp and token is refused before the Secret is read, should the API server let it pass', async () => {
  const own = await acme.promoter();
  const { githubApp } = own.credential.spec;
  const both = {
    ...own.credential,
    spec: { ...own.credential.spec, token: { secretRef: { name: 'x' } }, githubApp },
  };
  expect(await refusalOf(own, { of: both })).toBe('Malformed: set exactly one of: githubApp, token');
  expect(await failureOf(own.keyring.inspect(both, call()))).toMatchObject({ code: 'Malformed' });
  expect(own.secrets.asked).toEqual([]);
  expect(acme.asked()).toEqual([]);
});

describe('two Credentials on one Secret', () => {
  const named = (own: Promoter, name: string): Credential => ({
    ...own.credential,
    metadata: { ...own.credential.metadata, name, uid: name },
  });

  test('share its read token, and each has a health of its own', async () => {
    // With a clock of its own: for the others all tokens have long ended.
    const alone = await startAcme();
    const own = await alone.promoter();
    try {
      for (const name of ['one', 'two']) {
        const { reader } = await own.keyring.open(named(own, name), own.purpose, call());
        await reader.look(query, call());
      }
      expect(alone.asked().filter((route) => route.endsWith('access_tokens'))).toHaveLength(1);
      expect(own.uses.healthOf('apps/one')).toMatchObject({ good: true });
      expect(own.uses.healthOf('apps/two')).toMatchObject({ good: true });
      own.keyring.forget('apps/one');
      const { reader } = await own.keyring.open(named(own, 'two'), own.purpose, call());
      await reader.look(query, call());
      expect(alone.asked().filter((route) => route.endsWith('access_tokens'))).toHaveLength(1);
    } finally {
      await alone.stop();
    }
  });

  test('read the App of it and the token of it, each its own', async () => {
    const own = await acme.promoter();
    own.secrets.put('apps/acme-promoter', {
      appId: String(own.app.id),
      privateKey: own.privateKey,
      token: acme.person('both', own),
    });
    const token = { ...tokenCredential(own.fullName), metadata: { ...own.credential.metadata, name: 'two' } };
    for (let round = 0; round < 2; round += 1) {
      expect((await own.keyring.open(own.credential, own.purpose, call())).login).toMatch(/\[bot\]$/);
      expect((await own.keyring.open(token, own.purpose, call())).login).toBe('both');
    }
    // Neither takes the other for a rotation.
    expect(acme.asked()).not.toContain('DELETE /installation/token');
  });
});
