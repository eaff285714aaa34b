import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stage, type Place, type Said, type Stage } from './staged.ts';

let world: Stage;
let token: string;
beforeAll(async () => {
  world = await stage();
  token = await world.mint();
});
afterAll(() => world.stop());

const zeros = '0'.repeat(40);

interface Update {
  readonly name: string;
  readonly beforeOid?: string;
  readonly afterOid: string;
  readonly force?: boolean;
}

function updateRefs({ repository }: Place, ...refUpdates: Update[]): Promise<Said> {
  return world.graphql(
    `mutation M($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }`,
    { input: { repositoryId: repository.nodeId, refUpdates, clientMutationId: 'mine' } },
    token,
  );
}

/** A repository whose main has two commits, the older one first. */
async function withHistory(): Promise<{ place: Place; old: string; now: string }> {
  const place = await world.repository();
  const old = await world.forge.commitFiles(place.name, 'main', { 'a.yaml': 'a: 1\n' }, 'One');
  const now = await world.forge.commitFiles(place.name, 'main', { 'a.yaml': 'a: 2\n' }, 'Two');
  return { place, old, now };
}

const moved = { data: { updateRefs: { clientMutationId: 'mine' } } };

test('a ref is made, moved and deleted, each time only from where it is said to be', async () => {
  const { place, old, now } = await withHistory();
  const name = 'refs/heads/promote/prod';
  expect((await updateRefs(place, { name, beforeOid: zeros, afterOid: old })).json).toEqual(moved);
  expect(world.forge.branch(place.name, 'promote/prod')).toBe(old);
  expect((await updateRefs(place, { name, beforeOid: old, afterOid: now })).json).toEqual(moved);
  expect(world.forge.branch(place.name, 'promote/prod')).toBe(now);
  expect((await updateRefs(place, { name, beforeOid: now, afterOid: zeros })).json).toEqual(moved);
  expect(world.forge.branch(place.name, 'promote/prod')).toBeUndefined();
});

test('a ref that is not where it is said to be stays where it is', async () => {
  const { place, old, now } = await withHistory();
  const main = 'refs/heads/main';
  const stale = await updateRefs(place, { name: main, beforeOid: old, afterOid: old, force: true });
  const taken = await updateRefs(place, { name: main, beforeOid: zeros, afterOid: old, force: true });
  const absent = await updateRefs(place, { name: 'refs/heads/none', beforeOid: old, afterOid: now });
  expect([stale, taken, absent].map(({ status, json }) => [status, json])).toEqual([
    [200, refusal('STALE_DATA')],
    [200, refusal('STALE_DATA')],
    [200, refusal('UNPROCESSABLE')],
  ]);
  expect(world.forge.branch(place.name, 'main')).toBe(now);
});

function refusal(type: string): unknown {
  return {
    data: { updateRefs: null },
    errors: [expect.objectContaining({ type, path: ['updateRefs'], message: expect.any(String) })],
  };
}

test('of several refs all move or none', async () => {
  const { place, old, now } = await withHistory();
  const first = { name: 'refs/heads/first', beforeOid: zeros, afterOid: now };
  const said = await updateRefs(place, first, { name: 'refs/heads/main', beforeOid: old, afterOid: now });
  expect(said.json).toEqual(refusal('STALE_DATA'));
  expect(world.forge.branch(place.name, 'first')).toBeUndefined();
  expect((await updateRefs(place, first, { ...first, name: 'refs/heads/second' })).json).toEqual(moved);
  expect([world.forge.branch(place.name, 'first'), world.forge.branch(place.name, 'second')]).toEqual([
    now,
    now,
  ]);
});

test('of many who move one ref from the same place, one succeeds', async () => {
  const { place, old } = await withHistory();
  const name = 'refs/heads/contested';
  await updateRefs(place, { name, afterOid: old });
  const commits = await Promise.all(
    ['x', 'y', 'z'].map(async (message) => {
      const tree = (await world.ask(`GET ${place.path}/git/commits/${old}`, { as: token })).text('tree.sha');
      const body = { message, tree, parents: [old] };
      return (await world.ask(`POST ${place.path}/git/commits`, { as: token, body })).text('sha');
    }),
  );
  const said = await Promise.all(
    commits.map((afterOid) => updateRefs(place, { name, beforeOid: old, afterOid })),
  );
  const winners = commits.filter((_, index) => !said[index]?.body.includes('errors'));
  expect(winners).toHaveLength(1);
  expect(world.forge.branch(place.name, 'contested')).toBe(winners[0]);
});

