import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addMs, toTimestamp } from '../../../src/base/time.ts';
import type { Purpose } from '../../../src/credentials/keyring.ts';
import { call } from '../../forges/github/opened.ts';
import { Passes, readyOf } from './passes.ts';
import { minuteMs, startAcme, tokenCredential, type Acme, type Promoter } from '../promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const probe = 'GET /repos/{owner}/{repo}/installation';

function probes(): number {
  return acme.asked().filter((route) => route === probe).length;
}

/** One use by this Pipeline or environment. */
async function use({ keyring, credential, purpose }: Promoter, by: Partial<Purpose> = {}): Promise<void> {
  const { reader } = await keyring.open(credential, { ...purpose, ...by }, call());
  await reader.look({ baseBranch: 'main', headBranch: 'x', paths: [] }, call());
}

async function writeWith({ keyring, credential, purpose }: Promoter): Promise<void> {
  const { write } = await keyring.open(credential, purpose, call());
  await write((forge) => forge.look({ baseBranch: 'main', headBranch: 'x', paths: [] }, call()));
}

describe('status says all that is known of', () => {
  test('an App', async () => {
    const own = await acme.promoter();
    const { status } = await new Passes(own).pass();
    expect(status).toMatchObject({
      observedGeneration: 1,
      kind: 'GitHubApp',
      owner: { login: own.app.bot.login, type: 'Bot', id: String(own.app.id) },
      valid: 'True',
      expiry: "An App's key does not expire; a write token lives for one act and is revoked after it.",
      scope: { verdict: 'Least', granted: ['contents:write', 'pull_requests:write'], repositories: 1 },
    });
    expect(readyOf(status)).toBe('True Healthy: the forge accepts it');
    expect(status.expiryTime).toBeUndefined();
    expect(status.lastUsed).toBeUndefined();
  });

  test('a classic token', async () => {
    const own = await acme.promoter();
    const grace = acme.forge.createUser('grace');
    acme.forge.world.repositories.require(own.fullName).collaborators.set(grace.id, 'write');
    const expiresAt = new Date('2027-01-31T12:00:00Z');
    const token = acme.forge.createToken('grace', ['repo', 'read:org'], expiresAt);
    own.secrets.put('apps/acme-promoter', { token });
    const { status } = await new Passes(own, tokenCredential(own.fullName)).pass();
    expect(status).toMatchObject({
      kind: 'PersonalAccessToken',
      owner: { login: 'grace', type: 'User', id: String(grace.id) },
      valid: 'True',
      expiryTime: '2027-01-31T12:00:00Z',
      scope: {
        verdict: 'Broad',
        granted: ['repo', 'read:org'],
        surplus: expect.arrayContaining(['read:org']),
      },
      tokenHash: createHash('sha256').update(token).digest('base64'),
      appearsAs:
        'Pull requests and commits will appear to be from grace, an account that people take for a person.',
    });
    expect(acme.asked()).toEqual(['GET /user', 'GET /repos/{owner}/{repo}']);
  });

  test('a classic token that never ends', async () => {
    const own = await acme.promoter();
    own.secrets.put('apps/acme-promoter', { token: acme.person('hedy', own) });
    const { status } = await new Passes(own, tokenCredential(own.fullName)).pass();
    expect(status.expiryTime).toBeUndefined();
    expect(status.expiry).toBe('It never ends: use one with an end.');
  });

  test('a fine-grained token', async () => {
    const own = await acme.promoter();
    const { credentials, accounts, repositories } = acme.forge.world;
    const barbara = acme.forge.createUser('barbara');
    repositories.require(own.fullName).collaborators.set(barbara.id, 'write');
    const { value } = credentials.createFineGrainedToken({
      owner: barbara,
      resourceOwner: accounts.require(own.repository.owner),
      permissions: { contents: 'write', pull_requests: 'write' },
      repositories: new Set([repositories.require(own.fullName).id]),
      expiresAt: new Date('2027-01-31T12:00:00Z'),
      headerOffsetMinutes: 120,
    });
    own.secrets.put('apps/acme-promoter', { token: value });
    const { status } = await new Passes(own, tokenCredential(own.fullName)).pass();
    expect(status).toMatchObject({
      kind: 'FineGrainedToken',
      owner: { login: 'barbara', type: 'User' },
      valid: 'True',
      expiryTime: '2027-01-31T12:00:00Z',
      scope: {
        verdict: 'Unknown',
        granted: [],
        message:
          'GitHub does not tell a fine-grained token what it may do; a call that is refused tells what it lacks',
      },
    });
  });

  test('an App that may not open pull requests', async () => {
    const own = await acme.promoter({
      permissions: { contents: 'write', pull_requests: 'read', metadata: 'read' },
    });
    const { status } = await new Passes(own).pass();
    expect(status).toMatchObject({
      valid: 'True',
      scope: { verdict: 'Insufficient', granted: ['contents:write'] },
    });
    expect(readyOf(status)).toBe(
      "False PermissionsMissing: the App lacks pull_requests:write; grant it in the App's settings and accept it in the installation",
    );
  });
});

