import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call, failureOf } from '../../forges/github/opened.ts';
import { Passes, readyOf } from './passes.ts';
import { minuteMs, startAcme, tokenCredential, type Acme, type Promoter } from '../promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const secret = 'apps/acme-promoter';
const hourMs = 60 * minuteMs;
let people = 0;

/** A Credential with a person's token, which has been looked at once. */
async function withToken(expiresAt?: Date): Promise<{ own: Promoter; passes: Passes; token: string }> {
  const own = await acme.promoter();
  const login = `person${(people += 1)}`;
  acme.person(login, own);
  const token = acme.forge.createToken(login, ['repo'], expiresAt);
  own.secrets.put(secret, { token });
  const passes = new Passes(own, tokenCredential(own.fullName));
  expect((await passes.pass()).status.valid).toBe('True');
  return { own, passes, token };
}

describe('while the forge cannot be asked, what it said last stands:', () => {
  test.each([
    ['it is down', { kind: 'status', status: 503 } as const],
    ['it asks to wait', { kind: 'status', status: 429, headers: { 'retry-after': '60' } } as const],
  ])('an App that it has refused is not valid again when %s', async (_, effect) => {
    const own = await acme.promoter();
    const passes = new Passes(own);
    await passes.pass();
    own.installation.uninstalled = true;
    expect((await passes.pass(10 * minuteMs)).status.valid).toBe('False');
    acme.forge.faults.add({ count: Infinity, effect });
    for (let minutes = 0; minutes < 12; minutes += 2)
      expect((await passes.pass(2 * minuteMs)).status.valid).toBe('False');
  });

  test('and an answer that says to wait is none about the credential', async () => {
    const { passes } = await withToken();
    const before = passes.credential.status?.checkedTime;
    acme.forge.faults.add({
      count: Infinity,
      effect: { kind: 'status', status: 429, headers: { 'retry-after': '60' } },
    });
    expect((await passes.pass(2 * hourMs)).status).toMatchObject({ valid: 'True', checkedTime: before });
  });
});

describe('a token that has ended', () => {
  test('is not valid from that moment on, before the forge is asked again', async () => {
    const { own, passes } = await withToken(new Date(acme.clock.now().getTime() + 5 * minuteMs));
    acme.forge.log.clear();
    const { status } = await passes.pass(6 * minuteMs);
    expect(readyOf(status)).toMatch(/^False Expired: it ended at /);
    expect(status.valid).toBe('False');
    expect(own.secrets.asked).not.toEqual([]);
    expect(acme.asked()).toEqual([]);
  });

  test('has ended also while the forge does not answer', async () => {
    const { passes } = await withToken(new Date(acme.clock.now().getTime() + 5 * minuteMs));
    acme.forge.faults.add({ count: Infinity, effect: { kind: 'status', status: 503 } });
    const { status } = await passes.pass(11 * minuteMs);
    expect(readyOf(status)).toMatch(/^False Expired: it ended at /);
    expect(status.valid).toBe('False');
  });
});

test('of a Secret that is not there nothing is said that was known of another one', async () => {
  const { passes } = await withToken();
  passes.change({ token: { secretRef: { name: 'another' } } });
  const { status } = await passes.pass(minuteMs);
  expect(readyOf(status)).toMatch(/^False Missing: Secret apps\/another /);
  expect(status).toMatchObject({ valid: 'Unknown' });
  expect([status.owner, status.scope, status.tokenHash, status.expiry]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('a token that lacks a permission or a sign-on is a token: it is valid, and not ready', async () => {
  const own = await acme.promoter();
  const token = acme.person(`person${(people += 1)}`, own);
  acme.forge.requireSingleSignOn(own.repository.owner);
  own.secrets.put(secret, { token });
  const { status } = await new Passes(own, tokenCredential(own.fullName)).pass();
  expect(readyOf(status)).toMatch(/^False SSORequired/);
  expect(status.valid).toBe('True');
});

test('a token that one repository finds revoked is not held for good because another took it before', async () => {
  const { own, passes, token } = await withToken();
  await acme.forge.createRepository(`${own.repository.owner}/web`, { a: 'b' });
  passes.change({ repositories: [own.fullName, `${own.repository.owner}/web`] });
  await passes.pass();
  const web = { ...own.purpose, repository: { owner: own.repository.owner, name: 'web' } };
  const { reader } = await own.keyring.open(passes.credential, web, call());
  acme.forge.revokeToken(token);
  await failureOf(reader.look({ baseBranch: 'main', headBranch: 'x', paths: [] }, call()));
  const { status } = await passes.pass(minuteMs);
  expect(readyOf(status)).toMatch(/^False Revoked/);
  expect(status.valid).toBe('False');
});
