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
