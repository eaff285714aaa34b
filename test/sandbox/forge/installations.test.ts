import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { connect, type OpenConnection } from '../../../src/forges/connect.ts';
import type { AppKey, ForgeIdentity, Installation } from '../../../src/forges/identity.ts';
import { providers } from '../../../src/forges/index.ts';
import type { App } from './credentials.ts';
import { stage, type Place, type Stage } from './staged.ts';

let world: Stage;
let connection: OpenConnection;
let identity: ForgeIdentity;
beforeAll(async () => {
  world = await stage();
  connection = connect(
    { host: 'github.com', provider: 'github', apiUrl: world.forge.urls.api, allowPrivateNetwork: true },
    { clock: world.clock },
  );
  identity = providers.github.identity(connection);
});
afterAll(async () => {
  await connection.close();
  await world.stop();
});

const call = { signal: new AbortController().signal };
const permissions = ['contents:write', 'pull_requests:write'];
let count = 0;

/** An App that is installed nowhere yet. */
function newApp(): { readonly app: App; readonly key: AppKey } {
  const made = world.forge.createApp({
    slug: `app-${(count += 1)}`,
    owner: 'acme',
    permissions: { contents: 'write', pull_requests: 'write' },
  });
  return {
    app: made.app,
    key: { appId: `${made.app.id}`, privateKey: new Secret(made.privateKey) },
  };
}

function found(key: AppKey, { name }: Place): Promise<Installation> {
  const [owner = '', short = ''] = name.split('/');
  return identity.findInstallation(key, { repository: { owner, name: short } }, call);
}

function minted(key: AppKey, installation: string, name: string, id?: number) {
  const repositories = [id === undefined ? { name } : { name, id: `${id}` }];
  return identity.mintToken({ key, installation, repositories, permissions }, call);
}

test('the sentence tells nowhere from the account without the repository', async () => {
  const [one, two] = [await world.repository(), await world.repository()];
  const { app, key } = newApp();
  await expect(found(key, one)).rejects.toMatchObject({
    code: 'NotInstalled',
    message: expect.stringContaining('does not have the App at acme; install it there on'),
  });
  const installation = world.forge.install(app, 'acme', [two.name]);
  await expect(found(key, one)).rejects.toMatchObject({
    code: 'NotInstalled',
    message: expect.stringContaining('has the App at acme but not on'),
  });
  installation.repositories?.add(one.repository.id);
  expect(await found(key, one)).toMatchObject({ id: `${installation.id}`, account: 'acme' });
});

test("an App on a user's account is found as one on an organization's", async () => {
  const grace = world.forge.createUser('grace');
  const [here, beside] = [
    await world.forge.createRepository('grace/here', { a: '1' }),
    await world.forge.createRepository('grace/beside', { a: '1' }),
  ];
  const { app, key } = newApp();
  const installation = world.forge.install(app, grace.login, ['grace/here']);
  const place = (name: string): Place => ({ name: `grace/${name}`, repository: here, path: '' });
  expect(await found(key, place(here.name))).toMatchObject({ id: `${installation.id}`, account: 'grace' });
  await expect(found(key, place(beside.name))).rejects.toMatchObject({
    message: expect.stringContaining('has the App at grace but not on grace/beside'),
  });
});

test('a suspended installation is told from one that is gone: looked for, minted from, and used', async () => {
  const place = await world.repository();
  const { app, key } = newApp();
  const installation = world.forge.install(app, 'acme', undefined);
  const { token } = await minted(key, `${installation.id}`, place.repository.name);
  const client = world.client(place, token.expose());
  const look = () => client.look({ baseBranch: 'main', headBranch: 'x', paths: [] }, call);
  await look();
  world.forge.suspend(installation);
  const suspended = { code: 'Suspended', message: expect.stringContaining('an owner unsuspends it') };
  await expect(found(key, place)).rejects.toMatchObject(suspended);
  await expect(minted(key, `${installation.id}`, place.repository.name)).rejects.toMatchObject(suspended);
  await expect(look()).rejects.toMatchObject(suspended);
  await expect(client.pullRequest(1, call)).rejects.toMatchObject(suspended);
  world.forge.unsuspend(installation);
  await look();
  installation.uninstalled = true;
  await expect(minted(key, `${installation.id}`, place.repository.name)).rejects.toMatchObject({
    code: 'NotInstalled',
  });
});

