import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Credential } from '../../src/api/credential.ts';
import { call, failureOf } from '../forges/github/opened.ts';
import { startAcme, type Acme, type Promoter } from './promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const query = { baseBranch: 'main', headBranch: 'promotion/x', paths: [] };

/** Tenant `apps` has opened its repository and holds a read token in the cache, with everything else that is kept. */
async function warmed(): Promise<Promoter> {
  const own = await acme.promoter();
  own.secrets.put('apps/acme-promoter', {
    appId: String(own.app.id),
    installationId: String(own.installation.id),
    privateKey: own.privateKey,
  });
  const { reader, write } = await own.keyring.open(own.credential, own.purpose, call());
  await reader.look(query, call());
  await own.keyring.inspect(own.credential, call()).then(({ probe }) => probe());
  await write((forge) => forge.look(query, call()));
  acme.forge.log.clear();
  return own;
}

const ofEve: Pick<Credential, 'metadata'> = {
  metadata: { namespace: 'eve', name: 'acme-promoter', uid: 'eve', resourceVersion: '1', generation: 1 },
};

/** What tenant `eve` gets with this Secret, who may write Pipelines and Credentials as she likes. */
async function attack(own: Promoter, secret: Record<string, string>): Promise<unknown> {
  own.secrets.put('eve/acme-promoter', secret);
  const credential = { ...own.credential, ...ofEve };
  const { reader } = await own.keyring.open(credential, { ...own.purpose, pipeline: 'eve/podinfo' }, call());
  return await reader.look(query, call());
}

describe('another tenant who knows the App and its installation, which are public, gets nothing of what is cached', () => {
  test('with a private key of her own', async () => {
    const own = await warmed();
    const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs1', format: 'pem' })
      .toString();
    const failure = await failureOf(
      attack(own, { appId: String(own.app.id), installationId: String(own.installation.id), privateKey }),
    );
    expect(failure).toMatchObject({ code: 'Unauthorized' });
    expect(new Set(acme.forge.log.entries().map(({ credential }) => credential))).toEqual(
      new Set(['refused']),
    );
    expect(own.uses.healthOf('eve/acme-promoter')).toMatchObject({ good: false });
    expect(own.uses.healthOf('apps/acme-promoter')).toMatchObject({ good: true });
  });

  test('with rubbish for a key', async () => {
    const own = await warmed();
    const failure = await failureOf(
      attack(own, {
        appId: String(own.app.id),
        installationId: String(own.installation.id),
        privateKey: '-----BEGIN RSA PRIVATE KEY-----\nrubbish\n-----END RSA PRIVATE KEY-----\n',
      }),
    );
    expect(failure).toMatchObject({ code: 'Malformed' });
    expect(acme.asked()).toEqual([]);
  });

  test('by putting rubbish where the good key was', async () => {
    const own = await warmed();
    own.secrets.put('apps/acme-promoter', {
      appId: String(own.app.id),
      installationId: String(own.installation.id),
      privateKey: 'rubbish',
    });
    expect(await failureOf(own.keyring.open(own.credential, own.purpose, call()))).toMatchObject({
      code: 'Malformed',
    });
    expect(acme.asked()).toEqual([]);
  });
});

describe('another tenant with an App of her own, good and installed at her own account, gets nothing of it either', () => {
  /** Eve's App with its key, and what she knows of the other tenant. */
  async function eve(own: Promoter): Promise<{ hers: Promoter; secret: Record<string, string> }> {
    const hers = await acme.promoter();
    acme.forge.log.clear();
    const secret = { appId: String(hers.app.id), privateKey: hers.privateKey };
    expect(hers.repository.name).toBe(own.repository.name);
    return { hers, secret };
  }

  const tokensFor = (): number => acme.asked().filter((route) => route.endsWith('/access_tokens')).length;

  test("for the other's repository", async () => {
    const own = await warmed();
    const { secret } = await eve(own);
    expect(await failureOf(attack(own, secret))).toMatchObject({ code: 'NotInstalled' });
    expect(tokensFor()).toBe(0);
  });

  test("with the number of the other's installation", async () => {
    const own = await warmed();
    const { secret } = await eve(own);
    const installationId = String(own.installation.id);
    expect(await failureOf(attack(own, { ...secret, installationId }))).toMatchObject({
      code: 'NotInstalled',
    });
    expect(tokensFor()).toBe(0);
  });

  test('with the number of her own installation, which has a repository of the same name', async () => {
    const own = await warmed();
    const { hers, secret } = await eve(own);
    const installationId = String(hers.installation.id);
    expect(await failureOf(attack(own, { ...secret, installationId }))).toMatchObject({
      code: 'NotInstalled',
    });
    expect(tokensFor()).toBe(0);
  });

  test("through the owner's name, as Flux's Secrets may give it", async () => {
    const own = await warmed();
    const { secret } = await eve(own);
    const { appId = '', privateKey = '' } = secret;
    const flux = {
      githubAppID: appId,
      githubAppPrivateKey: privateKey,
      githubAppInstallationOwner: own.repository.owner,
    };
    expect(await failureOf(attack(own, flux))).toMatchObject({ code: 'NotInstalled' });
    expect(tokensFor()).toBe(0);
  });
});

test("another tenant who asks for a token's last use names Credentials of her own namespace alone", async () => {
  const own = await warmed();
  own.credentials.set('apps/acme-promoter', own.credential);
  own.secrets.put('eve/token', { token: acme.person('eve', own) });
  own.secrets.asked.length = 0;
  const credential: Credential = {
    metadata: { ...ofEve.metadata, name: 'token' },
    spec: {
      host: 'github.com',
      repositories: [own.fullName],
      token: { secretRef: { name: 'token' } },
      lastUsedFrom: { credentialRef: { name: 'acme-promoter' } },
    },
  };
  const { probe } = await own.keyring.inspect(credential, call());
  expect(await probe()).toMatchObject({ lastUsedUnknown: expect.stringContaining('does not exist') });
  expect(own.secrets.asked).toEqual(['eve/token']);
});

test("what becomes of one tenant's Secret ends no token of another", async () => {
  const own = await warmed();
  await attack(own, { appId: String(own.app.id), privateKey: own.privateKey });
  own.secrets.remove('eve/acme-promoter');
  await expect(attack(own, { appId: '1', privateKey: 'rubbish' })).rejects.toMatchObject({
    code: 'Malformed',
  });
  own.keyring.forget('eve/acme-promoter');
  acme.forge.log.clear();
  const { reader } = await own.keyring.open(own.credential, own.purpose, call());
  await reader.look(query, call());
  // Eve's own may be revoked only now.
  expect(acme.asked().filter((route) => route !== 'DELETE /installation/token')).toEqual([
    'POST /graphql repository',
  ]);
});

test('another tenant with the same good key in a Secret of his own has tokens of his own', async () => {
  const own = await warmed();
  const secret = {
    appId: String(own.app.id),
    installationId: String(own.installation.id),
    privateKey: own.privateKey,
  };
  await attack(own, secret);
  expect(acme.asked()).toContain('POST /app/installations/{installation_id}/access_tokens');
});
