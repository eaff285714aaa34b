import { expect, test } from '@jest/globals';
import { Secret } from '../../src/base/secret.ts';
import { addMs } from '../../src/base/time.ts';
import { ReadTokens, type TokenName } from '../../src/credentials/read-tokens.ts';
import { ForgeError } from '../../src/forges/errors.ts';
import type { MintedToken } from '../../src/forges/forge.ts';
import { ManualClock, minuteMs } from './promoter.ts';

const name: TokenName = {
  host: 'github.com',
  identity: 'uid 1 fingerprint',
  installation: '7',
  repositories: ['acme/fleet'],
  permissions: ['contents:read'],
};

/** Read tokens, and a mint that counts. */
function tokens() {
  const clock = new ManualClock();
  const held = new ReadTokens(clock);
  let minted = 0;
  const mint = (): Promise<MintedToken> => {
    minted += 1;
    return Promise.resolve({
      token: new Secret(`token ${minted}`),
      expiresAt: addMs(clock.now(), 60 * minuteMs),
      permissions: [],
      repositoryIds: ['1'],
    });
  };
  const get = async (of: TokenName = name): Promise<string> =>
    (await held.get(of, mint)).minted.token.expose();
  return { clock, held, mint, get };
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

test.each<Partial<TokenName>>([
  { host: 'git.acme.example' },
  { identity: 'uid 1 another fingerprint' },
  { installation: '8' },
  { repositories: ['acme/other'] },
  { permissions: ['contents:read', 'pull_requests:read'] },
])('another %j is another token', async (difference) => {
  const { get } = tokens();
  await get();
  expect(await get({ ...name, ...difference })).toBe('token 2');
});

test('what the forge refuses to mint is refused to all who asked, and asked for again by the next', async () => {
  const { held, mint, get } = tokens();
  const { promise: refusal, reject: refuse } = Promise.withResolvers<MintedToken>();
  const both = Promise.allSettled([held.get(name, () => refusal), held.get(name, mint)]);
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
  const other = held.get(name, mint);
  stopping.abort();
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  expect((await other).minted.token.expose()).toBe('token 1');
});

test('a refused token is dropped, and one that was minted since is not', async () => {
  const { held, mint, get } = tokens();
  const first = await held.get(name, mint);
  held.drop(name, first);
  expect(await get()).toBe('token 2');
  // The second of two calls that were refused with the first token.
  held.drop(name, first);
  expect(await get()).toBe('token 2');
});
