import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stage, type Place, type Stage } from './staged.ts';

let world: Stage;
beforeAll(async () => {
  world = await stage();
});
afterAll(() => world.stop());

const call = { signal: AbortSignal.timeout(60_000) };
const names = { baseBranch: 'main', headBranch: 'promote/prod' };

/** As the controller does it: a tree and a commit, a branch, a pull request. */
async function promote(place: Place, version: number) {
  const client = world.client(place, await world.mint());
  const { base, head } = await client.look({ ...names, paths: ['apps'] }, call);
  if (!base) throw new Error('there is no main');
  const commit = await client.createCommit(
    {
      parent: base.commit,
      baseTree: base.tree,
      files: [{ path: 'apps/prod.yaml', text: `version: ${version}\n` }],
      message: `Promote ${version}\n\nInstance: here`,
    },
    call,
  );
  const move = { branch: names.headBranch, to: commit.sha, ...(head ? { from: head.commit } : {}) };
  expect(await client.moveBranch(move, call)).toBe('moved');
  const words = { title: `Promote ${version}`, body: 'To prod', draft: false };
  return { client, base, commit, opened: await client.openPullRequest({ ...names, ...words }, call) };
}

test('a promotion goes from the first look to a merged commit, and every step is seen by the next look', async () => {
  const place = await world.repository({ 'apps/prod.yaml': 'version: 1\n', 'README.md': '#\n' });
  const { client, base, commit, opened } = await promote(place, 2);
  expect(opened).toEqual({
    number: 1,
    url: `${world.forge.urls.web}/${place.name}/pull/1`,
    state: 'Open',
    title: 'Promote 2',
    body: 'To prod',
    headCommit: commit.sha,
    headBranch: names.headBranch,
    baseBranch: 'main',
  });
  const look = await client.look({ ...names, paths: ['apps', 'apps/prod.yaml', 'none'] }, call);
  expect(look).toEqual({
    base,
    paths: [
      { path: 'apps', entry: { kind: 'tree', oid: expect.any(String) } },
      { path: 'apps/prod.yaml', entry: { kind: 'blob', oid: expect.any(String) } },
      { path: 'none' },
    ],
    head: {
      commit: commit.sha,
      tree: expect.any(String),
      parents: [base.commit],
      message: 'Promote 2\n\nInstance: here',
      authorLogin: 'acme-promoter[bot]',
      verified: true,
    },
    pullRequests: [opened],
  });
  const merge = await world.forge.merge(place.name, 1);
  expect(await client.pullRequest(1, call)).toMatchObject({ state: 'Merged', headCommit: commit.sha });
  expect((await client.look({ ...names, paths: [] }, call)).base?.commit).toBe(merge);
  expect(await world.forge.readFile(place.name, 'main', 'apps/prod.yaml')).toBe('version: 2\n');
  expect(await place.repository.git.fsck()).toEqual([]);
});

test('a newer promotion moves the same branch by one step, and its pull request stays open', async () => {
  const place = await world.repository({ 'apps/prod.yaml': 'version: 1\n' });
  await promote(place, 2);
  await world.forge.commitFiles(place.name, 'main', { 'other.yaml': 'o: 1\n' }, 'Meanwhile');
  // Not a fast forward: the new commit stands upon the new base.
  const { opened, commit } = await promote(place, 3);
  expect(opened).toMatchObject({ number: 1, state: 'Open', headCommit: commit.sha });
});

test('words are changed, labels and reviewers added, and a closed one is told why', async () => {
  const place = await world.repository({ 'apps/prod.yaml': 'version: 1\n' });
  const { client } = await promote(place, 2);
  const changed = await client.updatePullRequest({ number: 1, title: 'Promote 2 again', body: 'New' }, call);
  expect(changed).toMatchObject({ title: 'Promote 2 again', body: 'New' });
  await client.decorate({ number: 1, labels: ['promotion', 'prod'], reviewers: ['ada'] }, call);
  await client.decorate({ number: 1, labels: ['promotion'], reviewers: ['ada'] }, call);
  const closed = await client.closePullRequest({ number: 1, comment: 'Superseded' }, call);
  expect(closed.state).toBe('Closed');
  const { labels, reviewers, comments } = world.forge.pullRequest(place.name, 1);
  expect([labels, reviewers, comments]).toMatchObject([
    [{ name: 'promotion' }, { name: 'prod' }],
    [{ login: 'ada' }],
    [{ body: 'Superseded', author: { login: 'acme-promoter[bot]' } }],
  ]);
  await client.closePullRequest({ number: 1, comment: 'Superseded' }, call);
  expect(comments).toHaveLength(1);
});

test('nobody who may not read the repository is asked to review, and nobody their own', async () => {
  const place = await world.repository({ 'apps/prod.yaml': 'version: 1\n' });
  world.forge.createUser('stranger');
  const { client } = await promote(place, 2);
  for (const [reviewer, words] of [
    ['nobody', 'not a collaborator'],
    ['stranger', 'not a collaborator'],
    ['acme-promoter[bot]', 'from pull request author'],
  ] as const) {
    const asked = client.decorate({ number: 1, labels: [], reviewers: [reviewer] }, call);
    await expect(asked).rejects.toMatchObject({ message: expect.stringContaining(words) });
  }
  expect(world.forge.pullRequest(place.name, 1).reviewers).toEqual([]);
});
