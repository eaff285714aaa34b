import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { git } from './git/run-git.ts';
import { stage, type Place, type Said, type Stage } from './staged.ts';

let world: Stage;
let token: string;
beforeAll(async () => {
  // GitHub's numbers are 100,000 entries and 7 MB of answer, 300 files and five minutes.
  world = await stage({ read: { treeEntries: 20, treeBytes: 4_000, compareFiles: 3 } });
  token = await world.mint();
});
afterAll(() => world.stop());

const call = { signal: AbortSignal.timeout(60_000) };

function files(count: number, folder = 'apps'): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `${folder}/f${100 + index}.yaml`,
      `n: ${folder} ${index}\n`,
    ]),
  );
}

function list({ path }: Place, of = 'main', query = '?recursive=1'): Promise<Said> {
  return world.ask(`GET ${path}/git/trees/${of}${query}`, { as: token });
}

function entries(said: Said): string[] {
  return (said.json as { tree: { path: string }[] }).tree.map(({ path }) => path); // as the oracle has checked
}

test('a listing is cut at so many entries, and says so; one directory below it is whole', async () => {
  const place = await world.repository({ ...files(15, 'a'), ...files(15, 'b') });
  const bare = await world.repository(files(3));
  // Long answers are cut by bytes first here.
  const said = await list(place);
  expect([(said.json as { truncated: boolean }).truncated, entries(said).length < 20]).toEqual([true, true]); // as the oracle has checked
  expect((await list(bare)).json).toMatchObject({ truncated: false });
  expect(entries(await list(place, 'main', ''))).toEqual(['a', 'b']);
});

test('by default a listing is cut at 7 MB', async () => {
  const plain = await stage();
  const paths = Array.from({ length: 50_000 }, (_, index) => `M 100644 :1 g${index % 250}/f${index}.yaml\n`);
  await plain.forge.importRepository('acme/large', [
    'blob\nmark :1\ndata 5\na: 1\n\n',
    'commit refs/heads/main\ncommitter Eve <eve@example.com> 1764000000 +0000\ndata 5\nStart\n',
    paths.join(''),
  ]);
  const as = await plain.mint();
  const said = await plain.ask('GET /repos/acme/large/git/trees/main?recursive=1', { as });
  expect(said.json).toMatchObject({ truncated: true });
  expect(said.body.length).toBeGreaterThan(6_990_000);
  expect(said.body.length).toBeLessThan(7_001_000);
  await plain.stop();
});

test('a listing is cut at so many bytes', async () => {
  const narrow = await stage({ read: { treeEntries: 1000, treeBytes: 2_000 } });
  const place = await narrow.repository(files(30));
  const said = await narrow.ask(`GET ${place.path}/git/trees/main?recursive=1`, { as: await narrow.mint() });
  expect(said.json).toMatchObject({ truncated: true });
  expect(entries(said).length).toBeGreaterThan(3);
  expect(said.body.length).toBeLessThan(2_500);
  await narrow.stop();
});

test('a listing is cut at the entry that is one too many', async () => {
  const narrow = await stage({ read: { treeEntries: 4 } });
  const [fits, beyond] = [await narrow.repository(files(3)), await narrow.repository(files(4))];
  const as = await narrow.mint();
  const [whole, cut] = await Promise.all(
    [fits, beyond].map(({ path }) => narrow.ask(`GET ${path}/git/trees/main?recursive=1`, { as })),
  );
  expect(whole?.json).toMatchObject({ truncated: false, tree: { length: 4 } });
  expect(cut?.json).toMatchObject({ truncated: true, tree: { length: 4 } });
  await narrow.stop();
});

test('our own client finds every file of a repository whose listing is cut', async () => {
  const place = await world.repository({ ...files(9, 'a/one'), ...files(9, 'a/two'), ...files(9, 'b') });
  const tree = (await world.ask(`GET ${place.path}/commits/main`, { as: token })).text('commit.tree.sha');
  const query = { tree, keep: () => true, limit: 100, inParts: true };
  const found = (await world.client(place, token).listFiles(query, call)) ?? [];
  expect(found).toHaveLength(27);
  const texts = await world.client(place, token).readBlobs(
    found.map(({ blob }) => blob),
    call,
  );
  expect([...texts.values()]).toContain('n: b 8\n');
});

test('a blob is given whole, as base64 or as it is', async () => {
  const place = await world.repository({ 'a.bin': 'ä\n' });
  const sha = (await list(place)).text('tree.0.sha');
  const line = `GET ${place.path}/git/blobs/${sha}`;
  const said = await world.ask(line, { as: token });
  expect(said.json).toMatchObject({
    encoding: 'base64',
    size: 3,
    content: Buffer.from('ä\n').toString('base64'),
  });
  const raw = await world.ask(line, { as: token, headers: { accept: 'application/vnd.github.raw+json' } });
  expect([raw.body, raw.headers.get('content-type')]).toEqual([
    'ä\n',
    'application/vnd.github.raw; charset=utf-8',
  ]);
});

