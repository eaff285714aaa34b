import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Access } from '../../../src/credentials/keyring.ts';
import { call, failureOf } from '../../forges/github/opened.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { Passes } from '../health/passes.ts';
import { startAcme, tokenCredential, type Acme, type Promoter } from '../promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const query = { baseBranch: 'main', headBranch: 'promotion/x', paths: [] };
const secret = 'apps/acme-promoter';

async function open({ keyring, credential, purpose }: Promoter): Promise<Access> {
  return await keyring.open(credential, purpose, call());
}

async function look({ reader }: Access): Promise<boolean> {
  return (await reader.look(query, call())).base !== undefined;
}

/** Whether each token that was minted for a promoter is still alive, oldest first. */
function alive({ installation }: Promoter): boolean[] {
  return acme.forge.world.credentials
    .tokens()
    .flatMap((token) => (token.kind === 'installation' && token.installation === installation ? [token] : []))
    .map(({ revoked }) => !revoked);
}

/** What is revoked in the background is so in the end. */
async function becomes(own: Promoter, expected: boolean[]): Promise<void> {
  await eventually(`alive: ${expected.join()}`, () => isDeepStrictEqual(alive(own), expected));
}

/** Puts another key of the App into the Secret; gives what makes the forge forget the one before. */
function rotate({ app, secrets }: Promoter): () => void {
  const [before] = app.publicKeys;
  secrets.put(secret, { appId: String(app.id), privateKey: acme.forge.world.credentials.addKey(app) });
  return () =>
    void app.publicKeys.splice(
      app.publicKeys.findIndex((each) => each === before),
      1,
    );
}

/** Makes the forge forget every token that it minted for a promoter. */
function revokeAll({ installation }: Promoter): void {
  for (const token of acme.forge.world.credentials.tokens()) {
    if (token.kind === 'installation' && token.installation === installation) token.revoked = true;
  }
}

describe("an App's key that was replaced in the Secret", () => {
  test('is not used any more from the next use on, and its read tokens end', async () => {
    const own = await acme.promoter();
    await look(await open(own));
    rotate(own)();
    expect(await look(await open(own))).toBe(true);
    await becomes(own, [false, true]);
  });

  test('is left by a pass that began with it, once another one has seen the new one', async () => {
    const own = await acme.promoter();
    const old = await open(own);
    await look(old);
    // The forge knows the old one still.
    rotate(own);
    await look(await open(own));
    own.clock.advance(10_000);
    expect(await look(old)).toBe(true);
    await becomes(own, [false, true]);
  });

  test('is replaced in the middle of a pass when the forge does not know it any more', async () => {
    const own = await acme.promoter();
    const access = await open(own);
    await look(access);
    rotate(own)();
    revokeAll(own);
    own.clock.advance(10_000);
    expect(await look(access)).toBe(true);
    expect(own.uses.healthOf(secret)).toMatchObject({ good: true });
  });

  test('is replaced before an act that it cannot mint for', async () => {
    const own = await acme.promoter();
    const access = await open(own);
    rotate(own)();
    let acts = 0;
    await access.write(async (forge) => {
      acts += 1;
      await forge.look(query, call());
    });
    expect(acts).toBe(1);
    expect(alive(own)).toEqual([false]);
    expect(own.uses.healthOf(secret)).toMatchObject({ good: true });
  });

  test('ends a pass well while the forge knows both', async () => {
    const own = await acme.promoter();
    const access = await open(own);
    await look(access);
    rotate(own);
    expect(await look(access)).toBe(true);
    expect(await access.write(async (forge) => (await forge.look(query, call())).base !== undefined)).toBe(
      true,
    );
  });
});

describe('when a key or token is refused and the Secret holds the same', () => {
  test('the Secret is read once more in that pass, and the refusal stands', async () => {
    const own = await acme.promoter();
    const access = await open(own);
    await look(access);
    own.app.publicKeys.splice(0);
    revokeAll(own);
    own.clock.advance(10_000);
    for (const _ of [1, 2]) expect(await failureOf(look(access))).toMatchObject({ code: 'Unauthorized' });
    expect(own.secrets.asked).toEqual([secret, secret]);
    expect(own.uses.healthOf(secret)).toMatchObject({ good: false, reason: 'Revoked' });
  });

  test('and when the Secret is gone, too', async () => {
    const own = await acme.promoter();
    const access = await open(own);
    own.app.publicKeys.splice(0);
    own.secrets.remove(secret);
    expect(await failureOf(look(access))).toMatchObject({ code: 'Unauthorized' });
    expect(await failureOf(open(own))).toMatchObject({ code: 'Missing' });
  });
});

