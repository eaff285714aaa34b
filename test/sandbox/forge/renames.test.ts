import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stage, type Place, type Stage } from './staged.ts';

let world: Stage;
let token: string;
beforeAll(async () => {
  world = await stage();
  token = await world.mint();
});
afterAll(() => world.stop());

async function renamed(): Promise<Place> {
  const place = await world.repository();
  const now = `moved-${place.repository.id}`;
  world.forge.world.repositories.rename(place.repository, now);
  return place;
}

test('the old name leads to the repository by its id, whatever was asked for', async () => {
  const { path, repository } = await renamed();
  const said = await world.ask(`GET ${path}/git/ref/heads/main?a=1`, { as: token });
  const location = `${world.forge.urls.api}/repositories/${repository.id}/git/ref/heads/main?a=1`;
  expect([said.status, said.headers.get('location'), said.json]).toEqual([
    301,
    location,
    expect.objectContaining({ message: 'Moved Permanently', url: location }),
  ]);
  expect((await world.ask(`GET ${location}`, { as: token })).text('ref')).toBe('refs/heads/main');
  const bare = await world.ask(`GET ${path}?a=1`, { as: token });
  const followed = await world.ask(`GET ${bare.headers.get('location')}`, { as: token });
  expect(followed.text('full_name')).toBe(`acme/moved-${repository.id}`);
});

test('a write keeps its method', async () => {
  const { path } = await renamed();
  const body = { content: 'a' };
  const said = await world.ask(`POST ${path}/git/blobs`, { as: token, body });
  expect(said.status).toBe(307);
  const again = await world.ask(`POST ${said.headers.get('location')}`, { as: token, body });
  expect(again.status).toBe(201);
});

test('an App that asks where it is installed is led on too', async () => {
  const { path, repository } = await renamed();
  const said = await world.ask(`GET ${path}/installation`, { as: world.jwt() });
  expect([said.status, said.headers.get('location')]).toEqual([
    301,
    `${world.forge.urls.api}/repositories/${repository.id}/installation`,
  ]);
  const followed = await world.ask(`GET ${said.headers.get('location')}`, { as: world.jwt() });
  expect(followed.json).toMatchObject({ id: world.installation.id });
});

test('GraphQL follows by itself, unless it is told not to', async () => {
  const { name, repository } = await renamed();
  const [owner, old] = name.split('/');
  const query = `query Q($owner: String!, $name: String!) {
    followed: repository(owner: $owner, name: $name) { nameWithOwner }
    not: repository(owner: $owner, name: $name, followRenames: false) { nameWithOwner }
  }`;
  const said = await world.graphql(query, { owner, name: old }, token);
  expect(said.json).toMatchObject({
    data: { followed: { nameWithOwner: `acme/moved-${repository.id}` }, not: null },
    errors: [{ type: 'NOT_FOUND', path: ['not'] }],
  });
});

test('who may not see the repository is not told where it went', async () => {
  const { path, repository } = await renamed();
  const other = await world.repository();
  const narrowed = await world.mint({ repositories: [other.repository.name] });
  expect((await world.ask(`GET ${path}`, { as: narrowed })).status).toBe(404);
  expect((await world.ask(`GET /repositories/${repository.id}`, { as: narrowed })).status).toBe(404);
});

test('a name that another repository takes belongs to that one, and a deleted repository is gone', async () => {
  const { path, name, repository } = await renamed();
  await world.forge.createRepository(name, { 'new.yaml': 'n: 1\n' });
  expect((await world.ask(`GET ${path}`, { as: token })).status).toBe(200);
  await world.forge.world.repositories.delete(repository);
  expect((await world.ask(`GET /repositories/${repository.id}`, { as: token })).status).toBe(404);
});

test('our own client does not follow, and says that the repository has moved', async () => {
  const place = await renamed();
  const call = { signal: AbortSignal.timeout(20_000) };
  const client = world.client(place, token);
  await expect(client.pullRequest(1, call)).rejects.toMatchObject({
    message: expect.stringMatching(/moved|renamed/),
  });
});
