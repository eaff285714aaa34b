import { describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { addMs } from '../../../src/base/time.ts';
import {
  ReadTokens,
  type Held,
  type Mint,
  type TokenName,
} from '../../../src/credentials/opening/read-tokens.ts';
import { ForgeError } from '../../../src/forges/errors.ts';
import { ManualClock, minuteMs } from '../promoter.ts';

const name: TokenName = {
  host: 'github.com',
  identity: 'uid 1 fingerprint',
  installation: '7',
  repositories: [{ name: 'acme/fleet', id: '1001' }],
  permissions: ['contents:read', 'pull_requests:read'],
};
const unknownId: TokenName = { ...name, repositories: [{ name: 'acme/fleet' }] };

/** Read tokens, and a mint that counts. */
function tokens() {
  const clock = new ManualClock();
  const held = new ReadTokens(clock);
  const revoked: string[] = [];
  let minted = 0;
  const mint = (repositoryIds = ['1001'], installation = '7'): Promise<Mint> => {
    const token = `token ${(minted += 1)}`;
    return Promise.resolve({
      minted: {
        token: new Secret(token),
        expiresAt: addMs(clock.now(), 60 * minuteMs),
        permissions: [],
        repositoryIds,
      },
      installation,
      revoke: () => Promise.resolve(void revoked.push(token)),
    });
  };
  const get = async (of: TokenName = name): Promise<string> =>
    tokenOf(
      await held.get(of, () =>
        mint(
          of.repositories.map(({ id = '1001' }) => id),
          of.installation,
        ),
      ),
    );
  return { clock, held, mint, get, revoked };
}

function tokenOf({ minted }: Held): string {
  return minted.token.expose();
}

test('a token is kept until five minutes before it expires', async () => {
  const { clock, get } = tokens();
  expect(await get()).toBe('token 1');
  clock.advance(55 * minuteMs - 1);
  expect(await get()).toBe('token 1');
  clock.advance(1);
  expect(await get()).toBe('token 2');
});

test('two who ask at once share one minting', async () => {
  const { get } = tokens();
  expect(await Promise.all([get(), get(), get()])).toEqual(['token 1', 'token 1', 'token 1']);
});

describe('a repository counts by its id', () => {
  test('which comes with the first token: until it is given, another one is minted', async () => {
    const { get } = tokens();
    expect(await get(unknownId)).toBe('token 1');
    expect(await get(unknownId)).toBe('token 2');
    expect(await get()).toBe('token 2');
  });

  test('and not by its name, which may have changed', async () => {
    const { get } = tokens();
    await get();
    expect(await get({ ...name, repositories: [{ name: 'acme/renamed', id: '1001' }] })).toBe('token 1');
    expect(await get({ ...name, repositories: [{ name: 'acme/fleet', id: '1002' }] })).toBe('token 2');
  });

  test('whatever the order, of ids and of permissions', async () => {
    const { held, mint, get } = tokens();
    const [one, two] = [
      { name: 'acme/a', id: '1' },
      { name: 'acme/b', id: '2' },
    ];
    await held.get({ ...name, repositories: [one, two] }, () => mint(['2', '1']));
    expect(await get({ ...name, repositories: [two, one], permissions: name.permissions.toReversed() })).toBe(
      'token 1',
    );
  });
});

test('a token is kept for the installation that it was minted in, which may be a newer one', async () => {
  const { held, mint, get } = tokens();
  await held.get(name, () => mint(['1001'], '8'));
  expect(await get({ ...name, installation: '8' })).toBe('token 1');
  expect(await get()).toBe('token 2');
});

test.each<Partial<TokenName>>([
  { host: 'git.acme.example' },
  { identity: 'uid 1 another fingerprint' },
  { identity: 'uid 2 fingerprint' },
  { installation: '8' },
  { repositories: [{ name: 'acme/other', id: '1002' }] },
  { repositories: [...name.repositories, { name: 'acme/other', id: '1002' }] },
  { permissions: ['contents:read'] },
  { permissions: ['contents:write', 'pull_requests:read'] },
])('another %j is another token', async (difference) => {
  const { get } = tokens();
  await get();
  expect(await get({ ...name, ...difference })).toBe('token 2');
});

test('what the forge refuses to mint is refused to all who asked, and asked for again by the next', async () => {
  const { held, mint, get } = tokens();
  const { promise: refusal, reject: refuse } = Promise.withResolvers<Mint>();
  const both = Promise.allSettled([held.get(name, () => refusal), held.get(name, () => mint())]);
  refuse(new ForgeError('NotInstalled', 'install it'));
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await get()).toBe('token 1');
});

test('when the one who mints is told to stop, the other one mints for itself', async () => {
  const { held, mint } = tokens();
  const stopping = new AbortController();
  const stopped = held.get(
    name,
    () =>
      new Promise((_, reject) => {
        stopping.signal.addEventListener('abort', () => reject(stopping.signal.reason));
      }),
  );
  const other = held.get(name, () => mint());
  stopping.abort();
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  expect(tokenOf(await other)).toBe('token 1');
});

test('a refused token is dropped, and one that was minted since is not', async () => {
  const { held, mint, get, revoked } = tokens();
  const first = await held.get(name, () => mint());
  held.drop(first);
  expect(await get()).toBe('token 2');
  // The second of two calls that were refused with the first token.
  held.drop(first);
  held.giveUp(first);
  expect(await get()).toBe('token 2');
  expect(revoked).toEqual([]);
});

describe('what nobody is to use any more is revoked:', () => {
  test('a token whose repository is gone', async () => {
    const { held, mint, get, revoked } = tokens();
    held.giveUp(await held.get(name, () => mint()));
    expect(await get()).toBe('token 2');
    expect(revoked).toEqual(['token 1']);
  });

  test('all tokens of a key that is not in the Secret any more, and no others', async () => {
    const { held, get, revoked } = tokens();
    await get();
    await get({ ...name, repositories: [{ name: 'acme/other', id: '1002' }] });
    await get({ ...name, identity: 'another' });
    held.retire(name.identity);
    expect(revoked.toSorted()).toEqual(['token 1', 'token 2']);
    expect(await get({ ...name, identity: 'another' })).toBe('token 3');
    expect(await get()).toBe('token 4');
  });

  test('all of them at the end, and those that are minted after it', async () => {
    const { held, get, revoked } = tokens();
    await get();
    await get({ ...name, host: 'git.acme.example' });
    await held.close(2_000);
    expect(revoked.toSorted()).toEqual(['token 1', 'token 2']);
    await get();
    expect(revoked.toSorted()).toEqual(['token 1', 'token 2', 'token 3']);
  });

  test('also one that is being minted when the end comes', async () => {
    const { held, mint, revoked } = tokens();
    const { promise: minted, resolve } = Promise.withResolvers<Mint>();
    const getting = held.get(name, () => minted);
    const closing = held.close(2_000);
    resolve(await mint());
    await Promise.all([getting, closing]);
    expect(revoked).toEqual(['token 1']);
  });

  test('but the end waits no longer than it may for a forge that does not answer', async () => {
    const { held, mint } = tokens();
    await held.get(name, async () => ({ ...(await mint()), revoke: () => new Promise(() => {}) }));
    await held.close(20);
  });
});
