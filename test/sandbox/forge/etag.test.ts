import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stage, type Said, type Stage } from './staged.ts';

let world: Stage;
beforeAll(async () => {
  world = await stage();
});
afterAll(() => world.stop());

function ask(path: string, as: string | undefined, headers: Record<string, string> = {}): Promise<Said> {
  return world.ask(`GET ${path}`, { ...(as === undefined ? {} : { as }), headers });
}

function used({ headers }: Said): number {
  return Number(headers.get('x-ratelimit-used'));
}

test('what has not changed is answered by 304, without a body and free of the limit', async () => {
  const { path, name } = await world.repository();
  const token = await world.mint();
  const first = await ask(`${path}/git/ref/heads/main`, token);
  const etag = first.headers.get('etag') ?? '';
  expect(etag).toMatch(/^W\/"[0-9a-f]{64}"$/);
  const same = await ask(`${path}/git/ref/heads/main`, token, { 'if-none-match': etag });
  expect([same.status, same.body, same.headers.get('etag'), used(same)]).toEqual([
    304,
    '',
    etag,
    used(first),
  ]);
  await world.forge.commitFiles(name, 'main', { 'a.yaml': 'a: 1\n' }, 'Change');
  const changed = await ask(`${path}/git/ref/heads/main`, token, { 'if-none-match': etag });
  expect([changed.status, used(changed)]).toEqual([200, used(first) + 1]);
  expect(changed.headers.get('etag')).not.toBe(etag);
});

test('an ETag is of one token: the next one finds nothing unchanged', async () => {
  const { path } = await world.repository();
  const [token, next] = [await world.mint(), await world.mint()];
  const etag = (await ask(`${path}/pulls`, token)).headers.get('etag') ?? '';
  expect((await ask(`${path}/pulls`, token, { 'if-none-match': etag })).status).toBe(304);
  const other = await ask(`${path}/pulls`, next, { 'if-none-match': etag });
  expect([other.status, other.headers.get('etag') === etag]).toEqual([200, false]);
  expect(other.headers.get('vary')).toContain('Authorization');
});

test("a commit's sha is its own ETag, whatever the token", async () => {
  const { path, name } = await world.repository();
  const sha = world.forge.branch(name, 'main') ?? '';
  const accept = 'application/vnd.github.sha';
  const said = await ask(`${path}/commits/main`, await world.mint(), { accept });
  expect([said.body, said.headers.get('etag')]).toEqual([sha, `"${sha}"`]);
  const again = await ask(`${path}/commits/main`, await world.mint(), {
    accept,
    'if-none-match': `"${sha}"`,
  });
  expect(again.status).toBe(304);
});

test('without a token a 304 counts', async () => {
  const { path, repository } = await world.repository();
  repository.isPrivate = false;
  const first = await ask(path, undefined);
  const same = await ask(path, undefined, { 'if-none-match': first.headers.get('etag') ?? '' });
  expect([same.status, used(same)]).toEqual([304, used(first) + 1]);
});

test('what was written has an ETag and an address too; errors and GraphQL have none', async () => {
  const { path } = await world.repository();
  const token = await world.mint();
  const missing = await ask(`${path}/git/ref/heads/none`, token);
  const made = await world.ask(`POST ${path}/git/blobs`, { as: token, body: { content: 'a' } });
  const query = await world.graphql('{ viewer { login } }', {}, token);
  expect([missing, made, query].map(({ headers }) => headers.has('etag'))).toEqual([false, true, false]);
  expect(made.headers.get('location')).toBe(made.text('url'));
});

test('our own client asks again with the ETag, and is told of a change', async () => {
  const place = await world.repository();
  const token = await world.mint();
  await place.repository.git.moveRefs([
    { name: 'refs/heads/feature', after: world.forge.branch(place.name, 'main') ?? '', force: false },
  ]);
  await world.forge.commitFiles(place.name, 'feature', { 'a.yaml': 'a: 1\n' }, 'Propose');
  await world.ask(`POST ${place.path}/pulls`, {
    as: token,
    body: { title: 'Promote', head: 'feature', base: 'main' },
  });
  const client = world.client(place, token);
  const call = { signal: AbortSignal.timeout(20_000) };
  world.forge.log.clear();
  const states = [await client.pullRequest(1, call), await client.pullRequest(1, call)];
  await world.forge.merge(place.name, 1);
  states.push(await client.pullRequest(1, call));
  expect(states.map(({ state }) => state)).toEqual(['Open', 'Open', 'Merged']);
  // The second answer still tells whether it can be merged, which was not known at first.
  await client.pullRequest(1, call);
  expect(world.forge.log.entries().map(({ status }) => status)).toEqual([200, 200, 200, 304]);
});
