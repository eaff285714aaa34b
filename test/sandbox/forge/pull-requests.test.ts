import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openPullRequest } from './pull-requests.ts';
import { stage, type Place, type Said, type Stage } from './staged.ts';

let world: Stage;
let token: string;
beforeAll(async () => {
  world = await stage();
  token = await world.mint();
});
afterAll(() => world.stop());

const zeros = '0'.repeat(40);

/** A repository with a branch `feature` one commit ahead of main. */
async function proposed(): Promise<{ place: Place; base: string; head: string }> {
  const place = await world.repository();
  const base = world.forge.branch(place.name, 'main') ?? '';
  await move(place, 'feature', base);
  const head = await world.forge.commitFiles(
    place.name,
    'feature',
    { 'app.yaml': 'version: 2\n' },
    'Promote',
  );
  return { place, base, head };
}

function open({ path }: Place, more: Readonly<Record<string, unknown>> = {}): Promise<Said> {
  const body = { title: 'Promote', body: 'To prod', head: 'feature', base: 'main', ...more };
  return world.ask(`POST ${path}/pulls`, { as: token, body });
}

function change({ path }: Place, body: unknown, number = 1): Promise<Said> {
  return world.ask(`PATCH ${path}/pulls/${number}`, { as: token, body });
}

async function stateOf({ path }: Place, number = 1): Promise<unknown> {
  const { json } = await world.ask(`GET ${path}/pulls/${number}`, { as: token });
  const { state, merged, head } = json as { state: string; merged: boolean; head: { sha: string } }; // as the oracle has checked
  return { state, merged, head: head.sha };
}

async function move(place: Place, branch: string, to: string): Promise<void> {
  await world.graphql(
    'mutation M($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }',
    {
      input: {
        repositoryId: place.repository.nodeId,
        refUpdates: [{ name: `refs/heads/${branch}`, afterOid: to, force: true }],
      },
    },
    token,
  );
}

function messages(said: Said): unknown {
  const { errors } = said.json as { errors: { message?: string; code: string; field?: string }[] }; // a 422 of GitHub has them
  return [said.status, ...errors.map(({ message, field, code }) => message ?? `${field} ${code}`)];
}

test('a pull request is opened by the App, with what it proposes counted', async () => {
  const { place, base, head } = await proposed();
  const said = await open(place);
  expect(said.status).toBe(201);
  expect(said.json).toMatchObject({
    number: 1,
    state: 'open',
    title: 'Promote',
    body: 'To prod',
    draft: false,
    user: { login: 'acme-promoter[bot]', type: 'Bot' },
    head: { ref: 'feature', sha: head, label: 'acme:feature' },
    base: { ref: 'main', sha: base },
    html_url: `${world.forge.urls.web}/${place.name}/pull/1`,
    commits: 1,
    additions: 1,
    deletions: 1,
    changed_files: 1,
  });
});

test('a second one for the same branches is refused', async () => {
  const { place } = await proposed();
  await open(place);
  expect(messages(await open(place, { head: 'acme:feature' }))).toEqual([
    422,
    'A pull request already exists for acme:feature.',
  ]);
  expect(world.forge.pullRequests(place.name)).toHaveLength(1);
  // Another base is another pull request.
  await move(place, 'next', world.forge.branch(place.name, 'main') ?? '');
  expect((await open(place, { base: 'next' })).status).toBe(201);
});

test('of two that are opened at once, one is', async () => {
  const { place } = await proposed();
  const { repository } = place;
  const wanted = { title: 'A', body: null, headBranch: 'feature', baseBranch: 'main', draft: false };
  const opening = [1, 2].map(() =>
    openPullRequest(world.forge.world, repository, {
      ...wanted,
      maintainerCanModify: true,
      author: world.app.bot,
      headSeen: repository.git.ref('refs/heads/feature'),
    }),
  );
  const ends = await Promise.allSettled(opening);
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(world.forge.pullRequests(place.name)).toHaveLength(1);
});

