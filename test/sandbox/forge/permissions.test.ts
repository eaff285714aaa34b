import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Permissions } from './permission-set.ts';
import { stage, type Said, type Stage } from './staged.ts';

let world: Stage;
beforeAll(async () => {
  world = await stage();
});
afterAll(() => world.stop());

const routes: readonly [needs: string, method: string, path: string, body?: unknown][] = [
  ['metadata=read', 'GET', ''],
  ['contents=read', 'GET', '/git/ref/heads/main'],
  ['contents=read', 'GET', '/git/trees/main'],
  ['contents=read', 'GET', '/commits/main'],
  ['contents=read', 'GET', '/compare/main...main'],
  ['contents=read', 'GET', '/tarball/main'],
  ['contents=write', 'POST', '/git/blobs', { content: 'a' }],
  ['contents=write', 'POST', '/git/trees', { tree: [{ path: 'a', mode: '100644', content: 'a' }] }],
  ['pull_requests=read', 'GET', '/pulls'],
  ['pull_requests=write', 'POST', '/pulls', { title: 'A', head: 'feature', base: 'main' }],
  ['pull_requests=write', 'PATCH', '/pulls/1', { title: 'B' }],
  ['issues=write; pull_requests=write', 'POST', '/issues/1/comments', { body: 'Hello' }],
  ['issues=write; pull_requests=write', 'POST', '/issues/1/labels', { labels: ['promotion'] }],
];

test.each(routes)('%s is asked for by %s %s', async (needs, method, path, ...bodies) => {
  const [body] = bodies;
  const place = await world.repository();
  await world.forge.commitFiles(place.name, 'feature', { 'f.yaml': 'f: 1\n' }, 'Unrelated');
  const asked = (token: string): Promise<Said> =>
    world.ask(`${method} ${place.path}${path}`, { as: token, ...(body === undefined ? {} : { body }) });
  const [permission = '', level = ''] = needs.split('; ').at(-1)?.split('=') ?? [];
  const lesser: Permissions = level === 'write' ? { [permission]: 'read' } : { other: 'write' };
  const { value } = world.forge.world.credentials.mint({
    installation: world.installation,
    permissions: lesser,
    repositories: undefined,
  });
  const refused = await asked(value);
  if (permission === 'metadata') expect(refused.status).toBe(200);
  else {
    expect([refused.status, refused.text('message')]).toEqual([
      403,
      'Resource not accessible by integration',
    ]);
  }
  expect(refused.headers.get('x-accepted-github-permissions')).toBe(needs);
  const granted = await asked(await world.mint());
  // Some have nothing to work on here; what counts is that they were let in.
  expect([401, 403].includes(granted.status)).toBe(false);
});

test('a private repository is not found by those who may not see it, and asks nobody to sign in', async () => {
  const place = await world.repository();
  world.forge.createUser('mallory');
  const other = await world.repository();
  const narrowed = await world.mint({ repositories: [other.repository.name] });
  const unscoped = world.forge.createToken('ada', []);
  const stranger = world.forge.createToken('mallory', ['repo']);
  const said = await Promise.all(
    [undefined, narrowed, unscoped, stranger].map((as) =>
      world.ask(`GET ${place.path}/git/ref/heads/main`, as === undefined ? {} : { as }),
    ),
  );
  expect(said.map(({ status, json }) => [status, json])).toEqual(
    said.map(() => [404, expect.objectContaining({ message: 'Not Found' })]),
  );
});

test('a public repository is read by everybody and written by those who may', async () => {
  const place = await world.repository();
  place.repository.isPrivate = false;
  const other = await world.repository();
  const narrowed = await world.mint({ repositories: [other.repository.name] });
  const status = async (line: string, as?: string): Promise<number> =>
    (
      await world.ask(line, {
        ...(as === undefined ? {} : { as }),
        ...(line.startsWith('POST') && { body: { content: 'a' } }),
      })
    ).status;
  expect(await status(`GET ${place.path}/git/ref/heads/main`)).toBe(200);
  expect(await status(`GET ${place.path}/pulls`, narrowed)).toBe(200);
  expect(await status(`POST ${place.path}/git/blobs`)).toBe(401);
  expect(await status(`POST ${place.path}/git/blobs`, narrowed)).toBe(403);
});

