import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { connect } from '../../../src/forges/connect.ts';
import type { TokenFacts } from '../../../src/forges/identity.ts';
import { providers } from '../../../src/forges/index.ts';
import type { Account } from './accounts.ts';
import type { Permissions } from './permission-set.ts';
import { stage, type Place, type Stage } from './staged.ts';

let world: Stage;
let grace: Account;
beforeAll(async () => {
  world = await stage();
  grace = world.forge.createUser('grace');
  world.forge.world.accounts.require('acme').members.add(grace.id);
});
afterAll(() => world.stop());

function inDays(days: number): Date {
  return new Date(world.clock.now().getTime() + days * 86_400_000);
}

function fineGrained(
  permissions: Permissions,
  more: { expiresAt?: Date; repositories?: Set<number> } = {},
): string {
  return world.forge.world.credentials.createFineGrainedToken({
    owner: grace,
    resourceOwner: world.forge.world.accounts.require('acme'),
    permissions,
    repositories: more.repositories,
    expiresAt: more.expiresAt,
    headerOffsetMinutes: 330,
  }).value;
}

async function described(token: string, { name }: Place): Promise<TokenFacts> {
  const [owner = '', short = ''] = name.split('/');
  const subject = { repository: { owner, name: short } };
  const connection = connect(
    { host: 'github.com', provider: 'github', apiUrl: world.forge.urls.api, allowPrivateNetwork: true },
    { clock: world.clock },
  );
  try {
    const identity = providers.github.identity(connection);
    return await identity.describeToken(new Secret(token), subject, { signal: new AbortController().signal });
  } finally {
    await connection.close();
  }
}

test('a classic token tells its scopes and its end, in UTC', async () => {
  const expiresAt = inDays(30);
  const token = world.forge.createToken('grace', ['repo', 'read:org'], expiresAt);
  expect(token).toMatch(/^ghp_\w{36}$/);
  const { status, headers } = await world.ask('GET /user', { as: token });
  expect([
    status,
    headers.get('x-oauth-scopes'),
    headers.get('github-authentication-token-expiration'),
  ]).toEqual([200, 'repo, read:org', `${expiresAt.toISOString().slice(0, 19).replace('T', ' ')} UTC`]);
  const place = await world.repository();
  place.repository.collaborators.set(grace.id, 'write');
  const shown = await world.ask(`GET ${place.path}`, { as: token });
  expect([shown.headers.get('x-accepted-oauth-scopes'), shown.json]).toMatchObject([
    'repo',
    { permissions: { pull: true, push: true, admin: false } },
  ]);
  expect(await described(token, place)).toMatchObject({
    kind: 'PersonalAccessToken',
    owner: { login: 'grace', type: 'User', id: `${grace.id}` },
    expiry: { kind: 'at', time: expiresAt },
    scope: { verdict: 'Broad', surplus: ['repo', 'read:org'] },
    rate: { limit: 5_000 },
    isUnguessable: true,
  });
});

test('a token without an end has no header about it', async () => {
  const token = world.forge.createToken('grace', []);
  const { headers } = await world.ask('GET /user', { as: token });
  expect(headers.has('github-authentication-token-expiration')).toBe(false);
  expect(headers.get('x-oauth-scopes')).toBe('');
  // Nor does it see what is private.
  expect(await described(token, await world.repository())).toMatchObject({
    expiry: { kind: 'never' },
    scope: { verdict: 'Insufficient', granted: [], lacking: ['repo'] },
  });
});