test('GraphQL cuts what is long, leaves out what is binary, and finds nothing where there is nothing', async () => {
  const place = await world.repository({ 'long.txt': 'x'.repeat(600_000), 'zero.bin': 'a\0b', 'a.txt': 'a' });
  const [owner, name] = place.name.split('/');
  const blob = '... on Blob { byteSize isBinary isTruncated text }';
  const query = `query Q($owner: String!, $name: String!) { repository(owner: $owner, name: $name) {
    long: object(expression: "main:long.txt") { ${blob} } zero: object(expression: "HEAD:zero.bin") { ${blob} }
    none: object(expression: "main:none") { ${blob} } nowhere: object(expression: "none:a.txt") { ${blob} }
    root: object(expression: "main:") { ... on Tree { entries { name type mode } } } } }`;
  const { json } = await world.graphql(query, { owner, name }, token);
  expect(json).toEqual({
    data: {
      repository: {
        long: { byteSize: 600_000, isBinary: false, isTruncated: true, text: 'x'.repeat(512_000) },
        zero: { byteSize: 3, isBinary: true, isTruncated: false, text: null },
        none: null,
        nowhere: null,
        root: {
          entries: ['a.txt', 'long.txt', 'zero.bin'].map((each) => ({
            name: each,
            type: 'blob',
            mode: 0o100644,
          })),
        },
      },
    },
  });
});

test('GraphQL lists pull requests page by page', async () => {
  const place = await world.repository();
  for (const branch of ['x', 'y', 'z']) {
    const before = world.forge.branch(place.name, 'main') ?? '';
    await place.repository.git.moveRefs([{ name: `refs/heads/${branch}`, after: before, force: false }]);
    await world.forge.commitFiles(place.name, branch, { [branch]: branch }, branch);
    const body = { title: branch, head: branch, base: 'main' };
    await world.ask(`POST ${place.path}/pulls`, { as: token, body });
  }
  const [owner, name] = place.name.split('/');
  const query = `query Q($owner: String!, $name: String!, $after: String) { repository(owner: $owner, name: $name) {
    pullRequests(first: 2, after: $after) { totalCount nodes { title } pageInfo { hasNextPage endCursor } } } }`;
  const first = await world.graphql(query, { owner, name }, token);
  const at = 'data.repository.pullRequests';
  const after = first.text(`${at}.pageInfo.endCursor`);
  const second = await world.graphql(query, { owner, name, after }, token);
  expect([first.json, second.json]).toMatchObject([
    { data: { repository: { pullRequests: { totalCount: 3, pageInfo: { hasNextPage: true } } } } },
    { data: { repository: { pullRequests: { nodes: [{ title: 'z' }], pageInfo: { hasNextPage: false } } } } },
  ]);
});

test('a comparison counts both sides, lists at most so many files, and knows renames', async () => {
  const place = await world.repository({ 'a.yaml': 'a: 1\nsame: 1\n', 'b.yaml': 'b: 1\n' });
  const base = world.forge.branch(place.name, 'main') ?? '';
  await place.repository.git.moveRefs([{ name: 'refs/heads/side', after: base, force: false }]);
  await world.forge.commitFiles(place.name, 'side', { 'b.yaml': undefined, 'c.yaml': 'b: 1\n' }, 'Rename');
  await world.forge.commitFiles(place.name, 'side', { 'a.yaml': 'a: 2\nsame: 1\n' }, 'Change');
  await world.forge.commitFiles(place.name, 'main', { 'd.yaml': 'd: 1\n' }, 'Meanwhile');
  const said = await world.ask(`GET ${place.path}/compare/main...side`, { as: token });
  expect(said.json).toMatchObject({
    status: 'diverged',
    ahead_by: 2,
    behind_by: 1,
    merge_base_commit: { sha: base },
    commits: [{ commit: { message: 'Rename' } }, { commit: { message: 'Change' } }],
    files: [
      { filename: 'a.yaml', status: 'modified', additions: 1, deletions: 1 },
      { filename: 'c.yaml', status: 'renamed', previous_filename: 'b.yaml', changes: 0 },
    ],
  });
  // git itself sees the same change.
  const diff = await git(place.repository.git.gitDir, ['diff', `${base}..side`, '--', 'a.yaml']);
  expect(diff.toString()).toContain(said.text('files.0.patch').trimEnd());
  await world.forge.commitFiles(place.name, 'side', files(5), 'Many');
  const many = await world.ask(`GET ${place.path}/compare/main...side`, { as: token });
  expect(many.json).toMatchObject({ files: { length: 3 } });
});

test('our own client notices that a comparison does not list all files', async () => {
  const plain = await stage();
  const place = await plain.repository();
  const from = plain.forge.branch(place.name, 'main') ?? '';
  const few = await plain.forge.commitFiles(place.name, 'main', files(5), 'Few');
  const many = await plain.forge.commitFiles(place.name, 'main', files(301, 'many'), 'Many');
  const client = plain.client(place, await plain.mint());
  expect(await client.changes({ from, to: few }, call)).toMatchObject({
    kind: 'complete',
    files: { length: 5 },
  });
  expect(await client.changes({ from, to: many }, call)).toEqual({ kind: 'unknown', why: 'too many files' });
  await plain.stop();
});