describe('the forge is asked about a credential that works', () => {
  test('once in ten minutes, however many passes there are, and with one request', async () => {
    const own = await acme.promoter();
    const passes = new Passes(own);
    await passes.pass();
    for (let minute = 1; minute < 10; minute += 1) await passes.pass(minuteMs);
    expect(probes()).toBe(1);
    acme.forge.log.clear();
    await passes.pass(minuteMs);
    expect(acme.asked()).toEqual([probe]);
  });

  test('not while writes prove as much, but once an hour at least', async () => {
    const own = await acme.promoter();
    const passes = new Passes(own);
    await passes.pass();
    for (let minute = 1; minute < 60; minute += 1) {
      await writeWith(own);
      await passes.pass(minuteMs);
    }
    expect(probes()).toBe(1);
    acme.forge.log.clear();
    await writeWith(own);
    await passes.pass(2 * minuteMs);
    expect(probes()).toBe(1);
  });

  test('also while it is read with: a right to write that it has lost is seen', async () => {
    const own = await acme.promoter();
    const passes = new Passes(own);
    await passes.pass();
    own.installation.permissions = { contents: 'write', pull_requests: 'read', metadata: 'read' };
    const words = new Set<string>();
    for (let minute = 1; minute <= 11; minute += 1) {
      await use(own);
      words.add(readyOf((await passes.pass(minuteMs)).status));
    }
    expect([...words]).toEqual([
      'True Healthy: the forge accepts it',
      expect.stringMatching(/^False PermissionsMissing: the App lacks pull_requests:write/),
    ]);
  });

  test('as soon as its Secret is seen to be replaced, which is within two minutes', async () => {
    const own = await acme.promoter();
    const passes = new Passes(own);
    expect((await passes.pass()).nextMs).toBeLessThanOrEqual(2 * minuteMs);
    own.secrets.put('apps/acme-promoter', {
      appId: String(own.app.id),
      privateKey: acme.forge.world.credentials.addKey(own.app),
    });
    await passes.pass(1_000);
    expect(probes()).toBe(2);
  });

  test('at once when its spec changes', async () => {
    const own = await acme.promoter();
    const passes = new Passes(own);
    await passes.pass();
    await acme.forge.createRepository(`${own.repository.owner}/other`, { a: 'b' });
    passes.change({ repositories: [own.fullName, `${own.repository.owner}/other`] });
    expect((await passes.pass(1_000)).status.observedGeneration).toBe(2);
    expect(probes()).toBe(2);
  });
});

