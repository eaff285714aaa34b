import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../cluster/eventually.ts';
import { stage, type Place, type Said, type Stage } from './staged.ts';

let world: Stage;
let token: string;
beforeAll(async () => {
  world = await stage();
  token = await world.mint();
});
afterAll(() => world.stop());
afterEach(() => world.forge.faults.clear());

const blobs = 'POST /repos/{owner}/{repo}/git/blobs';

async function statusOf({ path }: Place): Promise<number> {
  return (await world.ask(`POST ${path}/git/blobs`, { as: token, body: { content: 'a' } })).status;
}

function open({ path }: Place, as = token): Promise<Said> {
  const body = { title: 'Promote', head: 'feature', base: 'main' };
  return world.ask(`POST ${path}/pulls`, { as, body });
}

async function proposed(): Promise<Place> {
  const place = await world.repository();
  const base = world.forge.branch(place.name, 'main') ?? '';
  await place.repository.git.moveRefs([{ name: 'refs/heads/feature', after: base, force: false }]);
  await world.forge.commitFiles(place.name, 'feature', { 'a.yaml': 'a: 1\n' }, 'Propose');
  return place;
}

test('a status is met by so many requests of one route, after so many others', async () => {
  const place = await world.repository();
  world.forge.faults.add({ route: blobs, after: 1, count: 2, effect: { kind: 'status', status: 502 } });
  expect((await world.ask(`GET ${place.path}`, { as: token })).status).toBe(200);
  const statuses = [
    await statusOf(place),
    await statusOf(place),
    await statusOf(place),
    await statusOf(place),
  ];
  expect(statuses).toEqual([201, 502, 502, 201]);
});

test('a status brings its message and headers, and nothing has happened', async () => {
  const place = await proposed();
  world.forge.faults.add({
    route: 'POST /repos/{owner}/{repo}/pulls',
    effect: { kind: 'status', status: 503, message: 'Try later', headers: { 'retry-after': '7' } },
  });
  const said = await open(place);
  expect([said.status, said.text('message'), said.headers.get('retry-after')]).toEqual([
    503,
    'Try later',
    '7',
  ]);
  expect(world.forge.pullRequests(place.name)).toEqual([]);
});

test('a fault without a count is met once, one without a route by any request, and one is taken away again', async () => {
  const place = await world.repository();
  world.forge.faults.add({ effect: { kind: 'status', status: 500 } });
  expect([await statusOf(place), await statusOf(place)]).toEqual([500, 201]);
  const take = world.forge.faults.add({ count: Infinity, effect: { kind: 'status', status: 500 } });
  expect([await statusOf(place), await statusOf(place)]).toEqual([500, 500]);
  take();
  expect(await statusOf(place)).toBe(201);
});

test('a fault can be for one kind of credential, or for one field of GraphQL', async () => {
  const place = await world.repository();
  world.forge.faults.add({ credential: 'classic', effect: { kind: 'status', status: 500 } });
  expect(await statusOf(place)).toBe(201);
  expect((await world.ask('GET /user', { as: world.forge.createToken('ada', []) })).status).toBe(500);
  world.forge.faults.add({
    route: 'POST /graphql',
    graphql: 'updateRefs',
    effect: { kind: 'status', status: 502 },
  });
  expect((await world.graphql('{ viewer { login } }', {}, token)).status).toBe(200);
  const mutation = `mutation { updateRefs(input: { repositoryId: "${place.repository.nodeId}", refUpdates: [] }) { clientMutationId } }`;
  expect((await world.graphql(mutation, {}, token)).status).toBe(502);
});

test('of a lost request nothing happens, of a lost answer everything', async () => {
  const [never, done] = [await proposed(), await proposed()];
  world.forge.faults.add({ effect: { kind: 'lostRequest' } });
  await expect(open(never)).rejects.toThrow('fetch failed');
  world.forge.faults.add({ effect: { kind: 'lostAnswer' } });
  await expect(open(done)).rejects.toThrow('fetch failed');
  expect(world.forge.pullRequests(never.name)).toHaveLength(0);
  expect(world.forge.pullRequests(done.name)).toHaveLength(1);
  expect((await open(done)).status).toBe(422);
});

