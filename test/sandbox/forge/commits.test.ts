import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stage, type Place, type Said, type Stage } from './staged.ts';

let world: Stage;
let token: string;
beforeAll(async () => {
  world = await stage();
  token = await world.mint();
});
afterAll(() => world.stop());

const ada = { name: 'Ada', email: 'ada@example.com', date: '2026-11-25T12:00:00+02:00' };

async function treeOf({ path }: Place): Promise<string> {
  return (await world.ask(`GET ${path}/commits/main`, { as: token })).text('commit.tree.sha');
}

async function commit(place: Place, more: object = {}, as = token): Promise<Said> {
  const body = {
    message: 'Promote',
    tree: await treeOf(place),
    parents: [world.forge.branch(place.name, 'main')],
  };
  return world.ask(`POST ${place.path}/git/commits`, { as, body: { ...body, ...more } });
}

function makeTree({ path }: Place, tree: readonly object[], base?: string): Promise<Said> {
  const body = { tree, ...(base === undefined ? {} : { base_tree: base }) };
  return world.ask(`POST ${path}/git/trees`, { as: token, body });
}

test("an App's commit that names nobody is the bot's, and verified", async () => {
  const place = await world.repository();
  const said = await commit(place);
  const bot = world.app.bot;
  expect([said.status, said.json]).toMatchObject([
    201,
    {
      author: { name: 'acme-promoter[bot]', email: `${bot.id}+acme-promoter[bot]@users.noreply.github.com` },
      committer: { name: 'GitHub', email: 'noreply@github.com' },
      verification: {
        verified: true,
        reason: 'valid',
        signature: expect.stringContaining('BEGIN PGP SIGNATURE'),
        payload: expect.stringContaining('\n\nPromote'),
      },
    },
  ]);
});

test("an App's commit with an author or committer of its own is unsigned, and so is every person's", async () => {
  const place = await world.repository();
  const personal = world.forge.createToken('ada', ['repo']);
  const said = [
    await commit(place, { author: ada }),
    await commit(place, { committer: ada }),
    await commit(place, {}, personal),
  ];
  expect(said.map(({ json }) => json)).toMatchObject([
    { author: { name: 'Ada', date: '2026-11-25T10:00:00Z' }, verification: { verified: false } },
    { committer: { name: 'Ada' }, verification: { verified: false, reason: 'unsigned' } },
    { author: { name: 'Ada' }, committer: { name: 'Ada' }, verification: { reason: 'unsigned' } },
  ]);
});

test('a signature that was copied onto another commit, or brought along, is not valid', async () => {
  const place = await world.repository();
  const signature = (await commit(place)).text('verification.signature');
  const said = await commit(place, { message: 'Forged', signature });
  expect(said.json).toMatchObject({ verification: { verified: false, reason: 'unknown_key', signature } });
});

test('REST and GraphQL agree on who signed', async () => {
  const place = await world.repository();
  const [signed, plain] = [
    (await commit(place)).text('sha'),
    (await commit(place, { author: ada })).text('sha'),
  ];
  const [owner, name] = place.name.split('/');
  const query = `query Q($owner: String!, $name: String!, $a: GitObjectID!, $b: GitObjectID!) {
    repository(owner: $owner, name: $name) {
      signed: object(oid: $a) { ... on Commit { signature { isValid state wasSignedByGitHub } } }
      plain: object(oid: $b) { ... on Commit { signature { isValid } author { name email user { login } } } }
    }
  }`;
  const said = await world.graphql(query, { owner, name, a: signed, b: plain }, token);
  expect(said.json).toEqual({
    data: {
      repository: {
        signed: { signature: { isValid: true, state: 'VALID', wasSignedByGitHub: true } },
        plain: { signature: null, author: { name: 'Ada', email: 'ada@example.com', user: null } },
      },
    },
  });
});

test('a tree and parents that are not there make no commit', async () => {
  const place = await world.repository();
  const none = 'a'.repeat(40);
  const said = [
    await commit(place, { tree: none }),
    await commit(place, { parents: [none] }),
    await commit(place, { parents: [await treeOf(place)] }),
    await commit(place, { author: { ...ada, date: 'yesterday' } }),
  ];
  expect(said.map(({ status }) => status)).toEqual([422, 422, 422, 422]);
  expect(said[0]?.text('message')).toBe('Tree SHA does not exist');
});

test('a tree is edited upon a tree, a commit or a branch, and leaves the rest as it was', async () => {
  const place = await world.repository({ 'a/x.yaml': 'x: 1\n', 'a/y.yaml': 'y: 1\n', 'b.yaml': 'b: 1\n' });
  const edit = [
    { path: 'a/x.yaml', mode: '100644', type: 'blob', content: 'x: 2\n' },
    { path: 'b.yaml', mode: '100644', type: 'blob', sha: null },
  ];
  const bases = [await treeOf(place), world.forge.branch(place.name, 'main') ?? '', 'main'];
  const shas = await Promise.all(bases.map(async (base) => (await makeTree(place, edit, base)).text('sha')));
  expect(new Set(shas).size).toBe(1);
  const listed = await world.ask(`GET ${place.path}/git/trees/${shas[0]}?recursive=1`, { as: token });
  expect(listed.json).toMatchObject({
    truncated: false,
    tree: [{ path: 'a', type: 'tree' }, { path: 'a/x.yaml', size: 5 }, { path: 'a/y.yaml' }],
  });
});

