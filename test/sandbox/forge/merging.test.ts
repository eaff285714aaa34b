import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { git } from './git/run-git.ts';
import { stage, type Place, type Said, type Stage } from './staged.ts';

let world: Stage;
let token: string;
beforeAll(async () => {
  world = await stage();
  token = await world.mint();
});
afterAll(() => world.stop());

/** A repository with pull request 1, from feature into main. */
async function proposed(feature: Readonly<Record<string, string>> = { 'b.yaml': 'b: 1\n' }): Promise<Place> {
  const place = await world.repository({ 'a.yaml': 'a: 1\n' });
  const base = world.forge.branch(place.name, 'main') ?? '';
  const { git: store } = place.repository;
  await store.moveRefs([{ name: 'refs/heads/feature', after: base, force: false }]);
  await world.forge.commitFiles(place.name, 'feature', feature, 'Propose');
  const body = { title: 'Promote', head: 'feature', base: 'main' };
  await world.ask(`POST ${place.path}/pulls`, { as: token, body });
  return place;
}

function merge({ path }: Place, body: unknown = {}): Promise<Said> {
  return world.ask(`PUT ${path}/pulls/1/merge`, { as: token, body });
}

function branch({ name }: Place, of = 'main'): string {
  return world.forge.branch(name, of) ?? '';
}

async function show({ repository }: Place, format: string, ...revs: string[]): Promise<string> {
  return (await git(repository.git.gitDir, ['log', '-1', `--format=${format}`, ...revs])).toString().trim();
}

test('a merge makes a signed commit with both parents, moves the base and says who merged', async () => {
  const place = await proposed();
  const [base, head] = [branch(place), branch(place, 'feature')];
  const said = await merge(place);
  expect([said.status, said.json]).toEqual([
    200,
    { sha: branch(place), merged: true, message: 'Pull Request successfully merged' },
  ]);
  expect(await show(place, '%P', 'main')).toBe(`${base} ${head}`);
  expect(await show(place, '%s%n%b', 'main')).toBe('Merge pull request #1 from acme/feature\nPromote');
  const shown = await world.ask(`GET ${place.path}/pulls/1`, { as: token });
  expect(shown.json).toMatchObject({
    state: 'closed',
    merged: true,
    merged_by: { login: 'acme-promoter[bot]' },
    merge_commit_sha: branch(place),
  });
  const commit = await world.ask(`GET ${place.path}/git/commits/${branch(place)}`, { as: token });
  expect(commit.json).toMatchObject({
    committer: { name: 'GitHub', email: 'noreply@github.com' },
    verification: { verified: true, reason: 'valid' },
  });
});

test('both sides are kept where both have changed', async () => {
  const place = await proposed();
  await world.forge.commitFiles(place.name, 'main', { 'c.yaml': 'c: 1\n' }, 'Meanwhile');
  expect((await merge(place)).status).toBe(200);
  const files = await world.forge.readFiles(place.name, branch(place), () => true);
  expect([...files.keys()].toSorted()).toEqual(['a.yaml', 'b.yaml', 'c.yaml']);
  expect(await place.repository.git.fsck()).toEqual([]);
});

test('a squash leaves one commit; a rebase puts the commits on top, unsigned', async () => {
  const squashed = await proposed();
  const before = branch(squashed);
  await merge(squashed, { merge_method: 'squash' });
  expect(await show(squashed, '%P %s', 'main')).toBe(`${before} Promote (#1)`);
  const rebased = await proposed();
  await world.forge.commitFiles(rebased.name, 'main', { 'c.yaml': 'c: 1\n' }, 'Meanwhile');
  const onto = branch(rebased);
  const said = await merge(rebased, { merge_method: 'rebase' });
  expect(await show(rebased, '%P %s', 'main')).toBe(`${onto} Propose`);
  const commit = await world.ask(`GET ${rebased.path}/git/commits/${said.text('sha')}`, { as: token });
  expect(commit.json).toMatchObject({ verification: { verified: false, reason: 'unsigned' } });
  expect(await world.forge.readFile(rebased.name, 'main', 'b.yaml')).toBe('b: 1\n');
});