test("a fine-grained token tells its end in its owner's time zone and no scopes, but what a route takes", async () => {
  const place = await world.repository();
  const expiresAt = inDays(7);
  const token = fineGrained({ contents: 'read' }, { expiresAt });
  expect(token).toMatch(/^github_pat_11\w{20}_\w{59}$/);
  const { headers } = await world.ask(`GET ${place.path}/git/ref/heads/main`, { as: token });
  const local = new Date(expiresAt.getTime() + 330 * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  expect(headers.get('github-authentication-token-expiration')).toBe(`${local} +0530`);
  expect(headers.get('x-oauth-scopes')).toBeNull();
  expect(headers.get('x-accepted-github-permissions')).toBe('contents=read');
  // A member may read there.
  expect(await described(token, place)).toMatchObject({
    kind: 'FineGrainedToken',
    owner: { login: 'grace', type: 'User', id: `${grace.id}` },
    expiry: { kind: 'at', time: expiresAt },
    scope: { verdict: 'Insufficient', lacking: ['contents:write'] },
  });
  place.repository.collaborators.set(grace.id, 'write');
  expect(await described(token, place)).toMatchObject({ scope: { verdict: 'Unknown' } });
});

test('a fine-grained token is told the present moment for its end where GitHub has that fault', async () => {
  const place = await world.repository();
  const token = world.forge.createFineGrainedToken({
    login: 'grace',
    organization: 'acme',
    permissions: { contents: 'write' },
    repositories: [place.name],
    expiresAt: inDays(7),
    tellsPresentMoment: true,
  });
  const { headers } = await world.ask(`GET ${place.path}`, { as: token });
  const now = world.clock.now().toISOString().slice(0, 19).replace('T', ' ');
  expect(headers.get('github-authentication-token-expiration')).toBe(`${now} +0000`);
  expect(await described(token, place)).toMatchObject({ expiry: { kind: 'unknown' } });
});

test("an App's token for a user may do what both may, ends after eight hours, and is not told so", async () => {
  const [here, beside] = [await world.repository(), await world.repository()];
  for (const { repository } of [here, beside]) repository.collaborators.set(grace.id, 'write');
  const { app } = world.forge.createApp({
    slug: 'helper',
    owner: 'acme',
    permissions: { contents: 'write' },
  });
  world.forge.install(app, 'acme', [here.name]);
  const token = world.forge.world.credentials.createAppUserToken(app, grace).value;
  const makeBlob = async ({ path }: Place): Promise<number> =>
    (await world.ask(`POST ${path}/git/blobs`, { as: token, body: { content: 'a' } })).status;
  expect([await makeBlob(here), await makeBlob(beside)]).toEqual([201, 404]);
  expect(await described(token, here)).toMatchObject({
    kind: 'AppUser',
    owner: { login: 'grace', type: 'User' },
    expiry: { kind: 'unknown' },
    scope: { verdict: 'Unknown', granted: [] },
  });
  expect(await described(token, beside)).toMatchObject({
    scope: { verdict: 'Insufficient', lacking: [beside.name] },
  });
  world.clock.pass(8 * 3_600);
  expect((await world.ask('GET /user', { as: token })).status).toBe(401);
});

test('tokens have the looks that they had and have', async () => {
  const { credentials } = world.forge.world;
  const make = (form: 'old' | 'oauth'): string =>
    credentials.createClassicToken({ owner: grace, scopes: ['repo'], expiresAt: undefined, form }).value;
  const place = await world.repository();
  expect(make('old')).toMatch(/^[0-9a-f]{40}$/);
  expect(make('oauth')).toMatch(/^gho_\w{36}$/);
  expect(await described(make('old'), place)).toMatchObject({ kind: 'PersonalAccessToken' });
  expect(await described(make('oauth'), place)).toMatchObject({
    kind: 'OAuthUser',
    expiry: { kind: 'never' },
  });
});

test('a token is refused once it has ended or was revoked', async () => {
  const ending = world.forge.createToken('grace', ['repo'], inDays(1));
  const revoked = fineGrained({ contents: 'read' });
  world.forge.revokeToken(revoked);
  const dead = await world.ask('GET /user', { as: revoked });
  expect([dead.status, dead.text('message')]).toEqual([401, 'Bad credentials']);
  expect((await world.ask('GET /user', { as: ending })).status).toBe(200);
  world.clock.pass(86_400);
  expect((await world.ask('GET /user', { as: ending })).status).toBe(401);
});

test('a token that was never given out is refused on public routes too', async () => {
  expect((await world.ask('GET /users/grace')).status).toBe(200);
  expect((await world.ask('GET /users/grace', { as: `ghp_${'a'.repeat(36)}` })).status).toBe(401);
});

test('the token stands after Bearer, after token, or in either place of Basic', async () => {
  const token = world.forge.createToken('grace', ['repo']);
  const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
  const ways = [
    `Bearer ${token}`,
    `token ${token}`,
    basic(`grace:${token}`),
    basic(`${token}:x-oauth-basic`),
  ];
  const said = await Promise.all(
    ways.map((authorization) => world.ask('GET /user', { headers: { authorization } })),
  );
  expect(said.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const odd = await world.ask('GET /user', { headers: { authorization: `Digest ${token}` } });
  expect(odd.status).toBe(401);
});

test("an App's token may not ask whose it is by REST, and is told by GraphQL", async () => {
  const token = await world.mint();
  const said = await world.ask('GET /user', { as: token });
  expect([said.status, said.text('message')]).toEqual([403, 'Resource not accessible by integration']);
  expect(await described(token, await world.repository())).toMatchObject({
    kind: 'InstallationToken',
    owner: { login: 'acme-promoter[bot]', type: 'Bot' },
    scope: { verdict: 'Unknown' },
  });
  const bot = await world.ask('GET /users/acme-promoter%5Bbot%5D', { as: token });
  expect(bot.json).toMatchObject({ login: 'acme-promoter[bot]', type: 'Bot' });
});

test("a person's token can do no more than the person", async () => {
  const place = await world.repository();
  const body = { content: 'a' };
  const write = async (token: string): Promise<number> =>
    (await world.ask(`POST ${place.path}/git/blobs`, { as: token, body })).status;
  const [classic, fine] = [world.forge.createToken('grace', ['repo']), fineGrained({ contents: 'write' })];
  // A member may read; GitHub does not tell a classic token that there is something to write.
  expect([await write(classic), await write(fine)]).toEqual([404, 403]);
  place.repository.collaborators.set(grace.id, 'write');
  expect([await write(classic), await write(fine)]).toEqual([201, 201]);
});
