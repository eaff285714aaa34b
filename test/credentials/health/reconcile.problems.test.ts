import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call, failureOf } from '../../forges/github/opened.ts';
import { Passes, readyOf } from './passes.ts';
import {
  appCredential,
  minuteMs,
  startAcme,
  tokenCredential,
  type Acme,
  type Promoter,
} from '../promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const secret = 'apps/acme-promoter';
const anyLook = { baseBranch: 'main', headBranch: 'x', paths: [] };

interface Trouble {
  readonly name: string;
  /** Breaks it, and gives what mends it. */
  readonly begin: (own: Promoter) => () => void;
  readonly valid: 'False' | 'Unknown';
  readonly ready: RegExp;
  /** When something is known from before; absent: the same. */
  readonly readyLater?: RegExp;
}

const troubles: readonly Trouble[] = [
  {
    name: 'the Secret does not exist',
    begin: (own) => {
      own.secrets.remove(secret);
      return () => own.secrets.put(secret, { appId: String(own.app.id), privateKey: own.privateKey });
    },
    valid: 'Unknown',
    ready: /^False Missing: Secret apps\/acme-promoter/,
  },
  {
    name: 'a key of the Secret is missing',
    begin: (own) => {
      own.secrets.put(secret, { appId: String(own.app.id) });
      return () => own.secrets.put(secret, { appId: String(own.app.id), privateKey: own.privateKey });
    },
    valid: 'Unknown',
    ready:
      /^False Missing: Secret apps\/acme-promoter has no key privateKey, nor githubAppPrivateKey; add it$/,
  },
  {
    name: 'the key is no PEM',
    begin: (own) => {
      own.secrets.put(secret, { appId: String(own.app.id), privateKey: 'rubbish' });
      return () => own.secrets.put(secret, { appId: String(own.app.id), privateKey: own.privateKey });
    },
    valid: 'Unknown',
    ready:
      /^False Malformed: key privateKey of Secret apps\/acme-promoter is not a private key in PEM; put the file there/,
  },
  {
    name: "the key is not the App's any more",
    begin: (own) => {
      const keys = own.app.publicKeys.splice(0);
      return () => void own.app.publicKeys.push(...keys);
    },
    valid: 'False',
    ready: /^False Revoked: github\.com does not accept the App's key/,
  },
  {
    name: 'the App is not installed on the repository',
    begin: (own) => {
      own.installation.uninstalled = true;
      return () => void (own.installation.uninstalled = false);
    },
    valid: 'False',
    ready:
      /^False NotInstalled: github\.com does not have the App at acme\d+; install it there on acme\d+\/fleet,/,
  },
  {
    name: 'the forge does not answer',
    begin: () => acme.forge.faults.add({ count: Infinity, effect: { kind: 'status', status: 503 } }),
    valid: 'Unknown',
    ready: /^False ForgeUnreachable: github\.com failed to/,
    readyLater: /^Unknown Stale: github\.com failed to .*; what is shown is of \d{4}-/,
  },
];

describe.each(troubles)('when $name', ({ begin, valid, ready, readyLater = ready }) => {
  test('the first status says so, and it is good within two minutes after it is mended', async () => {
    const own = await acme.promoter();
    const mend = begin(own);
    const passes = new Passes(own);
    const { status, nextMs } = await passes.pass();
    expect(status.valid).toBe(valid);
    expect(readyOf(status)).toMatch(ready);
    // When the forge was asked, if it was.
    if (valid === 'False') expect(status.checkedTime).toBeDefined();
    mend();
    expect(nextMs).toBeLessThanOrEqual(2 * minuteMs);
    expect(readyOf((await passes.pass(nextMs)).status)).toBe('True Healthy: the forge accepts it');
  });

  test('later, what was known of the credential stays, and the trouble is not written twice', async () => {
    const own = await acme.promoter();
    const passes = new Passes(own);
    const before = await passes.pass();
    begin(own);
    const { status } = await passes.pass(10 * minuteMs);
    expect(readyOf(status)).toMatch(readyLater);
    await passes.pass(90_000);
    await passes.pass(90_000);
    expect(passes.written).toHaveLength(2);
    expect(status.owner).toEqual(before.status.owner);
  });
});