test('backwards goes only by force', async () => {
  const { place, old, now } = await withHistory();
  const back = { name: 'refs/heads/main', beforeOid: now, afterOid: old };
  expect((await updateRefs(place, back)).json).toMatchObject({
    errors: [{ message: 'Update is not a fast forward: refs/heads/main' }],
  });
  expect((await updateRefs(place, { ...back, force: true })).json).toEqual(moved);
});

test.each([
  ['an object that is not there', 'refs/heads/new', 'a'.repeat(40)],
  ['a name without refs/', 'main', undefined],
  ['a name that git refuses', 'refs/heads/a..b', undefined],
  ['a name below another branch', 'refs/heads/main/below', undefined],
  ["a pull request's own ref", 'refs/pull/1/head', undefined],
])('%s cannot be had', async (_, name, oid) => {
  const { place, now } = await withHistory();
  const before = place.repository.git.refsBelow('refs/');
  expect((await updateRefs(place, { name, afterOid: oid ?? now })).json).toEqual(refusal('UNPROCESSABLE'));
  expect(place.repository.git.refsBelow('refs/')).toEqual(before);
});

test('a branch is no tree, and the default branch is not deleted', async () => {
  const { place, now } = await withHistory();
  const tree = (await world.ask(`GET ${place.path}/git/commits/${now}`, { as: token })).text('tree.sha');
  const name = 'refs/heads/main';
  expect((await updateRefs(place, { name, afterOid: tree, force: true })).json).toEqual(
    refusal('UNPROCESSABLE'),
  );
  expect((await updateRefs(place, { name, beforeOid: now, afterOid: zeros })).json).toEqual(
    refusal('UNPROCESSABLE'),
  );
  expect(world.forge.branch(place.name, 'main')).toBe(now);
});

test('the rules of a branch hold: who may move it, with what, and in which direction', async () => {
  const { place, old, now } = await withHistory();
  const rule = {
    requiresPullRequest: false,
    requiresSignatures: false,
    requiredChecks: [],
    requiresUpToDate: false,
    requiredApprovals: 0,
    allowsForcePushes: false,
    allowsDeletions: false,
  };
  const update = { name: 'refs/heads/kept', afterOid: now };
  await updateRefs(place, update);
  const broken = async (more: Partial<typeof rule>, change: Partial<Update>): Promise<unknown> => {
    place.repository.rules.set('kept', { ...rule, ...more });
    return (await updateRefs(place, { ...update, ...change })).json;
  };
  const violation = (message: string): unknown => ({
    data: { updateRefs: null },
    errors: [expect.objectContaining({ message: `Repository rule violations found\n\n${message}` })],
  });
  expect(await broken({}, { afterOid: old, force: true })).toEqual(
    violation('Cannot force-push to this branch'),
  );
  expect(await broken({}, { afterOid: zeros })).toEqual(violation('Cannot delete this branch'));
  expect(await broken({ requiresPullRequest: true }, {})).toEqual(
    violation('Changes must be made through a pull request.'),
  );
  // A person's commit is unsigned here, and an App's is signed.
  expect(await broken({ requiresSignatures: true }, {})).toEqual(
    violation('Commits must have verified signatures.'),
  );
  const tree = (await world.ask(`GET ${place.path}/git/commits/${now}`, { as: token })).text('tree.sha');
  const body = { message: 'Signed', tree, parents: [now] };
  const signed = (await world.ask(`POST ${place.path}/git/commits`, { as: token, body })).text('sha');
  expect(await broken({ requiresSignatures: true }, { afterOid: signed })).toEqual(moved);
  expect(world.forge.branch(place.name, 'kept')).toBe(signed);
});

test('a repository that nobody knows cannot be moved in', async () => {
  const { place, now } = await withHistory();
  const unknown = { ...place, repository: { ...place.repository, nodeId: 'R_nowhere' } };
  expect((await updateRefs(unknown, { name: 'refs/heads/a', afterOid: now })).json).toEqual(
    refusal('NOT_FOUND'),
  );
});

test('our own client moves and deletes by compare and swap', async () => {
  const { place, old, now } = await withHistory();
  const client = world.client(place, token);
  const call = { signal: AbortSignal.timeout(20_000) };
  const branch = 'promote/prod';
  expect(await client.moveBranch({ branch, to: old }, call)).toBe('moved');
  expect(await client.moveBranch({ branch, to: now }, call)).toBe('stale');
  expect(await client.moveBranch({ branch, from: now, to: old }, call)).toBe('stale');
  expect(await client.moveBranch({ branch, from: old, to: now }, call)).toBe('moved');
  expect(await client.deleteBranch({ branch, from: old }, call)).toBe('stale');
  expect(await client.deleteBranch({ branch, from: now }, call)).toBe('deleted');
  expect(await client.deleteBranch({ branch, from: now }, call)).toBe('deleted');
});
