import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { connect, type OpenConnection } from '../../../src/forges/connect.ts';
import { providers } from '../../../src/forges/index.ts';
import { stage, type Place, type Stage } from './staged.ts';

const query = 'query($name: String!) { viewer { login } repository(owner: "acme", name: $name) { id } }';

let world: Stage;
let place: Place;
let connection: OpenConnection;
beforeAll(async () => {
  world = await stage();
  place = await world.repository();
  const grace = world.forge.createUser('grace');
  const acme = world.forge.world.accounts.require('acme');
  acme.members.add(grace.id);
  place.repository.collaborators.set(grace.id, 'write');
  world.forge.requireSingleSignOn('acme');
  connection = connect(
    { host: 'github.com', provider: 'github', apiUrl: world.forge.urls.api, allowPrivateNetwork: true },
    { clock: world.clock },
  );
});
afterAll(async () => {
  await connection.close();
  await world.stop();
});

const call = { signal: new AbortController().signal };

function described(token: string) {
  const subject = { repository: { owner: 'acme', name: place.repository.name } };
  return providers.github.identity(connection).describeToken(new Secret(token), subject, call);
}

test('a token that is not authorized is refused by REST, with another address each time', async () => {
  const token = world.forge.createToken('grace', ['repo']);
  const said = [
    await world.ask(`GET ${place.path}`, { as: token }),
    await world.ask(`GET ${place.path}`, { as: token }),
  ];
  expect(said.map(({ status, text }) => [status, text('message')])).toEqual(
    Array(2).fill([403, expect.stringContaining('SAML enforcement')]),
  );
  const [one, two] = said.map(({ headers }) => headers.get('x-github-sso'));
  expect(one).toMatch(/^required; url=https:\/\/github\.com\/orgs\/acme\/sso\?authorization_request=/);
  expect(one).not.toBe(two);
  // What is its own it sees all the same.
  expect((await world.ask('GET /user', { as: token })).status).toBe(200);
  const [first, second] = [await failureOf(described(token)), await failureOf(described(token))];
  expect(first).toMatchObject({
    code: 'SSORequired',
    message: expect.stringContaining('https://github.com/orgs/acme/sso and'),
  });
  // The same words each time, or a status would be written each time.
  expect(second).toEqual(first);
});

test('and by GraphQL, which answers what it may beside', async () => {
  const token = world.forge.createToken('grace', ['repo']);
  const said = await world.graphql(query, { name: place.repository.name }, token);
  expect([said.status, said.json]).toEqual([
    200,
    {
      data: { viewer: { login: 'grace' }, repository: null },
      errors: [expect.objectContaining({ type: 'FORBIDDEN', extensions: { saml_failure: true } })],
    },
  ]);
  expect(said.headers.get('x-github-sso')).toMatch(/^required; /);
  const look = world.client(place, token).look({ baseBranch: 'main', headBranch: 'x', paths: [] }, call);
  // The client of the stage takes what it is given for a token of an App.
  expect(await failureOf(look)).toMatchObject({ code: 'PermissionsMissing' });
  const [owner, name] = ['acme', place.repository.name];
  const stored = providers.github.open(connection, { owner, name }, { value: new Secret(token) });
  expect(
    await failureOf(stored.look({ baseBranch: 'main', headBranch: 'x', paths: [] }, call)),
  ).toMatchObject({
    code: 'SSORequired',
    message: expect.stringContaining('https://github.com/orgs/acme/sso'),
  });
});

test('once its owner has authorized it, it works', async () => {
  const token = world.forge.createToken('grace', ['repo']);
  expect(await failureOf(described(token))).toMatchObject({ code: 'SSORequired' });
  world.forge.authorizeForSingleSignOn(token, 'acme');
  expect(await described(token)).toMatchObject({ scope: { verdict: 'Broad' } });
});

test("fine-grained tokens and Apps' are authorized when they are made", async () => {
  const token = world.forge.createFineGrainedToken({
    login: 'grace',
    organization: 'acme',
    permissions: { contents: 'write' },
  });
  expect((await world.ask(`GET ${place.path}`, { as: token })).status).toBe(200);
  expect((await world.ask(`GET ${place.path}`, { as: await world.mint() })).status).toBe(200);
});

async function failureOf(
  work: Promise<unknown>,
): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await work;
  } catch (thrown) {
    const { code, message } = thrown as { code: string; message: string }; // only read, and compared
    return { code, message };
  }
  throw new Error('it did not fail');
}
