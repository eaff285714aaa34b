import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { git, runGit } from './git/run-git.ts';
import { stage, type Place, type Stage } from './staged.ts';

let world: Stage;
let folder: string;
let token: string;
beforeAll(async () => {
  world = await stage();
  folder = await mkdtemp(join(tmpdir(), 'lockkeeper-git-'));
  token = await world.mint();
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await world.stop();
});

/** As a client of GitHub writes it: the token is Basic's password. */
function address({ name }: Place, password = token): string {
  return `${world.forge.urls.web.replace('//', `//x-access-token:${password}@`)}/${name}.git`;
}

async function clone(place: Place): Promise<string> {
  const into = join(folder, place.name.replace('/', '-'));
  await git(folder, ['clone', '--quiet', address(place), into]);
  return into;
}

async function commitIn(work: string, file: string, text: string): Promise<string> {
  await writeFile(join(work, file), text);
  await git(work, ['add', file]);
  const identity = ['-c', 'user.name=Eve', '-c', 'user.email=eve@example.com'];
  await git(work, [...identity, 'commit', '--quiet', '-m', `Write ${file}`]);
  return (await git(work, ['rev-parse', 'HEAD'])).toString().trim();
}

test('a clone has the files, the very ids that the API tells, and objects that git finds sound', async () => {
  const place = await world.repository({ 'apps/a.yaml': 'a: 1\n', 'README.md': '# Fleet\n' });
  const work = await clone(place);
  const head = (await git(work, ['rev-parse', 'HEAD', 'HEAD^{tree}'])).toString().trim().split('\n');
  const said = await world.ask(`GET ${place.path}/commits/main`, { as: token });
  expect(head).toEqual([said.text('sha'), said.text('commit.tree.sha')]);
  expect(await readFile(join(work, 'apps/a.yaml'), 'utf8')).toBe('a: 1\n');
  expect((await runGit(work, ['fsck', '--full', '--strict'])).code).toBe(0);
});

test('what the API writes has the ids that git gives, and the repository stays sound', async () => {
  const place = await world.repository();
  const { ask } = world;
  const main = world.forge.branch(place.name, 'main');
  const text = 'version: 2\n';
  const blob = await ask(`POST ${place.path}/git/blobs`, { as: token, body: { content: text } });
  const tree = await ask(`POST ${place.path}/git/trees`, {
    as: token,
    body: {
      base_tree: main,
      tree: [
        { path: 'app.yaml', mode: '100644', type: 'blob', sha: blob.text('sha') },
        { path: 'bin/run', mode: '100755', type: 'blob', content: '#!/bin/sh\n' },
        // Sorts after `bin/run` as git sorts: a directory as if its name ended in a slash.
        { path: 'bin-old', mode: '120000', type: 'blob', content: 'bin' },
      ],
    },
  });
  const commit = await ask(`POST ${place.path}/git/commits`, {
    as: token,
    body: { message: 'Äpfel\n\nand more', tree: tree.text('sha'), parents: [main] },
  });
  const { gitDir } = place.repository.git;
  const hashed = await git(gitDir, ['hash-object', '--stdin'], [text]);
  expect(hashed.toString().trim()).toBe(blob.text('sha'));
  expect((await git(gitDir, ['rev-parse', `${commit.text('sha')}^{tree}`])).toString().trim()).toBe(
    tree.text('sha'),
  );
  const listed = await git(gitDir, ['ls-tree', '-r', '--name-only', tree.text('sha')]);
  expect(listed.toString().trim().split('\n')).toEqual(['app.yaml', 'bin-old', 'bin/run']);
  // Signed commits are sound too.
  const update = { name: 'refs/heads/signed', afterOid: commit.text('sha') };
  await world.graphql(updateRefs, { id: place.repository.nodeId, refs: [update] }, token);
  expect(await place.repository.git.fsck()).toEqual([]);
  expect((await git(await clone(place), ['log', '-1', '--format=%s', 'origin/signed'])).toString()).toBe(
    'Äpfel\n',
  );
});

const updateRefs = `mutation Move($id: ID!, $refs: [RefUpdate!]!) {
  updateRefs(input: { repositoryId: $id, refUpdates: $refs }) { clientMutationId }
}`;

test('refs are listed as GitHub lists them, heads of pull requests among them', async () => {
  const place = await world.repository();
  const commit = await world.forge.commitFiles(place.name, 'main', { 'b.yaml': 'b: 1\n' }, 'More');
  await world.graphql(
    updateRefs,
    { id: place.repository.nodeId, refs: [{ name: 'refs/heads/promote/a', afterOid: commit }] },
    token,
  );
  const head = await world.forge.commitFiles(place.name, 'promote/a', { 'a.yaml': 'a: 1\n' }, 'Promote');
  await world.ask(`POST ${place.path}/pulls`, {
    as: token,
    body: { title: 'Promote', head: 'promote/a', base: 'main' },
  });
  const listed = (await git(folder, ['ls-remote', address(place)])).toString().trim().split('\n');
  expect(listed.map((line) => line.split('\t'))).toEqual([
    [commit, 'HEAD'],
    [commit, 'refs/heads/main'],
    [head, 'refs/heads/promote/a'],
    [head, 'refs/pull/1/head'],
  ]);
});