test('whose key it is is told also where the App is not installed', async () => {
  const own = await acme.promoter();
  own.installation.uninstalled = true;
  const { status } = await new Passes(own).pass();
  expect(status).toMatchObject({ kind: 'GitHubApp', owner: { login: own.app.bot.login, type: 'Bot' } });
  expect(readyOf(status)).toMatch(/^False NotInstalled/);
});

test('a token that was revoked is not valid any more as soon as a use shows it', async () => {
  const own = await acme.promoter();
  const token = acme.person('grace', own);
  own.secrets.put(secret, { token });
  const passes = new Passes(own, tokenCredential(own.fullName));
  await passes.pass();
  const { reader } = await own.keyring.open(passes.credential, own.purpose, call());
  acme.forge.revokeToken(token);
  await failureOf(reader.look({ baseBranch: 'main', headBranch: 'x', paths: [] }, call()));
  const { status, nextMs } = await passes.pass();
  expect(status).toMatchObject({ valid: 'False', owner: { login: 'grace' } });
  expect(readyOf(status)).toMatch(/^False Revoked: .* replace it$/);
  // The Secret is read again soon: it is what a person replaces.
  expect(nextMs).toBeLessThanOrEqual(2 * minuteMs);
  own.secrets.put(secret, { token: acme.forge.createToken('grace', ['repo']) });
  expect((await passes.pass(nextMs)).status.valid).toBe('True');
});

test('a refusal that a use met is not forgotten: the forge is asked before it would be', async () => {
  const own = await acme.promoter();
  const token = acme.person(`edith-of-${own.repository.owner}`, own);
  own.secrets.put(secret, { token });
  const passes = new Passes(own, tokenCredential(own.fullName));
  await passes.pass();
  const { reader } = await own.keyring.open(passes.credential, own.purpose, call());
  acme.forge.revokeToken(token);
  await failureOf(reader.look(anyLook, call()));
  for (let waited = 0; waited < 12 * minuteMs;) {
    const { status, nextMs } = await passes.pass(Math.min(minuteMs, waited));
    waited += Math.min(nextMs, minuteMs);
    expect(readyOf(status)).toMatch(/^False Revoked/);
  }
});

test('what is shown of a forge that is away is as old as its last answer', async () => {
  const own = await acme.promoter();
  const passes = new Passes(own);
  await passes.pass();
  await passes.pass(11 * minuteMs);
  const answered = `${own.clock.now().toISOString().slice(0, 19)}Z`;
  acme.forge.faults.add({ count: Infinity, effect: { kind: 'status', status: 503 } });
  const { status } = await passes.pass(11 * minuteMs);
  expect(readyOf(status)).toMatch(new RegExp(`^Unknown Stale: .*; what is shown is of ${answered}$`));
});

test('what was known of a Secret is not said of the one that replaced it', async () => {
  const own = await acme.promoter();
  own.secrets.put(secret, { token: acme.person('hedy', own) });
  const passes = new Passes(own, tokenCredential(own.fullName));
  expect((await passes.pass()).status.owner?.login).toBe('hedy');
  own.secrets.put(secret, { token: 'ghp_somebody-elses-and-wrong' });
  const { status } = await passes.pass(minuteMs);
  expect(status).toMatchObject({ valid: 'False' });
  expect(status.owner).toBeUndefined();
  expect(status.scope).toBeUndefined();
});

test('what the forge refused to one token is not held against the one that replaced it', async () => {
  const own = await acme.promoter();
  const grace = acme.forge.createUser(`grace-of-${own.repository.owner}`);
  acme.forge.world.accounts.require(own.repository.owner).admins.add(grace.id);
  const readOnly = acme.forge.world.credentials.createFineGrainedToken({
    owner: grace,
    resourceOwner: acme.forge.world.accounts.require(own.repository.owner),
    permissions: { contents: 'read', pull_requests: 'read' },
    repositories: undefined,
    expiresAt: undefined,
    headerOffsetMinutes: 0,
  });
  own.secrets.put(secret, { token: readOnly.value });
  const passes = new Passes(own, tokenCredential(own.fullName));
  const { write } = await own.keyring.open(passes.credential, own.purpose, call());
  const open = { headBranch: 'x', baseBranch: 'main', title: 't', body: 'b', draft: false };
  await failureOf(write((forge) => forge.openPullRequest(open, call())));
  expect(readyOf((await passes.pass()).status)).toMatch(/^False PermissionsMissing/);
  own.secrets.put(secret, { token: acme.forge.createToken(grace.login, ['repo']) });
  expect(readyOf((await passes.pass(minuteMs)).status)).toMatch(/^True/);
});

