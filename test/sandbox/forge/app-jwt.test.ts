import { createHmac, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { connect } from '../../../src/forges/connect.ts';
import { providers } from '../../../src/forges/index.ts';
import { signedJwt, stage, type Stage } from './staged.ts';

let world: Stage;
beforeAll(async () => {
  world = await stage();
});
afterAll(() => world.stop());

function seconds(): number {
  return Math.floor(world.clock.now().getTime() / 1000);
}

async function refusalOf(jwt: string): Promise<[number, string]> {
  const said = await world.ask('GET /app', { as: jwt });
  return [said.status, said.text('message')];
}

const undecodable = 'A JSON web token could not be decoded';
const badExpiry =
  "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
const tooFar = "'Expiration time' claim ('exp') is too far in the future";
const badIssue =
  "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";

test("our own client learns the App's login and where it is installed, and is told when the key is wrong", async () => {
  const place = await world.repository();
  const connection = connect(
    { host: 'github.com', provider: 'github', apiUrl: world.forge.urls.api, allowPrivateNetwork: true },
    { clock: world.clock },
  );
  const identity = providers.github.identity(connection);
  const pem = (key: { export: typeof world.appKey.export }): Secret =>
    new Secret(key.export({ type: 'pkcs1', format: 'pem' }).toString());
  const call = { signal: new AbortController().signal };
  const key = { appId: `${world.app.id}`, privateKey: pem(world.appKey) };
  const wrong = { ...key, privateKey: pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey) };
  try {
    const [owner = '', name = ''] = place.name.split('/');
    expect(await identity.describeApp(key, call)).toEqual({
      login: 'acme-promoter[bot]',
      id: `${world.app.id}`,
      installations: 1,
    });
    expect(await identity.findInstallation(key, { repository: { owner, name } }, call)).toMatchObject({
      id: `${world.installation.id}`,
      account: 'acme',
      scope: { verdict: 'Least' },
      repositorySelection: 'all',
    });
    await expect(identity.describeApp(wrong, call)).rejects.toMatchObject({ code: 'Unauthorized' });
  } finally {
    await connection.close();
  }
});

test('an App shows who it is by a JWT with its id or its client id as the issuer', async () => {
  const byId = await world.ask('GET /app', { as: world.jwt() });
  const byText = await world.ask('GET /app', { as: world.jwt({ iss: `${world.app.id}` }) });
  const byClientId = await world.ask('GET /app', { as: world.jwt({ iss: world.app.clientId }) });
  expect([byId, byText, byClientId].map((said) => [said.status, said.text('slug')])).toEqual([
    [200, 'acme-promoter'],
    [200, 'acme-promoter'],
    [200, 'acme-promoter'],
  ]);
  expect(byId.json).toMatchObject({ installations_count: 1 });
});

test('a JWT lives at most ten minutes from now and ends when it says', async () => {
  expect(await refusalOf(world.jwt({ exp: seconds() }))).toEqual([401, badExpiry]);
  expect(await refusalOf(world.jwt({ exp: 'soon' }))).toEqual([401, badExpiry]);
  expect(await refusalOf(world.jwt({ exp: seconds() + 601 }))).toEqual([401, tooFar]);
  const asLongAsMayBe = world.jwt({ iat: seconds() - 60, exp: seconds() + 600 });
  expect((await world.ask('GET /app', { as: asLongAsMayBe })).status).toBe(200);
  world.clock.pass(600);
  expect(await refusalOf(asLongAsMayBe)).toEqual([401, badExpiry]);
});

test('a JWT from a clock that is ahead is refused, and the Date header shows by how much', async () => {
  const ahead = seconds() + 90;
  expect(await refusalOf(world.jwt({ iat: ahead - 30, exp: ahead + 480 }))).toEqual([401, badIssue]);
  const said = await world.ask('GET /app', { as: world.jwt({ iat: ahead }) });
  expect(said.headers.get('date')).toBe(world.clock.now().toUTCString());
  expect(await refusalOf(world.jwt({ iat: seconds() - 600, exp: seconds() + 300 }))).toEqual([401, badIssue]);
});

test("another key, another algorithm and a changed claim are no proof of the App's", async () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const claims = { iss: world.app.id, iat: seconds() - 30, exp: seconds() + 300 };
  const [head, , proof] = world.jwt().split('.');
  const changed = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 1 })).toString('base64url');
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${changed}.`;
  const symmetric = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${changed}`;
  const hmac = createHmac('sha256', 'key').update(symmetric).digest('base64url');
  expect(await refusalOf(signedJwt(other, claims))).toEqual([401, undecodable]);
  expect(await refusalOf(`${head}.${changed}.${proof}`)).toEqual([401, undecodable]);
  expect(await refusalOf(`${symmetric}.${hmac}`)).toEqual([401, undecodable]);
  expect(await refusalOf(signedJwt(world.appKey, claims, { alg: 'RS512' }))).toEqual([401, undecodable]);
  // Without a signature it does not even look like one.
  expect(await refusalOf(unsigned)).toEqual([401, 'Bad credentials']);
});

test('an issuer that is no App is not found, and one that is no id is refused', async () => {
  expect(await refusalOf(world.jwt({ iss: 1 }))).toEqual([404, 'Integration not found']);
  expect(await refusalOf(world.jwt({ iss: 'acme-promoter' }))).toEqual([
    401,
    "'Issuer' claim ('iss') must be an Integer",
  ]);
});

test('a second key of the App works beside the first', async () => {
  const second = world.forge.world.credentials.addKey(world.app);
  const claims = { iss: world.app.id, iat: seconds() - 30, exp: seconds() + 300 };
  expect((await world.ask('GET /app', { as: signedJwt(createPrivateKey(second), claims) })).status).toBe(200);
  expect((await world.ask('GET /app', { as: world.jwt() })).status).toBe(200);
});

test("a JWT opens nothing but the App's own routes, and those open to nothing else", async () => {
  const place = await world.repository();
  expect((await world.ask(`GET ${place.path}`, { as: world.jwt() })).status).toBe(404);
  expect((await world.ask('GET /user', { as: world.jwt() })).status).toBe(403);
  expect(await refusalOf(await world.mint())).toEqual([401, undecodable]);
  expect((await world.ask('GET /app')).status).toBe(401);
});