test('nothing to propose, a branch that is not there, and the fork of a stranger are refused', async () => {
  const { place, base } = await proposed();
  await move(place, 'same', base);
  expect(messages(await open(place, { head: 'same' }))).toEqual([422, 'No commits between main and same']);
  expect(messages(await open(place, { head: 'none' }))).toEqual([422, 'head invalid']);
  expect(messages(await open(place, { base: 'none' }))).toEqual([422, 'base invalid']);
  expect(messages(await open(place, { head: 'mallory:feature' }))).toEqual([422, 'head invalid']);
  await world.forge.commitFiles(place.name, 'orphan', { 'a.yaml': 'a: 1\n' }, 'From nothing');
  expect(messages(await open(place, { head: 'orphan' }))).toEqual([
    422,
    'The orphan branch has no history in common with main',
  ]);
});

test('a pull request follows its branch', async () => {
  const { place, head } = await proposed();
  await open(place);
  const next = await world.forge.commitFiles(place.name, 'feature', { 'b.yaml': 'b: 1\n' }, 'More');
  expect(await stateOf(place)).toEqual({ state: 'open', merged: false, head: next });
  await move(place, 'feature', head);
  expect(await stateOf(place)).toEqual({ state: 'open', merged: false, head });
});

test('whose branch is put onto its base is closed for good, however it grows afterwards', async () => {
  const { place, base } = await proposed();
  await open(place);
  await move(place, 'feature', base);
  expect(await stateOf(place)).toMatchObject({ state: 'closed', merged: false });
  await world.forge.commitFiles(place.name, 'feature', { 'c.yaml': 'c: 1\n' }, 'Again');
  expect(messages(await change(place, { state: 'open' }))).toEqual([
    422,
    'state cannot be changed. The feature branch was force-pushed or recreated.',
  ]);
  // A new one is the way out.
  expect((await open(place)).json).toMatchObject({ number: 2, state: 'open' });
});

test('whose branch is deleted is closed, and opens again once the branch is back where it was', async () => {
  const { place, head } = await proposed();
  await open(place);
  await move(place, 'feature', zeros);
  expect(await stateOf(place)).toEqual({ state: 'closed', merged: false, head });
  expect(messages(await change(place, { state: 'open' }))).toEqual([
    422,
    'state cannot be changed. The feature branch has been deleted.',
  ]);
  await move(place, 'feature', head);
  expect((await change(place, { state: 'open' })).json).toMatchObject({ state: 'open', closed_at: null });
});

test('a closed one opens again, and not after its branch was rewritten', async () => {
  const { place, base } = await proposed();
  await open(place);
  expect((await change(place, { state: 'closed' })).json).toMatchObject({ state: 'closed', merged: false });
  expect((await change(place, { state: 'open' })).json).toMatchObject({ state: 'open' });
  await change(place, { state: 'closed' });
  await world.forge.commitFiles(place.name, 'feature', { 'more.yaml': 'm: 1\n' }, 'Grown');
  const grown = world.forge.branch(place.name, 'feature');
  expect((await change(place, { state: 'open' })).json).toMatchObject({ head: { sha: grown } });
  await change(place, { state: 'closed' });
  await move(place, 'feature', base);
  await world.forge.commitFiles(place.name, 'feature', { 'other.yaml': 'o: 1\n' }, 'Rewritten');
  expect(messages(await change(place, { state: 'open' }))).toEqual([
    422,
    'state cannot be changed. The feature branch was force-pushed or recreated.',
  ]);
});

test('while another is open for the same branches a closed one stays closed', async () => {
  const { place } = await proposed();
  await open(place);
  await change(place, { state: 'closed' });
  await open(place);
  expect(messages(await change(place, { state: 'open' }))).toEqual([
    422,
    'A pull request already exists for acme:feature.',
  ]);
});

test('one whose commits reach the base by a push is merged, by whoever pushed', async () => {
  const { place, head } = await proposed();
  await open(place);
  await move(place, 'main', head);
  const { json } = await world.ask(`GET ${place.path}/pulls/1`, { as: token });
  expect(json).toMatchObject({
    state: 'closed',
    merged: true,
    merge_commit_sha: head,
    merged_by: { login: 'acme-promoter[bot]' },
  });
  expect(messages(await change(place, { state: 'open' }))).toEqual([
    422,
    'state cannot be changed. The pull request cannot be reopened.',
  ]);
});

