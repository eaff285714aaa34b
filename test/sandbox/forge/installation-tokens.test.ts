import { createPrivateKey } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { toTimestamp } from '../../../src/base/time.ts';
import { connect } from '../../../src/forges/connect.ts';
import { providers } from '../../../src/forges/index.ts';
import { signedJwt, stage, type Said, type Stage } from './staged.ts';

let world: Stage;
beforeAll(async () => {
  world = await stage();
});
afterAll(() => world.stop());

function minting(body?: unknown, id = world.installation.id): Promise<Said> {
  const line = `POST /app/installations/${id}/access_tokens`;
  return world.ask(line, { as: world.jwt(), ...(body === undefined ? {} : { body }) });
}

async function statusOf(path: string, token: string): Promise<number> {
  return (await world.ask(`GET ${path}`, { as: token })).status;
}

test('a token has the form of 2026: about 520 characters, two dots, and the id of its App', async () => {
  const token = await world.mint();
  expect(token).toMatch(new RegExp(`^ghs_${world.app.id}_[\\w-]+\\.[\\w-]+\\.[\\w-]+$`));
  expect(token.length).toBeGreaterThan(480);
  expect(token.length).toBeLessThan(560);
});

test('a token that nothing narrows has all of the installation, for one hour', async () => {
  const said = await minting();
  const inOneHour = new Date(world.clock.now().getTime() + 3_600_000);
  expect([said.status, said.json]).toEqual([
    201,
    {
      token: expect.any(String),
      expires_at: toTimestamp(inOneHour),
      permissions: { contents: 'write', pull_requests: 'write', metadata: 'read' },
      repository_selection: 'all',
    },
  ]);
});

test('a token is narrowed to repositories by name or id, and to lesser permissions', async () => {
  const [one, two, three] = [await world.repository(), await world.repository(), await world.repository()];
  const said = await minting({
    repositories: [one.repository.name],
    repository_ids: [two.repository.id],
    permissions: { contents: 'read' },
  });
  expect(said.json).toMatchObject({
    repository_selection: 'selected',
    permissions: { contents: 'read', metadata: 'read' },
    repositories: [{ full_name: one.name }, { full_name: two.name }],
  });
  const token = said.text('token');
  expect(await Promise.all([one, two, three].map(({ path }) => statusOf(path, token)))).toEqual([
    200, 200, 404,
  ]);
  const write = await world.ask(`POST ${one.path}/git/blobs`, { as: token, body: { content: 'a' } });
  expect(write.status).toBe(403);
});

test('an empty list of repositories means all of them, as it does on GitHub', async () => {
  const place = await world.repository();
  const said = await minting({ repositories: [] });
  expect(said.json).toMatchObject({ repository_selection: 'all' });
  expect(await statusOf(place.path, said.text('token'))).toBe(200);
});

test('no token reaches beyond the installation', async () => {
  const place = await world.repository();
  const beyond = [
    { permissions: { administration: 'write' } },
    { permissions: { contents: 'admin' } },
    { repositories: [place.repository.name, 'nowhere'] },
    { repository_ids: [1] },
  ];
  const said = await Promise.all(beyond.map((body) => minting(body)));
  const permissions = 'The permissions requested are not granted to this installation.';
  const repositories =
    'There is at least one repository that does not exist or is not accessible to the parent installation.';
  expect(said.map((each) => [each.status, each.text('message')])).toEqual([
    [422, permissions],
    [422, permissions],
    [422, repositories],
    [422, repositories],
  ]);
});