test('a head that is not the expected one is a conflict', async () => {
  const place = await proposed();
  const seen = branch(place, 'feature');
  await world.forge.commitFiles(place.name, 'feature', { 'b.yaml': 'b: 2\n' }, 'Meanwhile');
  const said = await merge(place, { sha: seen });
  expect([said.status, said.text('message')]).toEqual([
    409,
    'Head branch was modified. Review and try the merge again.',
  ]);
  expect((await merge(place, { sha: branch(place, 'feature') })).status).toBe(200);
});

test('changes of the same lines, a draft, a closed one and one merged already are not mergeable', async () => {
  const conflicting = await proposed({ 'a.yaml': 'a: 2\n' });
  await world.forge.commitFiles(conflicting.name, 'main', { 'a.yaml': 'a: 3\n' }, 'Meanwhile');
  const [draft, closed, merged] = [await proposed(), await proposed(), await proposed()];
  world.forge.pullRequest(draft.name, 1).draft = true;
  world.forge.close(closed.name, 1);
  await merge(merged);
  const said = await Promise.all([conflicting, draft, closed, merged].map((place) => merge(place)));
  expect(said.map((each) => [each.status, each.text('message')])).toEqual([
    [405, 'Pull Request is not mergeable'],
    [405, 'Pull Request is still a draft'],
    [405, 'Pull Request is not mergeable'],
    [405, 'Pull Request is not mergeable'],
  ]);
});

test('merged twice at once it is merged once, and stays merged', async () => {
  const place = await proposed();
  await world.forge.commitFiles(place.name, 'main', { 'c.yaml': 'c: 1\n' }, 'Meanwhile');
  const both = await Promise.all([merge(place), merge(place)]);
  expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 405]);
  expect(world.forge.pullRequest(place.name, 1)).toMatchObject({
    state: 'merged',
    mergeCommit: branch(place),
  });
});

test('a head that is pushed to while it is being merged is not merged without the push', async () => {
  const place = await proposed();
  // With changes on both sides a merge waits for git; a push does not.
  await world.forge.commitFiles(place.name, 'main', { 'c.yaml': 'c: 1\n' }, 'Meanwhile');
  const base = branch(place);
  const merging = world.forge.merge(place.name, 1);
  const head = world.forge.commitFiles(place.name, 'feature', { 'd.yaml': 'd: 1\n' }, 'Late');
  await expect(merging).rejects.toMatchObject({ status: 409 });
  expect([world.forge.pullRequest(place.name, 1).headOid, branch(place)]).toEqual([await head, base]);
});

test('what the base branch requires holds a merge back: checks, approvals, the newest base', async () => {
  const place = await proposed();
  const { repository } = place;
  const ada = world.forge.world.accounts.require('ada');
  const headOid = branch(place, 'feature');
  repository.rules.set('main', {
    requiresPullRequest: true,
    requiresSignatures: false,
    requiredChecks: ['ci'],
    requiresUpToDate: true,
    requiredApprovals: 1,
    allowsForcePushes: false,
    allowsDeletions: false,
  });
  const check = (state: 'pending' | 'failure' | 'success'): void => {
    repository.statuses.set(headOid, [{ context: 'ci', state }]);
  };
  const reasons: string[] = [];
  const tryIt = async (): Promise<void> => void reasons.push((await merge(place)).text('message'));
  await tryIt();
  check('pending');
  await tryIt();
  check('failure');
  await tryIt();
  check('success');
  await tryIt();
  world.forge.pullRequest(place.name, 1).reviews.push({ author: ada, state: 'APPROVED' });
  await tryIt();
  expect(reasons).toEqual([
    'Required status check "ci" is expected.',
    'Required status check "ci" is pending.',
    'Required status check "ci" is failing.',
    'At least 1 approving review is required by reviewers with write access.',
    'Pull Request successfully merged',
  ]);
});

test('a method that the repository does not allow is refused', async () => {
  const place = await proposed();
  place.repository.merges.squash = false;
  const said = await merge(place, { merge_method: 'squash' });
  expect([said.status, said.text('message')]).toEqual([
    405,
    'Squash merges are not allowed on this repository.',
  ]);
});

test('where the repository says so, the head goes with the merge', async () => {
  const place = await proposed();
  place.repository.merges.deleteBranchOnMerge = true;
  await merge(place);
  expect(world.forge.branch(place.name, 'feature')).toBeUndefined();
  expect(world.forge.pullRequest(place.name, 1).state).toBe('merged');
});
