import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stage, type Said, type Stage } from './staged.ts';

// What GitHub was recorded to answer, by the scenarios of `@octokit/fixtures` that this forge plays a part of.

let world: Stage;
let token: string;
beforeAll(async () => {
  world = await stage();
  token = world.forge.createToken('ada', ['repo']);
});
afterAll(() => world.stop());

const everywhere = [
  'content-length',
  'content-type',
  'date',
  'x-accepted-oauth-scopes',
  'x-github-media-type',
  'x-github-request-id',
  'x-oauth-scopes',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-ratelimit-resource',
  'x-ratelimit-used',
];

function missing({ headers }: Said, ...names: string[]): string[] {
  return names.filter((name) => !headers.has(name));
}

const seconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

test('get-repository, git-refs: answers have these headers, and times in whole seconds', async () => {
  world.clock.pass(0.123);
  const { path } = await world.repository();
  const repository = await world.ask(`GET ${path}`, { as: token });
  const ref = await world.ask(`GET ${path}/git/ref/heads/main`, { as: token });
  for (const said of [repository, ref]) {
    expect(missing(said, ...everywhere, 'etag')).toEqual([]);
    expect([said.headers.get('content-type'), said.headers.get('cache-control')]).toEqual([
      'application/json; charset=utf-8',
      'private, max-age=60, s-maxage=60',
    ]);
  }
  for (const name of ['created_at', 'updated_at', 'pushed_at'])
    expect(repository.text(name)).toMatch(seconds);
});

test('add-labels-to-issue: labels that are new are made, grey and without a description', async () => {
  const { path, name, repository } = await world.repository();
  await repository.git.moveRefs([
    { name: 'refs/heads/x', after: world.forge.branch(name, 'main') ?? '', force: false },
  ]);
  await world.forge.commitFiles(name, 'x', { x: 'x' }, 'x');
  const opened = await world.ask(`POST ${path}/pulls`, {
    as: token,
    body: { title: 'x', head: 'x', base: 'main' },
  });
  expect([missing(opened, ...everywhere, 'etag'), opened.headers.get('location')]).toEqual([
    [],
    opened.text('url'),
  ]);
  const said = await world.ask(`POST ${path}/issues/1/labels`, {
    as: token,
    body: { labels: ['Foo', 'bAr'] },
  });
  expect([said.status, said.json]).toMatchObject([
    200,
    [
      { name: 'Foo', color: 'ededed', default: false, description: null },
      { name: 'bAr', color: 'ededed', default: false, description: null },
    ],
  ]);
});

test('errors: a refusal has a message, perhaps errors, an address of documentation, and no ETag', async () => {
  const { path } = await world.repository();
  const said = await world.ask(`POST ${path}/pulls`, {
    as: token,
    body: { title: 'x', head: 'x', base: 'main' },
  });
  expect([said.status, said.json]).toEqual([
    422,
    {
      message: 'Validation Failed',
      errors: [{ resource: 'PullRequest', code: 'invalid', field: 'head' }],
      documentation_url: expect.stringContaining('https://docs.github.com/rest'),
      status: '422',
    },
  ]);
  expect([missing(said, ...everywhere), said.headers.has('etag'), said.headers.has('cache-control')]).toEqual(
    [[], false, false],
  );
});

test('rename-repository: a redirect says the same to readers and writers, and has no ETag', async () => {
  const { path, repository } = await world.repository();
  world.forge.world.repositories.rename(repository, `${repository.name}-newname`);
  const location = `${world.forge.urls.api}/repositories/${repository.id}`;
  const body = { title: 'x', head: 'x', base: 'main' };
  const said = [
    await world.ask(`GET ${path}`, { as: token }),
    await world.ask(`POST ${path}/pulls`, { as: token, body }),
  ];
  expect(said.map(({ status, headers, json }) => [status, headers.get('location'), json])).toEqual([
    [301, location, { message: 'Moved Permanently', url: location, documentation_url: expect.any(String) }],
    [
      307,
      `${location}/pulls`,
      { message: 'Moved Permanently', url: `${location}/pulls`, documentation_url: expect.any(String) },
    ],
  ]);
  expect(said.map((each) => [missing(each, ...everywhere), each.headers.has('etag')])).toEqual([
    [[], false],
    [[], false],
  ]);
});

test('paginate-issues: pages lead on by the id of the repository, in this order', async () => {
  const { path, name, repository } = await world.repository();
  for (const branch of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
    await repository.git.moveRefs([
      { name: `refs/heads/${branch}`, after: world.forge.branch(name, 'main') ?? '', force: false },
    ]);
    await world.forge.commitFiles(name, branch, { [branch]: branch }, branch);
    await world.ask(`POST ${path}/pulls`, { as: token, body: { title: branch, head: branch, base: 'main' } });
  }
  const link = (page: number, rel: string): string =>
    `<${world.forge.urls.api}/repositories/${repository.id}/pulls?per_page=3&page=${page}>; rel="${rel}"`;
  const linksOf = async (line: string): Promise<string | null> =>
    (await world.ask(`GET ${line}`, { as: token })).headers.get('link');
  expect(await linksOf(`${path}/pulls?per_page=3`)).toBe([link(2, 'next'), link(3, 'last')].join(', '));
  expect(await linksOf(`/repositories/${repository.id}/pulls?per_page=3&page=2`)).toBe(
    [link(1, 'prev'), link(3, 'next'), link(3, 'last'), link(1, 'first')].join(', '),
  );
  expect(await linksOf(`${path}/pulls?per_page=3&page=3`)).toBe(
    [link(2, 'prev'), link(1, 'first')].join(', '),
  );
});

test('get-archive: the redirect has no body, and the archive is a file with a name', async () => {
  const { path, name } = await world.repository();
  const said = await world.ask(`GET ${path}/tarball/main`, { as: token });
  expect([said.status, said.body, said.headers.get('content-length')]).toEqual([302, '', '0']);
  const location = new URL(said.headers.get('location') ?? '');
  expect(location.pathname).toMatch(new RegExp(`^/${name}/legacy\\.tar\\.gz/`));
  const { headers } = await fetch(location);
  const short = (world.forge.branch(name, 'main') ?? '').slice(0, 7);
  expect([headers.get('content-type'), headers.get('content-disposition')]).toEqual([
    'application/x-gzip',
    `attachment; filename=${name.replace('/', '-')}-${short}.tar.gz`,
  ]);
});
