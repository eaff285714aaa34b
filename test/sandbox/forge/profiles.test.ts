import { afterEach, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { connect } from '../../../src/forges/connect.ts';
import type { AppKey } from '../../../src/forges/identity.ts';
import { providers } from '../../../src/forges/index.ts';
import { dataResidency, enterpriseServer, githubCom, type Profile } from './profile.ts';
import { stage, type Stage } from './staged.ts';

let world: Stage | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

test.each<[string, Profile, RegExp, boolean]>([
  ['github.com', githubCom, /^ghs_\d+_[\w-]+\.[\w-]+\.[\w-]+$/, true],
  ['data residency', dataResidency, /^ghs_\d+_[\w-]+\.[\w-]+\.[\w-]+$/, true],
  ['Enterprise Server', enterpriseServer, /^ghs_\w{36}$/, false],
])('an App and a person work the same on %s', async (_, profile, token, tellsLimits) => {
  world = await stage({ profile });
  const { forge, app, appKey, clock, installation } = world;
  const place = await world.repository();
  const repository = { owner: 'acme', name: place.repository.name };
  const call = { signal: new AbortController().signal };
  const connection = connect(
    { host: profile.host, provider: 'github', apiUrl: forge.urls.api, allowPrivateNetwork: true },
    { clock },
  );
  try {
    const identity = providers.github.identity(connection);
    const privateKey = new Secret(appKey.export({ type: 'pkcs1', format: 'pem' }).toString());
    const key: AppKey = { appId: app.clientId, privateKey };
    expect(await identity.describeApp(key, call)).toMatchObject({
      login: 'acme-promoter[bot]',
    });
    expect(await identity.findInstallation(key, { repository }, call)).toMatchObject({
      id: `${installation.id}`,
      scope: { verdict: 'Least' },
    });
    const minted = await identity.mintToken(
      {
        key,
        installation: `${installation.id}`,
        repositories: [{ name: repository.name }],
        permissions: providers.github.permissions.write,
      },
      call,
    );
    expect(minted.token.expose()).toMatch(token);
    expect(minted.repositoryIds).toEqual([`${place.repository.id}`]);
    const mine = providers.github.open(connection, repository, {
      value: minted.token,
      mintedAt: clock.now(),
    });
    const look = await mine.look({ baseBranch: 'main', headBranch: 'promotion', paths: ['app.yaml'] }, call);
    expect(look.base?.commit).toBe(forge.branch(place.name, 'main'));
    await identity.revokeToken(minted.token, call);

    const stored = new Secret(forge.createToken('ada', ['repo']));
    const facts = await identity.describeToken(stored, { repository }, call);
    expect(facts).toMatchObject({
      kind: 'PersonalAccessToken',
      owner: { login: 'ada' },
      scope: { verdict: 'Broad' },
    });
    expect(facts.rate === undefined).toBe(!tellsLimits);
  } finally {
    await connection.close();
  }
});

test('a mint may ask for the old or the new form, as long as GitHub lets it', async () => {
  world = await stage();
  const line = `POST /app/installations/${world.installation.id}/access_tokens`;
  const form = async (header: string): Promise<number> => {
    const headers = { 'x-github-stateless-s2s-token': header };
    return ((await world?.ask(line, { as: world.jwt(), headers }))?.text('token') ?? '').length;
  };
  expect(await form('disabled')).toBe(40);
  expect(await form('enabled')).toBeGreaterThan(480);
});

test("a server of one's own answers below its root and nowhere else, and says its version", async () => {
  world = await stage({ profile: enterpriseServer });
  const origin = new URL(world.forge.urls.api).origin;
  const said = async (path: string): Promise<number> =>
    (await world?.ask(`GET ${origin}${path}`))?.status ?? 0;
  expect(await said('/api/v3/users/acme')).toBe(200);
  expect(await said('/users/acme')).toBe(404);
  const { headers } = await world.ask('GET /users/acme');
  expect(headers.get('x-github-enterprise-version')).toBe('3.19.0');
  expect(headers.has('x-ratelimit-limit')).toBe(false);
});