test('a delayed request is handled after those that come meanwhile', async () => {
  const place = await proposed();
  world.forge.faults.add({ credential: 'installation', effect: { kind: 'delay', ms: 1500 } });
  const delayed = open(place);
  const other = await open(place, world.forge.createToken('ada', ['repo']));
  expect([other.status, (await delayed).status]).toEqual([201, 422]);
});

test('of a delayed answer everything has happened long before', async () => {
  const place = await proposed();
  world.forge.faults.add({ effect: { kind: 'delayAnswer', ms: 1500 } });
  const answers: number[] = [];
  const delayed = open(place).then(({ status }) => answers.push(status));
  await eventually('the pull request is there', () => world.forge.pullRequests(place.name).length === 1);
  answers.push((await open(place)).status);
  await delayed;
  expect(answers).toEqual([422, 201]);
});

test('a stale read sees a branch as it was before its last move, by REST and by GraphQL', async () => {
  const place = await world.repository();
  const before = world.forge.branch(place.name, 'main');
  const after = await world.forge.commitFiles(place.name, 'main', { 'a.yaml': 'a: 1\n' }, 'Move');
  const byRest = async (): Promise<string> =>
    (await world.ask(`GET ${place.path}/git/ref/heads/main`, { as: token })).text('object.sha');
  const client = world.client(place, token);
  const byGraphql = async (): Promise<string | undefined> =>
    (
      await client.look(
        { baseBranch: 'main', headBranch: 'new', paths: [] },
        { signal: AbortSignal.timeout(20_000) },
      )
    ).base?.commit;
  world.forge.faults.add({ count: 2, effect: { kind: 'staleRead' } });
  expect([await byRest(), await byGraphql(), await byRest(), await byGraphql()]).toEqual([
    before,
    before,
    after,
    after,
  ]);
  // What was made a moment ago is not there yet.
  await world.forge.commitFiles(place.name, 'fresh', { 'a.yaml': 'a: 1\n' }, 'New');
  world.forge.faults.add({ effect: { kind: 'staleRead' } });
  expect((await world.ask(`GET ${place.path}/git/ref/heads/fresh`, { as: token })).status).toBe(404);
});

test('a branch that was moved a moment ago may not be seen by whoever opens a pull request; ours tries again', async () => {
  const place = await proposed();
  await place.repository.git.moveRefs([
    { name: 'refs/heads/fresh', after: world.forge.branch(place.name, 'feature') ?? '', force: false },
  ]);
  const route = 'POST /repos/{owner}/{repo}/pulls';
  world.forge.faults.add({ route, count: 2, effect: { kind: 'staleRead' } });
  // Where it was before its only commit, which is where main is.
  const empty = await open(place);
  expect([empty.status, empty.body]).toEqual([
    422,
    expect.stringContaining('No commits between main and feature'),
  ]);
  const opened = await world
    .client(place, token)
    .openPullRequest(
      { headBranch: 'fresh', baseBranch: 'main', title: 'A', body: 'B', draft: false },
      { signal: AbortSignal.timeout(20_000) },
    );
  expect(opened).toMatchObject({ number: 1, headCommit: world.forge.branch(place.name, 'fresh') });
  const statuses = world.forge.log
    .entries()
    .flatMap((each) => (each.url === `${place.path}/pulls` ? [each.status] : []));
  expect(statuses).toEqual([422, 422, 201]);
});

test('our own client says "stale" after a lost answer, and finds its pull request again', async () => {
  const place = await proposed();
  const client = world.client(place, token);
  const call = { signal: AbortSignal.timeout(20_000) };
  world.forge.faults.add({ graphql: 'updateRefs', effect: { kind: 'lostAnswer' } });
  const move = { branch: 'promote', to: world.forge.branch(place.name, 'main') ?? '' };
  await expect(client.moveBranch(move, call)).rejects.toMatchObject({ code: 'Unavailable' });
  expect(await client.moveBranch(move, call)).toBe('stale');
  world.forge.faults.add({ route: 'POST /repos/{owner}/{repo}/pulls', effect: { kind: 'lostAnswer' } });
  const wanted = { headBranch: 'feature', baseBranch: 'main', title: 'A', body: 'B', draft: false };
  await expect(client.openPullRequest(wanted, call)).rejects.toMatchObject({ code: 'Unavailable' });
  expect(await client.openPullRequest(wanted, call)).toMatchObject({ number: 1, state: 'Open' });
  expect(world.forge.pullRequests(place.name)).toHaveLength(1);
});