test('GraphQL holds the same permissions, in its own words', async () => {
  const place = await world.repository();
  const [owner, name] = place.name.split('/');
  const query = `query Q($owner: String!, $name: String!) {
    repository(owner: $owner, name: $name) { viewerPermission pullRequests(first: 1) { totalCount } }
  }`;
  const reader = await world.mint({ permissions: { contents: 'read' } });
  const forbidden = await world.graphql(query, { owner, name }, reader);
  expect(forbidden.json).toMatchObject({
    data: { repository: null },
    errors: [
      {
        type: 'FORBIDDEN',
        path: ['repository', 'pullRequests'],
        message: 'Resource not accessible by integration',
      },
    ],
  });
  const allowed = await world.graphql(query, { owner, name }, await world.mint());
  expect(allowed.json).toEqual({
    data: { repository: { viewerPermission: 'WRITE', pullRequests: { totalCount: 0 } } },
  });
  const admin = await world.graphql(query, { owner, name }, world.forge.createToken('ada', ['repo']));
  expect(admin.text('data.repository.viewerPermission')).toBe('ADMIN');
  const other = await world.repository();
  const narrowed = await world.mint({ repositories: [other.repository.name] });
  const hidden = await world.graphql(query, { owner, name }, narrowed);
  expect(hidden.json).toMatchObject({
    data: { repository: null },
    errors: [
      {
        type: 'NOT_FOUND',
        path: ['repository'],
        message: `Could not resolve to a Repository with the name '${place.name}'.`,
      },
    ],
  });
});

test('an archived repository is read only', async () => {
  const place = await world.repository();
  const token = await world.mint();
  place.repository.archived = true;
  const move = { name: 'refs/heads/new', afterOid: world.forge.branch(place.name, 'main') };
  const mutation = `mutation M($id: ID!, $refs: [RefUpdate!]!) {
    updateRefs(input: { repositoryId: $id, refUpdates: $refs }) { clientMutationId }
  }`;
  const said = await world.ask(`POST ${place.path}/git/blobs`, { as: token, body: { content: 'a' } });
  expect([said.status, said.text('message')]).toEqual([403, 'Repository was archived so is read-only.']);
  const moved = await world.graphql(mutation, { id: place.repository.nodeId, refs: [move] }, token);
  expect(moved.json).toMatchObject({ errors: [{ type: 'FORBIDDEN' }] });
  expect((await world.ask(`GET ${place.path}`, { as: token })).json).toMatchObject({ archived: true });
});

test('a branch that changes a workflow is moved only by those who may change workflows', async () => {
  const place = await world.repository({ '.github/workflows/ci.yaml': 'on: push\n', 'a.yaml': 'a: 1\n' });
  const { repository } = place;
  const workflow = await world.forge.commitFiles(
    place.name,
    'by-hand',
    { '.github/workflows/ci.yaml': 'on: pull_request\n', 'a.yaml': 'a: 1\n' },
    'Change a workflow',
  );
  const same = world.forge.branch(place.name, 'main') ?? '';
  const grant = (permissions: Permissions): string =>
    world.forge.world.credentials.mint({
      installation: world.installation,
      permissions,
      repositories: undefined,
    }).value;
  const move = async (as: string, branch: string, afterOid: string): Promise<string> => {
    const refs = [{ name: `refs/heads/${branch}`, afterOid }];
    const mutation = `mutation M($id: ID!, $refs: [RefUpdate!]!) {
      updateRefs(input: { repositoryId: $id, refUpdates: $refs }) { clientMutationId }
    }`;
    const said = await world.graphql(mutation, { id: repository.nodeId, refs }, as);
    return said.body.includes('errors') ? said.text('errors.0.message') : 'moved';
  };
  const file = '`.github/workflows/ci.yaml`';
  expect([
    await move(grant({ contents: 'write' }), 'a', workflow),
    await move(grant({ contents: 'write', workflows: 'write' }), 'b', workflow),
    await move(grant({ contents: 'write' }), 'c', same),
    await move(grant({ contents: 'write' }), 'c', '0'.repeat(40)),
    await move(world.forge.createToken('ada', ['repo']), 'd', workflow),
    await move(world.forge.createToken('ada', ['repo', 'workflow']), 'e', workflow),
  ]).toEqual([
    `refusing to allow a GitHub App to create or update workflow ${file} without \`workflows\` permission`,
    'moved',
    'moved',
    'moved',
    `refusing to allow a Personal Access Token to create or update workflow ${file} without \`workflow\` scope`,
    'moved',
  ]);
  const client = world.client(place, grant({ contents: 'write' }));
  await expect(
    client.moveBranch({ branch: 'f', to: workflow }, { signal: AbortSignal.timeout(20_000) }),
  ).rejects.toMatchObject({ code: 'PermissionsMissing', message: expect.stringContaining('workflows') });
});

test('our own client names the permission that is missing', async () => {
  const place = await world.repository();
  const reader = await world.mint({ permissions: { contents: 'read' } });
  const call = { signal: AbortSignal.timeout(20_000) };
  await expect(
    world
      .client(place, reader)
      .createCommit(
        { parent: 'a'.repeat(40), baseTree: 'a'.repeat(40), files: [{ path: 'a', text: 'a' }], message: 'A' },
        call,
      ),
  ).rejects.toMatchObject({ code: 'PermissionsMissing', message: expect.stringContaining('contents:write') });
});