test('a blob is carried from one path to another by its id alone', async () => {
  const place = await world.repository({ 'dev/a.yaml': 'a: 1\n' });
  const listed = await world.ask(`GET ${place.path}/git/trees/main?recursive=1`, { as: token });
  const sha = listed.text('tree.1.sha');
  const said = await makeTree(place, [{ path: 'prod/a.yaml', mode: '100644', type: 'blob', sha }], 'main');
  const made = await world.ask(`GET ${place.path}/git/trees/${said.text('sha')}?recursive=1`, { as: token });
  expect(made.json).toMatchObject({
    tree: [{ path: 'dev' }, { sha }, { path: 'prod' }, { path: 'prod/a.yaml', sha }],
  });
});

test.each([
  ['removes what is not there', { path: 'none', sha: null }, 'GitRPC::BadObjectState'],
  [
    'names an object that is not there',
    { path: 'a', sha: 'a'.repeat(40) },
    `tree.sha ${'a'.repeat(40)} is not a valid blob`,
  ],
  ['leaves the repository', { path: '../a', content: 'a' }, 'tree.path contains a malformed path component'],
  [
    'writes where git keeps its own',
    { path: '.git/config', content: 'a' },
    'tree.path contains a malformed path component',
  ],
  ['says neither which object nor what', { path: 'a' }, 'Must supply either tree.sha or tree.content'],
])('a tree that %s is refused', async (_, entry, message) => {
  const place = await world.repository();
  const said = await makeTree(place, [{ mode: '100644', type: 'blob', ...entry }], 'main');
  expect([said.status, said.text('message')]).toEqual([422, message]);
});

test('an object that is a tree cannot stand where a file should', async () => {
  const place = await world.repository();
  const sha = await treeOf(place);
  const entry = { path: 'a', mode: '100644', type: 'blob', sha };
  expect((await makeTree(place, [entry])).text('message')).toBe(`tree.sha ${sha} is not a valid blob`);
  expect((await makeTree(place, [{ ...entry, mode: '040000', type: 'tree' }])).status).toBe(201);
  expect(await place.repository.git.fsck()).toEqual([]);
});

test('a repository without any branch takes no objects', async () => {
  const repository = await world.forge.importRepository('acme/empty', ['done\n']);
  const said = await world.ask('POST /repos/acme/empty/git/blobs', { as: token, body: { content: 'a' } });
  expect([repository.git.isEmpty, said.status, said.text('message')]).toEqual([
    true,
    409,
    'Git Repository is empty.',
  ]);
});

test('a body that is no JSON, or misses what it needs, is refused', async () => {
  const place = await world.repository();
  const broken = await world.ask(`POST ${place.path}/git/blobs`, { as: token, body: '{"content":' });
  expect([broken.status, broken.text('message')]).toEqual([400, 'Problems parsing JSON']);
  const empty = await world.ask(`POST ${place.path}/git/blobs`, { as: token, body: {} });
  expect([empty.status, empty.text('message')]).toEqual([
    422,
    'Invalid request.\n\n"content" wasn\'t supplied.',
  ]);
});

test('our own client commits files upon a base, verified and with their modes', async () => {
  const place = await world.repository({ 'app.yaml': 'version: 1\n', 'other.yaml': 'o: 1\n' });
  const client = world.client(place, token);
  const call = { signal: AbortSignal.timeout(20_000) };
  const parent = world.forge.branch(place.name, 'main') ?? '';
  const made = await client.createCommit(
    {
      parent,
      baseTree: await treeOf(place),
      files: [
        { path: 'app.yaml', text: 'version: 2\n' },
        { path: 'run.sh', text: '#!/bin/sh\n', executable: true },
      ],
      message: 'Promote 2',
    },
    call,
  );
  expect(made).toEqual({ sha: expect.any(String), verified: true, reason: 'valid' });
  const listed = await world.ask(`GET ${place.path}/git/trees/${made.sha}`, { as: token });
  expect(listed.json).toMatchObject({
    tree: [
      { path: 'app.yaml', mode: '100644' },
      { path: 'other.yaml', mode: '100644' },
      { path: 'run.sh', mode: '100755' },
    ],
  });
  const whole = await world.ask(`GET ${place.path}/commits/${made.sha}`, { as: token });
  expect(whole.json).toMatchObject({
    parents: [{ sha: parent }],
    stats: { total: 3, additions: 2, deletions: 1 },
    files: [
      { filename: 'app.yaml', status: 'modified', patch: '@@ -1 +1 @@\n-version: 1\n+version: 2\n' },
      { filename: 'run.sh', status: 'added' },
    ],
  });
});
