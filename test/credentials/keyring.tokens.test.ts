import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Access } from '../../src/credentials/keyring.ts';
import type { Forge } from '../../src/forges/forge.ts';
import { call, failureOf } from '../forges/github/opened.ts';
import type { InstallationToken } from '../sandbox/forge/credentials.ts';
import { minuteMs, startAcme, type Acme, type Promoter } from './promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const query = { baseBranch: 'main', headBranch: 'promotion/x', paths: [] };
const mint = 'POST /app/installations/{installation_id}/access_tokens';
const revoke = 'DELETE /installation/token';

async function open({ keyring, credential, purpose }: Promoter): Promise<Access> {
  return await keyring.open(credential, purpose, call());
}

function mints(): number {
  return acme.asked().filter((route) => route === mint).length;
}

/** Every token that was minted for a promoter, oldest first. */
function tokensOf({ installation }: Promoter): InstallationToken[] {
  return acme.forge.world.credentials
    .tokens()
    .filter((token) => token.kind === 'installation')
    .filter((token) => token.installation === installation);
}

describe('a read token', () => {
  test('may read contents and pull requests of the one repository, and nothing else', async () => {
    const own = await acme.promoter();
    await acme.forge.createRepository(`${own.repository.owner}/other`, { a: 'b' });
    await (await open(own)).reader.look(query, call());
    expect(
      tokensOf(own).map(({ permissions, repositories }) => ({ permissions, size: repositories?.size })),
    ).toEqual([{ permissions: { contents: 'read', pull_requests: 'read', metadata: 'read' }, size: 1 }]);
  });

  test('is used by all until five minutes before it expires', async () => {
    const own = await acme.promoter();
    await Promise.all([1, 2, 3].map(async () => (await open(own)).reader.look(query, call())));
    expect(mints()).toBe(1);
    own.clock.advance(54 * minuteMs);
    await (await open(own)).reader.look(query, call());
    expect(mints()).toBe(1);
    own.clock.advance(2 * minuteMs);
    await (await open(own)).reader.look(query, call());
    expect(mints()).toBe(2);
  });

  test('that the forge does not know any more is replaced once, without anybody noticing', async () => {
    const own = await acme.promoter();
    const { reader } = await open(own);
    await reader.look(query, call());
    for (const token of tokensOf(own)) token.revoked = true;
    own.clock.advance(minuteMs);
    expect((await reader.look(query, call())).base?.commit).toBe(acme.forge.branch(own.fullName, 'main'));
    expect(mints()).toBe(2);
    expect(own.uses.healthOf('apps/acme-promoter')).toMatchObject({ good: true });
  });

  test('is replaced once: when the next one is refused as well, that is reported', async () => {
    const own = await acme.promoter();
    const { reader } = await open(own);
    own.clock.advance(minuteMs);
    acme.forge.faults.add({
      graphql: 'repository',
      count: Infinity,
      effect: { kind: 'status', status: 401 },
    });
    expect(await failureOf(reader.look(query, call()))).toMatchObject({ code: 'Unauthorized' });
    expect(mints()).toBe(2);
    expect(own.uses.healthOf('apps/acme-promoter')).toMatchObject({
      good: false,
      reason: 'Revoked',
    });
  });
});