describe('nothing is written', () => {
  test('by a pass that finds nothing new, and by a probe within the hour', async () => {
    const passes = new Passes(await acme.promoter());
    await passes.pass();
    for (let probed = 1; probed <= 5; probed += 1) await passes.pass(10 * minuteMs);
    expect(passes.written).toHaveLength(1);
    // That it was asked is worth a write once an hour.
    await passes.pass(10 * minuteMs);
    expect(passes.written).toHaveLength(2);
  });

  test('by a controller that starts and finds everything as it was', async () => {
    const passes = new Passes(await acme.promoter());
    await passes.pass();
    const restarted = passes.restarted();
    await restarted.pass(minuteMs);
    expect(restarted.written).toEqual([]);
  });
});

test('while the cache does not hold our last status yet, it counts, and the next is written over it', async () => {
  const own = await acme.promoter();
  const passes = new Passes(own);
  passes.cached = passes.credential;
  await passes.pass();
  await passes.pass(1_000);
  expect(passes.written).toHaveLength(1);
  for (const pipeline of ['apps/podinfo', 'apps/web']) {
    await use(own, { pipeline });
    await passes.pass(1_000);
  }
  expect(passes.written).toHaveLength(3);
  expect(passes.conflicts).toBe(0);
});

test('a status that somebody took away is written again', async () => {
  const passes = new Passes(await acme.promoter());
  const { status: before } = await passes.pass();
  const { status: _, metadata, ...rest } = passes.credential;
  const resourceVersion = String(Number(metadata.resourceVersion) + 1);
  passes.credential = { ...rest, metadata: { ...metadata, resourceVersion } };
  const { status } = await passes.pass(1_000);
  expect(readyOf(status)).toBe(readyOf(before));
  expect([passes.written.length, passes.conflicts]).toEqual([2, 0]);
});

describe('the time of the last use', () => {
  test('is shown with who used it, and moves at most once a minute', async () => {
    const own = await acme.promoter();
    const passes = new Passes(own);
    await use(own);
    const first = (await passes.pass()).status.lastUsed;
    expect(first).toEqual({
      time: `${own.clock.now().toISOString().slice(0, 19)}Z`,
      by: 'apps/podinfo staging',
      source: 'Controller',
      precision: '1 min, by our own clock',
    });
    own.clock.advance(30_000);
    await use(own);
    const unshown = await passes.pass();
    expect(unshown.status.lastUsed).toEqual(first);
    expect(passes.written).toHaveLength(1);
    // Also when nobody uses it any more, the last use is shown within a minute.
    expect(unshown.nextMs).toBeLessThanOrEqual(minuteMs);
    const lastUse = own.clock.now();
    const { status, nextMs } = await passes.pass(31_000);
    expect(status.lastUsed?.time).toBe(`${lastUse.toISOString().slice(0, 19)}Z`);
    expect(nextMs).toBeGreaterThan(minuteMs);
  });

  test('moves at once when another Pipeline uses it, and for each at most once a minute', async () => {
    const own = await acme.promoter();
    const passes = new Passes(own);
    const by: (string | undefined)[] = [];
    for (const pipeline of ['apps/podinfo', 'apps/web', 'apps/podinfo', 'apps/web', 'apps/web']) {
      await use(own, { pipeline });
      by.push((await passes.pass(1_000)).status.lastUsed?.by);
    }
    expect(by).toEqual(['apps/podinfo staging', ...Array(4).fill('apps/web staging')]);
    expect(passes.written).toHaveLength(2);
    const last = addMs(own.clock.now(), -1_000);
    const { status, nextMs } = await passes.pass();
    expect(nextMs).toBeLessThanOrEqual(minuteMs);
    expect(status.lastUsed?.time).not.toBe(toTimestamp(last));
    expect((await passes.pass(nextMs)).status.lastUsed?.time).toBe(toTimestamp(last));
  });

  test('outlives the process', async () => {
    const own = await acme.promoter();
    const passes = new Passes(own);
    await use(own);
    const { lastUsed } = (await passes.pass()).status;
    own.uses.forgetCredential('apps/acme-promoter');
    expect((await passes.restarted().pass()).status.lastUsed).toEqual(lastUsed);
  });
});