test('a host that the operator does not list costs no look at the Secret', async () => {
  const own = await acme.promoter();
  const passes = new Passes(own);
  passes.change({ host: 'evil.example' });
  const { status } = await passes.pass();
  expect(readyOf(status)).toMatch(/^False HostNotAllowed: evil\.example/);
  expect(own.secrets.asked).toEqual([]);
  expect(acme.asked()).toEqual([]);
});

test('a forge that asks to wait is not asked before', async () => {
  const own = await acme.promoter();
  const passes = new Passes(own);
  acme.forge.faults.add({
    effect: { kind: 'status', status: 429, headers: { 'retry-after': '900' } },
  });
  const { status, nextMs } = await passes.pass();
  expect(readyOf(status)).toMatch(/^False RateLimited: github\.com limits this credential until \d{4}-/);
  expect(nextMs).toBeGreaterThanOrEqual(0.9 * 15 * minuteMs);
  acme.forge.log.clear();
  await passes.pass(14 * minuteMs);
  expect(acme.asked()).toEqual([]);
  expect(readyOf((await passes.pass(2 * minuteMs)).status)).toMatch(/^True/);
});

test('when a use works that the probe said could not, the probe is repeated soon', async () => {
  const own = await acme.promoter();
  own.installation.uninstalled = true;
  const passes = new Passes(own);
  await passes.pass();
  own.installation.uninstalled = false;
  const { reader } = await own.keyring.open(own.credential, own.purpose, call());
  await reader.look(anyLook, call());
  expect((await passes.pass(11_000)).status.valid).toBe('True');
});

test('an App that one of two repositories lacks is valid, and said to be missing there, whichever is used last', async () => {
  const own = await acme.promoter();
  const web = { owner: own.repository.owner, name: 'web' };
  await acme.forge.createRepository(`${web.owner}/web`, { a: 'b' });
  const credential = appCredential(own.fullName, `${web.owner}/web`);
  const passes = new Passes(own, credential);
  await passes.pass();
  const written = new Set<string>();
  for (let minutes = 0; minutes < 4; minutes += 1) {
    for (const repository of [web, own.repository]) {
      const opened = own.keyring.open(credential, { ...own.purpose, repository }, call());
      await opened.then(({ reader }) => reader.look(anyLook, call())).catch(() => undefined);
      const { status } = await passes.pass(minuteMs / 2);
      written.add(`${status.valid} ${readyOf(status)}`);
    }
  }
  expect([...written]).toEqual([
    `True False NotInstalled: github.com has the App at ${web.owner} but not on ${web.owner}/web; add the repository in the installation's settings, or correct the name`,
  ]);
});

test('a repository that the Credential is not for any more is not held against it', async () => {
  const own = await acme.promoter();
  const passes = new Passes(own, appCredential(`${own.repository.owner}/web`, own.fullName));
  expect(readyOf((await passes.pass()).status)).toMatch(/^False NotInstalled: /);
  passes.change({ repositories: [own.fullName] });
  expect(readyOf((await passes.pass()).status)).toBe('True Healthy: the forge accepts it');
});

test('a pass that is told to stop says nothing, and one whose Credential is gone forgets it', async () => {
  const own = await acme.promoter();
  const passes = new Passes(own);
  acme.forge.faults.add({ effect: { kind: 'delay', ms: 50 } });
  await expect(passes.pass(0, AbortSignal.timeout(10))).rejects.toMatchObject({ name: 'TimeoutError' });
  expect(passes.written).toEqual([]);
  await passes.pass();
  passes.credential = {
    ...passes.credential,
    metadata: { ...passes.credential.metadata, deletionTimestamp: '2026-11-25T08:00:00Z' },
  };
  await passes.pass();
  expect(own.uses.healthOf(secret)).toBeUndefined();
});