test('an installation on chosen repositories opens these alone, and lists them', async () => {
  const [one, two] = [await world.repository(), await world.repository()];
  const { app } = world.forge.createApp({ slug: 'picky', owner: 'acme', permissions: { contents: 'read' } });
  const installation = world.forge.install(app, 'acme', [one.name]);
  const pem = world.forge.world.credentials.addKey(app);
  const connection = connect(
    { host: 'github.com', provider: 'github', apiUrl: world.forge.urls.api, allowPrivateNetwork: true },
    { clock: world.clock },
  );
  try {
    const identity = providers.github.identity(connection);
    const key = { appId: `${app.id}`, privateKey: new Secret(pem) };
    const call = { signal: new AbortController().signal };
    const request = { key, installation: `${installation.id}`, permissions: ['contents:read'] };
    const minted = await identity.mintToken(
      { ...request, repositories: [{ name: one.repository.name }] },
      call,
    );
    const listed = await world.ask('GET /installation/repositories', { as: minted.token.expose() });
    expect(listed.json).toMatchObject({
      total_count: 1,
      repository_selection: 'selected',
      repositories: [{ full_name: one.name }],
    });
    expect(minted.expiresAt).toEqual(new Date(world.clock.now().getTime() + 3_600_000));
    await expect(
      identity.mintToken({ ...request, repositories: [{ name: two.repository.name }] }, call),
    ).rejects.toMatchObject({ code: 'NotInstalled' });
    await expect(
      identity.mintToken(
        { ...request, repositories: [{ name: one.repository.name }], permissions: ['contents:write'] },
        call,
      ),
    ).rejects.toMatchObject({ code: 'PermissionsMissing' });
    await identity.revokeToken(minted.token, call);
    expect(await statusOf(one.path, minted.token.expose())).toBe(401);
  } finally {
    await connection.close();
  }
});

test('a token ends after its hour, and when it is revoked', async () => {
  const place = await world.repository();
  const [lasting, revoked] = [await world.mint(), await world.mint()];
  expect((await world.ask('DELETE /installation/token', { as: revoked })).status).toBe(204);
  const dead = await world.ask(`GET ${place.path}`, { as: revoked });
  expect([dead.status, dead.text('message')]).toEqual([401, 'Bad credentials']);
  world.clock.pass(3599);
  expect(await statusOf(place.path, lasting)).toBe(200);
  world.clock.pass(1);
  expect(await statusOf(place.path, lasting)).toBe(401);
});

test('a suspended installation gives no token and its tokens are refused; one that is gone is not found', async () => {
  const place = await world.repository();
  const { app, privateKey } = world.forge.createApp({
    slug: 'leaving',
    owner: 'acme',
    permissions: { contents: 'read' },
  });
  const installation = world.forge.install(app, 'acme', undefined);
  const now = Math.floor(world.clock.now().getTime() / 1000);
  const jwt = signedJwt(createPrivateKey(privateKey), { iss: app.id, iat: now - 30, exp: now + 500 });
  const line = `POST /app/installations/${installation.id}/access_tokens`;
  const token = (await world.ask(line, { as: jwt })).text('token');
  installation.suspendedAt = world.clock.now();
  expect((await world.ask(line, { as: jwt })).status).toBe(403);
  expect(await statusOf(place.path, token)).toBe(403);
  const shown = await world.ask(`GET /app/installations/${installation.id}`, { as: jwt });
  expect(shown.text('suspended_at')).toBe(toTimestamp(world.clock.now()));
  installation.suspendedAt = undefined;
  installation.uninstalled = true;
  expect((await world.ask(line, { as: jwt })).status).toBe(404);
  expect(await statusOf(place.path, token)).toBe(401);
  // Nor may one App see where another is installed.
  expect((await minting(undefined, installation.id)).status).toBe(404);
});

test('a token that is not known everywhere yet is refused at first, as often as the test says', async () => {
  const place = await world.repository();
  world.forge.faults.freshTokens = { uses: 2, status: 401 };
  const unknown = await world.mint();
  world.forge.faults.freshTokens = { uses: 1, status: 404 };
  const hidden = await world.mint();
  world.forge.faults.clear();
  const known = await world.mint();
  const thrice = async (token: string): Promise<number[]> => [
    await statusOf(place.path, token),
    await statusOf(place.path, token),
    await statusOf(place.path, token),
  ];
  expect(await thrice(unknown)).toEqual([401, 401, 200]);
  expect(await thrice(hidden)).toEqual([404, 200, 200]);
  expect(await thrice(known)).toEqual([200, 200, 200]);
});

test('our own client waits for a fresh token to become known', async () => {
  const place = await world.repository();
  world.forge.faults.freshTokens = { uses: 2, status: 401 };
  const token = await world.mint();
  world.forge.faults.clear();
  const look = await world
    .client(place, token)
    .look({ baseBranch: 'main', headBranch: 'promote', paths: [] }, { signal: AbortSignal.timeout(20_000) });
  expect(look.base?.commit).toBe(world.forge.branch(place.name, 'main'));
});