describe('read tokens end', () => {
  test.each<[string, (own: Promoter) => void, string]>([
    ['when the Secret is gone', ({ secrets }) => secrets.remove(secret), 'Missing'],
    [
      'when it holds rubbish',
      ({ secrets }) => secrets.put(secret, { privateKey: 'rubbish', appId: '1' }),
      'Malformed',
    ],
  ])('%s, and a pass that runs ends on the key that it has', async (_, spoil, code) => {
    const own = await acme.promoter();
    const running = await open(own);
    await look(running);
    spoil(own);
    expect(await failureOf(open(own))).toMatchObject({ code });
    await becomes(own, [false]);
    own.clock.advance(10_000);
    expect(await look(running)).toBe(true);
  });

  test('when the Secret is made anew, though with the same key', async () => {
    const own = await acme.promoter();
    await look(await open(own));
    own.secrets.remove(secret);
    own.secrets.put(secret, { appId: String(own.app.id), privateKey: own.privateKey });
    await look(await open(own));
    await becomes(own, [false, true]);
  });

  test('when the Credential is deleted, also while it is in use, and what runs is not disturbed', async () => {
    const own = await acme.promoter();
    const running = await open(own);
    await look(running);
    const { metadata } = own.credential;
    const deletionTimestamp = '2026-11-25T12:00:00Z';
    await new Passes(own, { ...own.credential, metadata: { ...metadata, deletionTimestamp } }).pass();
    await becomes(own, [false]);
    own.clock.advance(10_000);
    expect(await look(running)).toBe(true);
  });

  test('when the Credential names another Secret', async () => {
    const own = await acme.promoter();
    await look(await open(own));
    const { spec } = own.credential;
    own.secrets.put('apps/other', { appId: String(own.app.id), privateKey: own.privateKey });
    const renamed = { ...own.credential, spec: { ...spec, githubApp: { secretRef: { name: 'other' } } } };
    await look(await open({ ...own, credential: renamed }));
    await becomes(own, [false, true]);
  });

  test('when the process does, and none is left', async () => {
    const own = await acme.promoter();
    await look(await open(own));
    await own.keyring.close();
    expect(alive(own)).toEqual([false]);
  });

  test('not when nothing has changed in the Secret but its version', async () => {
    const own = await acme.promoter();
    await look(await open(own));
    own.secrets.put(secret, { appId: String(own.app.id), privateKey: own.privateKey, note: 'ours' });
    await look(await open(own));
    expect(alive(own)).toEqual([true]);
  });
});

describe('a stored token that was replaced', () => {
  /** A promoter by a person's token, opened. */
  async function byToken(login: string): Promise<{ own: Promoter; access: Access; replace: () => void }> {
    const promoter = await acme.promoter();
    const first = acme.person(login, promoter);
    promoter.secrets.put(secret, { token: first });
    const own = { ...promoter, credential: tokenCredential(promoter.fullName) };
    const replace = (): void => {
      acme.forge.revokeToken(first);
      own.secrets.put(secret, { token: acme.forge.createToken(login, ['repo']) });
    };
    return { own, access: await open(own), replace };
  }

  test('is taken at the next use', async () => {
    const { own, replace } = await byToken('rosa');
    replace();
    expect(await look(await open(own))).toBe(true);
  });

  test('is taken in the middle of a pass, where a reading is repeated with it', async () => {
    const { own, access, replace } = await byToken('ruth');
    await look(access);
    replace();
    expect(await look(access)).toBe(true);
    expect(own.uses.healthOf(secret)).toMatchObject({ good: true });
  });

  test('is taken in the middle of an act, where the call that was refused is repeated and nothing else', async () => {
    const { own, access, replace } = await byToken('ruby');
    const { base } = await access.reader.look(query, call());
    if (base === undefined) throw new Error('there is no main');
    let acts = 0;
    const moved = await access.write(async (forge) => {
      acts += 1;
      const files = [{ path: 'new.txt', text: 'new\n' }];
      const { commit, tree } = base;
      const made = await forge.createCommit({ parent: commit, baseTree: tree, files, message: 'x' }, call());
      replace();
      const to = made.sha;
      return (await forge.moveBranch({ branch: 'promotion/x', to }, call())) === 'moved' ? to : undefined;
    });
    expect(acts).toBe(1);
    expect(moved).toBe(acme.forge.branch(own.fullName, 'promotion/x'));
    expect(acme.asked().filter((route) => route.endsWith('/git/commits'))).toHaveLength(1);
  });

  test("by another person's acts as that person from then on", async () => {
    const { own, access } = await byToken('rhea');
    own.secrets.put(secret, { token: acme.person('rita', own) });
    await look(await open(own));
    await look(access);
    expect(access.login).toBe('rita');
  });

  test('is refused as it stands when it was revoked and not replaced', async () => {
    const { own, access } = await byToken('ramona');
    acme.forge.world.credentials.tokens().forEach((token) => {
      if (token.kind === 'classic' && token.owner.login === 'ramona') token.revoked = true;
    });
    expect(await failureOf(look(access))).toMatchObject({ code: 'Unauthorized' });
    const acting = access.write((forge) => forge.look(query, call()));
    expect(await failureOf(acting)).toMatchObject({ code: 'Unauthorized' });
    expect(own.secrets.asked).toEqual([secret, secret]);
  });
});
