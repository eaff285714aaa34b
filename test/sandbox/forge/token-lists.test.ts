import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { connect, type OpenConnection } from '../../../src/forges/connect.ts';
import type { ForgeIdentity } from '../../../src/forges/identity.ts';
import { providers } from '../../../src/forges/index.ts';
import { stage, type Place, type Stage } from './staged.ts';

let world: Stage;
let place: Place;
let connection: OpenConnection;
let identity: ForgeIdentity;
let observer: Secret;
beforeAll(async () => {
  world = await stage();
  place = await world.repository();
  const grace = world.forge.createUser('grace');
  place.repository.collaborators.set(grace.id, 'write');
  world.forge.requireSingleSignOn('acme');
  connection = connect(
    { host: 'github.com', provider: 'github', apiUrl: world.forge.urls.api, allowPrivateNetwork: true },
    { clock: world.clock },
  );
  identity = providers.github.identity(connection);
  const { app, privateKey } = world.forge.createApp({
    slug: 'acme-observer',
    owner: 'acme',
    permissions: { organization_personal_access_tokens: 'read' },
  });
  const installation = world.forge.install(app, 'acme', [place.name]);
  const minted = await identity.mintToken(
    {
      key: { appId: `${app.id}`, privateKey: new Secret(privateKey) },
      installation: `${installation.id}`,
      repositories: [{ name: place.repository.name, id: `${place.repository.id}` }],
      permissions: providers.github.permissions.observe ?? [],
    },
    call,
  );
  observer = minted.token;
});
afterAll(async () => {
  await connection.close();
  await world.stop();
});

const call = { signal: new AbortController().signal };

function inDays(days: number): Date {
  return new Date(world.clock.now().getTime() + days * 86_400_000);
}

function sighting(observing: Secret, token: string, expiresAt?: Date) {
  const observed = { token: new Secret(token), owner: 'grace', organization: 'acme' };
  return identity.sightingOf?.(
    observing,
    expiresAt === undefined ? observed : { ...observed, expiresAt },
    call,
  );
}

test('an App of the organization learns when a fine-grained token was used and what it may do', async () => {
  const expiresAt = inDays(30);
  const token = world.forge.createFineGrainedToken({
    login: 'grace',
    organization: 'acme',
    permissions: { contents: 'write', pull_requests: 'write', issues: 'write' },
    repositories: [place.name],
    expiresAt,
  });
  // Another one of the same person, and one of somebody else.
  for (const login of ['grace', 'ada']) {
    world.forge.createFineGrainedToken({
      login,
      organization: 'acme',
      permissions: {},
      expiresAt: inDays(login === 'ada' ? 30 : 60),
    });
  }
  expect(await sighting(observer, token, expiresAt)).not.toHaveProperty('lastUsed');
  world.clock.pass(60);
  await world.ask(`GET ${place.path}`, { as: token });
  const usedAt = world.clock.now();
  world.clock.pass(60);
  expect(await sighting(observer, token, expiresAt)).toEqual({
    kind: 'found',
    lastUsed: { time: usedAt, precision: expect.any(String) },
    scope: {
      verdict: 'Broad',
      granted: ['contents:write', 'issues:write', 'metadata:read', 'pull_requests:write'],
      surplus: ['issues:write'],
      lacking: [],
      message: expect.stringContaining('issues:write'),
    },
  });
  const alike = world.forge.createFineGrainedToken({
    login: 'grace',
    organization: 'acme',
    permissions: {},
    expiresAt,
  });
  expect(await sighting(observer, token, expiresAt)).toMatchObject({ kind: 'unknown' });
  world.forge.revokeToken(alike);
  expect(await sighting(observer, token, expiresAt)).toMatchObject({ kind: 'found' });
});

test('an App without that permission, and a person, are not shown the list', async () => {
  const token = world.forge.createFineGrainedToken({ login: 'grace', organization: 'acme', permissions: {} });
  const promoter = new Secret(await world.mint());
  const owner = new Secret(world.forge.createToken('ada', ['admin:org', 'repo']));
  for (const observing of [promoter, owner]) {
    expect(await sighting(observing, token)).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('organization_personal_access_tokens:read'),
    });
  }
});

test('an owner learns when a classic token was used, where there is single sign-on', async () => {
  const token = world.forge.createToken('grace', ['repo']);
  const owner = new Secret(world.forge.createToken('ada', ['read:org']));
  expect(await sighting(owner, token)).toMatchObject({ kind: 'unknown' });
  world.forge.authorizeForSingleSignOn(token, 'acme');
  expect(await sighting(owner, token)).toEqual({ kind: 'found' });
  await world.ask(`GET ${place.path}`, { as: token });
  const usedAt = world.clock.now();
  world.clock.pass(60);
  expect(await sighting(owner, token)).toMatchObject({ kind: 'found', lastUsed: { time: usedAt } });
});

test('who is no owner, and an owner without the scope, are not shown it', async () => {
  const token = world.forge.createToken('grace', ['repo']);
  world.forge.authorizeForSingleSignOn(token, 'acme');
  for (const [login, scopes] of [
    ['grace', ['read:org']],
    ['ada', ['repo']],
  ] as const) {
    const observing = new Secret(world.forge.createToken(login, scopes));
    expect(await sighting(observing, token)).toMatchObject({ kind: 'unknown' });
  }
});