test('one whose base is deleted is closed', async () => {
  const { place, base } = await proposed();
  await move(place, 'next', base);
  await open(place, { base: 'next' });
  await move(place, 'next', zeros);
  expect(await stateOf(place)).toMatchObject({ state: 'closed', merged: false });
});

test('title, body and base are changed; a base with nothing to propose is refused', async () => {
  const { place, base, head } = await proposed();
  await open(place);
  await move(place, 'next', base);
  await move(place, 'equal', head);
  expect((await change(place, { title: 'New', body: '', base: 'next' })).json).toMatchObject({
    title: 'New',
    body: '',
    base: { ref: 'next' },
  });
  expect(messages(await change(place, { base: 'equal' }))).toEqual([
    422,
    'No commits between equal and feature',
  ]);
});

test('whether it can be merged is not known at first, and then it is', async () => {
  const { place } = await proposed();
  await open(place);
  const ask = async (): Promise<unknown> =>
    (await world.ask(`GET ${place.path}/pulls/1`, { as: token })).json;
  expect(await ask()).toMatchObject({ mergeable: null, mergeable_state: 'unknown' });
  expect(await ask()).toMatchObject({ mergeable: true, mergeable_state: 'clean' });
  await world.forge.commitFiles(place.name, 'main', { 'app.yaml': 'version: 3\n' }, 'In between');
  expect(await ask()).toMatchObject({ mergeable: null });
  expect(await ask()).toMatchObject({ mergeable: false, mergeable_state: 'dirty' });
});

test('lists hold what is asked for by state, head and base; a head without its owner filters nothing', async () => {
  const { place, base } = await proposed();
  await move(place, 'next', base);
  await open(place);
  await open(place, { base: 'next' });
  await change(place, { state: 'closed' }, 2);
  const numbers = async (query: string): Promise<unknown> => {
    const { json } = await world.ask(`GET ${place.path}/pulls?${query}`, { as: token });
    return (json as { number: number }[]).map(({ number }) => number); // as the oracle has checked
  };
  expect(await numbers('')).toEqual([1]);
  expect(await numbers('state=all')).toEqual([2, 1]);
  expect(await numbers('state=closed')).toEqual([2]);
  expect(await numbers('state=all&head=acme:feature&base=main')).toEqual([1]);
  expect(await numbers('state=all&head=acme:other')).toEqual([]);
  expect(await numbers('state=all&head=other')).toEqual([2, 1]);
});

test('long lists come in pages that lead to each other', async () => {
  const { place } = await proposed();
  await open(place);
  for (const body of ['one', 'two', 'three']) {
    await world.ask(`POST ${place.path}/issues/1/comments`, { as: token, body: { body } });
  }
  const line = `${place.path}/issues/1/comments?per_page=2`;
  const first = await world.ask(`GET ${line}`, { as: token });
  const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
  const second = await world.ask(`GET ${next}`, { as: token });
  expect([first.text('0.body'), first.text('1.body'), second.text('0.body')]).toEqual([
    'one',
    'two',
    'three',
  ]);
  expect(second.headers.get('link')).toMatch(/rel="prev".*rel="first"/);
});

test('version 2026-03-10 leaves out what GitHub took away, and a version that there is not is refused', async () => {
  const { place } = await proposed();
  await open(place);
  const ask = (version: string): Promise<Said> =>
    world.ask(`GET ${place.path}/pulls/1`, { as: token, headers: { 'x-github-api-version': version } });
  const [old, now, wrong] = await Promise.all(['2022-11-28', '2026-03-10', '2030-01-01'].map(ask));
  expect([old?.json, now?.json].map((json) => 'merge_commit_sha' in Object(json))).toEqual([true, false]);
  expect(now?.headers.get('x-github-api-version-selected')).toBe('2026-03-10');
  expect(wrong?.status).toBe(400);
});