test('a push is seen by the API at once, and its pull request follows', async () => {
  const place = await world.repository();
  const work = await clone(place);
  await git(work, ['checkout', '--quiet', '-b', 'feature']);
  await commitIn(work, 'a.yaml', 'a: 1\n');
  await git(work, ['push', '--quiet', 'origin', 'feature']);
  const opened = await world.ask(`POST ${place.path}/pulls`, {
    as: token,
    body: { title: 'Feature', head: 'feature', base: 'main' },
  });
  expect(opened.status).toBe(201);
  const second = await commitIn(work, 'a.yaml', 'a: 2\n');
  await git(work, ['push', '--quiet', 'origin', 'feature']);
  const found = await world.ask(`GET ${place.path}/pulls/1`, { as: token });
  expect(found.text('head.sha')).toBe(second);
  const file = await world.ask(`GET ${place.path}/git/ref/heads/feature`, { as: token });
  expect(file.text('object.sha')).toBe(second);
});

test('nobody pushes over another, to the refs of pull requests, or with a token that only reads', async () => {
  const place = await world.repository();
  const work = await clone(place);
  await world.forge.commitFiles(place.name, 'main', { 'other.yaml': 'o: 1\n' }, 'Meanwhile');
  await commitIn(work, 'mine.yaml', 'm: 1\n');
  const stale = await runGit(work, ['push', 'origin', 'HEAD:refs/heads/main']);
  const hidden = await runGit(work, ['push', 'origin', 'HEAD:refs/pull/7/head']);
  const reader = await world.mint({ permissions: { contents: 'read' } });
  const barred = await runGit(work, ['push', address(place, reader), 'HEAD:refs/heads/mine']);
  expect([stale, hidden, barred].map(({ code }) => code === 0)).toEqual([false, false, false]);
  expect([stale.stderr, hidden.stderr, barred.stderr]).toEqual([
    expect.stringContaining('rejected'),
    expect.stringContaining('deny updating a hidden ref'),
    expect.stringContaining('403'),
  ]);
});

test('without a credential, with a wrong one and for another repository git is refused', async () => {
  const place = await world.repository();
  const other = await world.repository();
  const narrowed = await world.mint({ repositories: [other.repository.name] });
  const bare = `${world.forge.urls.web}/${place.name}.git`;
  const [nobody, wrong, elsewhere] = await Promise.all([
    runGit(folder, ['ls-remote', bare]),
    runGit(folder, ['ls-remote', address(place, 'ghp_wrong')]),
    runGit(folder, ['ls-remote', address(place, narrowed)]),
  ]);
  expect([nobody.stderr, wrong.stderr, elsewhere.stderr]).toEqual([
    expect.stringContaining('could not read Username'),
    expect.stringContaining('Authentication failed'),
    expect.stringContaining('not found'),
  ]);
});

test('the log tells of each request of git, with the size of what was fetched', async () => {
  const noise = randomBytes(20_000).toString('hex');
  const place = await world.repository({ 'noise.txt': noise });
  world.forge.log.clear();
  await clone(place);
  const entries = world.forge.log.entries();
  expect(entries).toContainEqual(
    expect.objectContaining({
      origin: 'web',
      route: 'GET info/refs git-upload-pack',
      credential: 'installation',
      owner: 'acme-promoter[bot]',
      status: 200,
    }),
  );
  const fetched = entries.filter(({ route }) => route === 'POST git-upload-pack');
  expect(Math.max(...fetched.map(({ bytesOut }) => bytesOut))).toBeGreaterThan(10_000);
  expect(fetched.every(({ bytesIn }) => bytesIn > 0)).toBe(true);
});

test('a repository comes out of a stream of git fast-import, packed, and is read like any other', async () => {
  const stream = [
    'commit refs/heads/main\nmark :1\ncommitter Eve <eve@example.com> 1764000000 +0000\ndata 5\nStart',
    '\nM 100644 inline a.yaml\ndata 5\na: 1\n\n',
  ];
  const repository = await world.forge.importRepository('acme/imported', stream);
  expect(await world.forge.readFile('acme/imported', 'main', 'a.yaml')).toBe('a: 1\n');
  expect(await repository.git.fsck()).toEqual([]);
  const commit = await world.forge.commitFiles('acme/imported', 'main', { 'a.yaml': 'a: 2\n' }, 'Go on');
  expect(world.forge.branch('acme/imported', 'main')).toBe(commit);
});