test('an App that was removed and installed again is found with its new installation', async () => {
  const place = await world.repository();
  const { app, key } = newApp();
  const first = world.forge.install(app, 'acme', undefined);
  expect((await found(key, place)).id).toBe(`${first.id}`);
  first.uninstalled = true;
  await expect(found(key, place)).rejects.toMatchObject({ code: 'NotInstalled' });
  const second = world.forge.install(app, 'acme', undefined);
  expect((await found(key, place)).id).toBe(`${second.id}`);
  // Who names the old one is told of the new.
  await expect(found({ ...key, installationId: `${first.id}` }, place)).rejects.toMatchObject({
    code: 'NotInstalled',
    message: expect.stringContaining(`which is ${second.id}; correct installationId or leave it out`),
  });
});

test('a token by id is for that repository, whatever it is called, and for none that took its name', async () => {
  const place = await world.repository();
  const { app, key } = newApp();
  const installation = `${world.forge.install(app, 'acme', undefined).id}`;
  const { name, id } = place.repository;
  const byName = await minted(key, installation, name);
  expect(byName.repositoryIds).toEqual([`${id}`]);
  world.forge.world.repositories.rename(place.repository, `${name}-renamed`);
  expect((await minted(key, installation, name, id)).repositoryIds).toEqual([`${id}`]);
  const other = await world.forge.createRepository(`acme/${name}`, { a: '1' });
  expect((await minted(key, installation, name, id)).repositoryIds).toEqual([`${id}`]);
  expect((await minted(key, installation, name)).repositoryIds).toEqual([`${other.id}`]);
});

test('an id that the installation does not have any more is told from a name that it does not have', async () => {
  const place = await world.repository();
  const { app, key } = newApp();
  const installation = world.forge.install(app, 'acme', [place.name]);
  const { name, id } = place.repository;
  await minted(key, `${installation.id}`, name, id);
  installation.repositories?.clear();
  await expect(minted(key, `${installation.id}`, name, id)).rejects.toMatchObject({ code: 'NotFound' });
  await expect(minted(key, `${installation.id}`, name)).rejects.toMatchObject({ code: 'NotInstalled' });
});

test("an App whose key is another App's, and an App that is not there, are told so", async () => {
  const [one, two] = [newApp(), newApp()];
  await expect(
    identity.describeApp({ ...one.key, privateKey: two.key.privateKey }, call),
  ).rejects.toMatchObject({
    code: 'Unauthorized',
    message: expect.stringContaining("give the App's own appId and a private key that it still has"),
  });
  await expect(identity.describeApp({ ...one.key, appId: '4' }, call)).rejects.toMatchObject({
    code: 'Unauthorized',
    message: expect.stringContaining('knows no App of this id'),
  });
  // A key that was deleted in the App's settings.
  one.app.publicKeys.length = 0;
  await expect(identity.describeApp(one.key, call)).rejects.toMatchObject({ code: 'Unauthorized' });
});

test.each([
  ['five minutes behind the forge', -300],
  ['five minutes ahead of the forge', 300],
])('a clock that is %s changes nothing for an App and for a token', async (_, seconds) => {
  const place = await world.repository();
  const { app, key } = newApp();
  const installation = world.forge.install(app, 'acme', undefined);
  const clock = { now: () => new Date(world.clock.now().getTime() + seconds * 1_000) };
  const skewed = connect(
    { host: 'github.com', provider: 'github', apiUrl: world.forge.urls.api, allowPrivateNetwork: true },
    { clock },
  );
  try {
    const theirs = providers.github.identity(skewed);
    const [owner, name] = ['acme', place.repository.name];
    const started = world.forge.log.entries().length;
    expect(await theirs.findInstallation(key, { repository: { owner, name } }, call)).toMatchObject({
      id: `${installation.id}`,
    });
    const request = { key, installation: `${installation.id}`, repositories: [{ name }], permissions };
    const { token } = await theirs.mintToken(request, call);
    await theirs.revokeToken(token, call);
    // At most one of them was asked twice.
    expect(world.forge.log.entries().length - started).toBeLessThanOrEqual(4);
  } finally {
    await skewed.close();
  }
});