describe('a write token', () => {
  test('is minted for the act alone, may write contents and pull requests of the one repository, and is dead after it', async () => {
    const own = await acme.promoter();
    const access = await open(own);
    expect(mints()).toBe(0);
    const alive = await access.write(() => Promise.resolve(tokensOf(own).map(({ revoked }) => !revoked)));
    expect(alive).toEqual([true]);
    expect(
      tokensOf(own).map(({ permissions, repositories, revoked }) => ({
        permissions,
        repositories: [...(repositories ?? [])],
        revoked,
      })),
    ).toEqual([
      {
        permissions: { contents: 'write', pull_requests: 'write', metadata: 'read' },
        repositories: [acme.forge.world.repositories.require(own.fullName).id],
        revoked: true,
      },
    ]);
    expect(own.unrevoked).toEqual([]);
  });

  test('is another one for each act, though two run at once', async () => {
    const own = await acme.promoter();
    const access = await open(own);
    const act = async (forge: Forge): Promise<void> => void (await forge.look(query, call()));
    await Promise.all([access.write(act), access.write(act)]);
    expect(tokensOf(own).map(({ revoked }) => revoked)).toEqual([true, true]);
  });

  test('is revoked when the act fails, and the failure is what is reported', async () => {
    const own = await acme.promoter();
    const access = await open(own);
    await expect(access.write(() => Promise.reject(new Error('the act failed')))).rejects.toThrow(
      'the act failed',
    );
    expect(tokensOf(own).map(({ revoked }) => revoked)).toEqual([true]);
  });

  test('is revoked when we are told to stop in the middle of the act', async () => {
    const own = await acme.promoter();
    const stopping = new AbortController();
    const access = await own.keyring.open(own.credential, own.purpose, { signal: stopping.signal });
    const acting = access.write(async (forge) => {
      stopping.abort();
      await forge.look(query, { signal: stopping.signal });
    });
    await expect(acting).rejects.toMatchObject({ name: 'AbortError' });
    expect(tokensOf(own).map(({ revoked }) => revoked)).toEqual([true]);
    expect(acme.asked()).toContain(revoke);
  });

  test('that cannot be revoked is told of, and the act counts', async () => {
    const own = await acme.promoter();
    const access = await open(own);
    acme.forge.faults.add({ route: revoke, count: Infinity, effect: { kind: 'status', status: 503 } });
    expect(await access.write(() => Promise.resolve('done'))).toBe('done');
    expect(own.unrevoked).toEqual(['apps/acme-promoter']);
  });
});

describe.each([401, 404] as const)('a fresh token that is answered %i in its first moments', (status) => {
  test('is tried again and not reported', async () => {
    const own = await acme.promoter();
    acme.forge.faults.freshTokens = { uses: 2, status };
    const access = await open(own);
    expect((await access.reader.look(query, call())).base).toBeDefined();
    const written = await access.write(async (forge) => (await forge.look(query, call())).base !== undefined);
    expect(written).toBe(true);
    expect(mints()).toBe(2);
    expect(own.uses.healthOf('apps/acme-promoter')).toMatchObject({ good: true });
  });
});

describe('what a use shows of a credential', () => {
  const health = ({ uses }: Promoter) => uses.healthOf('apps/acme-promoter');

  test('that it may not write stands while it reads, and until it has written', async () => {
    const own = await acme.promoter({
      permissions: { contents: 'read', pull_requests: 'read', metadata: 'read' },
    });
    const access = await open(own);
    expect(await failureOf(access.write(() => Promise.resolve()))).toMatchObject({
      code: 'PermissionsMissing',
    });
    await access.reader.look(query, call());
    expect(health(own)).toMatchObject({ good: false, reason: 'PermissionsMissing' });
    own.installation.permissions = { contents: 'write', pull_requests: 'write', metadata: 'read' };
    await access.write(() => Promise.resolve());
    expect(health(own)).toMatchObject({ good: true });
  });

  test('a forge that does not answer says nothing about it', async () => {
    const own = await acme.promoter();
    acme.forge.faults.add({ count: Infinity, effect: { kind: 'status', status: 503 } });
    expect(await failureOf(open(own))).toMatchObject({ code: 'Unavailable' });
    expect(health(own)).toBeUndefined();
  });

  test('opening alone, which may send nothing, shows nothing', async () => {
    const own = await acme.promoter();
    await open(own);
    expect(health(own)).toBeUndefined();
  });
});

test('a read token does not outlive its repository: one made anew is found at the next attempt', async () => {
  // With a clock of its own: the others have gone on for so long that no token counts as new.
  const alone = await startAcme();
  try {
    const own = await alone.promoter();
    const { repositories } = alone.forge.world;
    await (await open(own)).reader.look(query, call());
    own.clock.advance(minuteMs);
    await repositories.delete(repositories.require(own.fullName));
    expect(await failureOf((await open(own)).reader.look(query, call()))).toMatchObject({ code: 'NotFound' });
    const { id } = await alone.forge.createRepository(own.fullName, { a: 'b' });
    own.installation.repositories = new Set([id]);
    const { base } = await (await open(own)).reader.look(query, call());
    expect(base?.commit).toBe(alone.forge.branch(own.fullName, 'main'));
  } finally {
    await alone.stop();
  }
});
