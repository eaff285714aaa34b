import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ForgeIdentity } from '../../src/forges/identity.ts';
import { call, failureOf } from '../forges/github/opened.ts';
import { minuteMs, startAcme, tokenCredential, type Acme } from './promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

test('an App that was renamed acts under its new name after the next probe, and its facts say so', async () => {
  const own = await acme.promoter();
  const { login: before } = await own.keyring.open(own.credential, own.purpose, call());
  const probe = async (): Promise<unknown> => {
    const facts = await (await own.keyring.inspect(own.credential, call())).probe();
    return facts.kind === 'app' && facts.app.login;
  };
  expect(await probe()).toBe(before);
  Reflect.set(own.app, 'slug', 'renamed');
  expect(await probe()).toBe('renamed[bot]');
  expect((await own.keyring.open(own.credential, own.purpose, call())).login).toBe('renamed[bot]');
});

describe('a probe', () => {
  test.each(['App', 'token'])('of an %s is one request in the steady state', async (kind) => {
    const own = await acme.promoter();
    if (kind === 'token')
      own.secrets.put('apps/acme-promoter', { token: acme.person(`probed-${kind}`, own) });
    const credential = kind === 'App' ? own.credential : tokenCredential(own.fullName);
    const probe = async (): Promise<number> => {
      acme.forge.log.clear();
      await (await own.keyring.inspect(credential, call())).probe();
      return acme.asked().length;
    };
    // To count what the key opens takes three more, at first and then daily.
    const counting = kind === 'App' ? 3 : 0;
    expect(await probe()).toBe(2 + counting);
    for (let minutes = 10; minutes < 23 * 60; minutes += 10) {
      own.clock.advance(10 * minuteMs);
      expect(await probe()).toBe(1);
    }
  });

  test('of an App asks once a day who it is, in the place of where it is installed', async () => {
    const counting = [
      'POST /app/installations/{installation_id}/access_tokens',
      'GET /installation/repositories',
      'DELETE /installation/token',
    ];
    const own = await acme.promoter();
    const probe = async (): Promise<string[]> => {
      acme.forge.log.clear();
      await (await own.keyring.inspect(own.credential, call())).probe();
      return acme.asked();
    };
    await probe();
    own.clock.advance(25 * 60 * minuteMs);
    expect((await probe()).filter((route) => !counting.includes(route))).toEqual(['GET /app']);
    expect(await probe()).toEqual(['GET /repos/{owner}/{repo}/installation']);
  });

  test('of an App that is not installed any more does not go by what was known', async () => {
    const own = await acme.promoter();
    const probe = async (): Promise<unknown> =>
      await failureOf((await own.keyring.inspect(own.credential, call())).probe());
    await (await own.keyring.inspect(own.credential, call())).probe();
    own.installation.uninstalled = true;
    expect(await probe()).toMatchObject({ code: 'NotInstalled' });
    own.clock.advance(25 * 60 * minuteMs);
    expect(await probe()).toMatchObject({ code: 'NotInstalled' });
  });

  test('shows the hash of a token that cannot be guessed, as the audit log of GitHub has it', async () => {
    const own = await acme.promoter();
    const token = acme.person('hashed', own);
    own.secrets.put('apps/acme-promoter', { token: `${token}\n` });
    const { probe } = await own.keyring.inspect(tokenCredential(own.fullName), call());
    const tokenHash = createHash('sha256').update(token).digest('base64');
    expect(await probe()).toMatchObject({ kind: 'token', tokenHash });
  });

  test('shows no hash of what may be a password, nor of an App', async () => {
    const own = await acme.promoter();
    const app = await (await own.keyring.inspect(own.credential, call())).probe();
    const { connection, provider } = acme.listed;
    const describeToken = async (...[token, subject, of]: Parameters<ForgeIdentity['describeToken']>) => ({
      ...(await provider.identity(connection).describeToken(token, subject, of)),
      isUnguessable: false,
    });
    const identity = { ...provider.identity(connection), describeToken };
    const keyring = own.keyringOf(
      new Map([['github.com', { connection, provider: { ...provider, identity: () => identity } }]]),
    );
    own.secrets.put('apps/acme-promoter', { token: acme.person('guessed', own) });
    const guessable = await (await keyring.inspect(tokenCredential(own.fullName), call())).probe();
    expect([app.tokenHash, guessable.tokenHash]).toEqual([undefined, undefined]);
  });
});
