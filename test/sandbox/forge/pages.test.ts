import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stage, type Place, type Said, type Stage } from './staged.ts';

let world: Stage;
let token: string;
beforeAll(async () => {
  world = await stage();
  token = await world.mint();
});
afterAll(() => world.stop());

/** A repository whose pull request 1 changes app.yaml. */
async function proposed(words: { title?: string; body?: string } = {}): Promise<Place> {
  const place = await world.repository({ 'app.yaml': 'version: 1 # <b>\n' });
  const base = world.forge.branch(place.name, 'main') ?? '';
  await place.repository.git.moveRefs([{ name: 'refs/heads/feature', after: base, force: false }]);
  await world.forge.commitFiles(place.name, 'feature', { 'app.yaml': 'version: 2 # <i>\n' }, 'Propose');
  const body = { title: 'Promote 2', body: 'To prod', head: 'feature', base: 'main', ...words };
  await world.ask(`POST ${place.path}/pulls`, { as: token, body });
  return place;
}

function page(path: string): Promise<Said> {
  return world.ask(`GET ${world.forge.urls.web}${path}`);
}

function press(
  path: string,
  headers: Record<string, string> = { origin: world.forge.urls.web },
): Promise<Said> {
  return world.ask(`POST ${world.forge.urls.web}${path}`, { headers });
}

function stateOf({ name }: Place): string {
  return world.forge.pullRequest(name, 1).state;
}

test('the first page lists repositories, and each of them its pull requests and how to clone it', async () => {
  const place = await proposed();
  const home = await page('/');
  expect([home.status, home.body]).toEqual([
    200,
    expect.stringContaining(`<a href="/${place.name}">${place.name}</a>`),
  ]);
  expect(home.body).toContain('1 open');
  const { body } = await page(`/${place.name}`);
  expect(body).toContain(
    `<a href="/${place.name}/pull/1">Promote 2</a> <small>#1 by acme-promoter[bot]</small>`,
  );
  expect(body).toContain(`git clone ${world.forge.urls.web}/${place.name}.git`);
});

test("a pull request's page shows title, text, branches, what it changes, and two buttons", async () => {
  const place = await proposed();
  const { status, body } = await page(`/${place.name}/pull/1`);
  expect(status).toBe(200);
  for (const part of [
    '<h1>Promote 2 <small>#1</small></h1>',
    '<pre class="body">To prod</pre>',
    '<code>feature</code> into <code>main</code>',
    '<span class="minus">-version: 1 # &#60;b&#62;</span>',
    '<span class="plus">+version: 2 # &#60;i&#62;</span>',
    `<form method="post" action="/${place.name}/pull/1/merge"><button>Merge</button>`,
    `<form method="post" action="/${place.name}/pull/1/close"><button>Close</button>`,
  ]) {
    expect(body).toContain(part);
  }
});

test('Merge merges and Close closes, as the person; then the buttons are gone, or Reopen is there', async () => {
  const [merged, closed] = [await proposed(), await proposed()];
  const said = await press(`/${merged.name}/pull/1/merge`);
  expect([said.status, said.headers.get('location')]).toEqual([303, `/${merged.name}/pull/1`]);
  await press(`/${closed.name}/pull/1/close`);
  expect([stateOf(merged), stateOf(closed)]).toEqual(['merged', 'closed']);
  expect(world.forge.pullRequest(merged.name, 1).mergedBy?.login).toBe('ada');
  expect((await page(`/${merged.name}/pull/1`)).body).not.toContain('<button>');
  expect((await page(`/${closed.name}/pull/1`)).body).toContain('<button>Reopen</button>');
  await press(`/${closed.name}/pull/1/reopen`);
  expect(stateOf(closed)).toBe('open');
});

test('a form that another site sends is refused, and so is one that says nothing of its site', async () => {
  const place = await proposed();
  const path = `/${place.name}/pull/1/merge`;
  const said = await Promise.all([
    press(path, { origin: 'https://evil.example' }),
    press(path, { origin: 'null' }),
    press(path, {}),
    // Whoever points a name of theirs at this machine is of the same site for the browser.
    press(path, { origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' }),
  ]);
  expect(said.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  expect(stateOf(place)).toBe('open');
});

test('what others wrote is text: no title, body, comment, branch or diff becomes HTML', async () => {
  const evil = `<script>alert("1")</script>'&`;
  const place = await proposed({ title: evil, body: evil });
  await world.ask(`POST ${place.path}/issues/1/comments`, { as: token, body: { body: evil } });
  const bodies = [await page(`/${place.name}`), await page(`/${place.name}/pull/1`)];
  for (const { body, headers } of bodies) {
    expect(body).not.toContain('<script');
    expect(body).toContain('&#60;script&#62;');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*form-action 'self'/);
  }
  expect(bodies[1]?.body.split('alert(')).toHaveLength(5);
});

test('what cannot be merged is told on the page, with a way back', async () => {
  const place = await proposed();
  await world.forge.commitFiles(place.name, 'main', { 'app.yaml': 'version: 3\n' }, 'Meanwhile');
  const said = await press(`/${place.name}/pull/1/merge`);
  expect([said.status, said.body]).toEqual([405, expect.stringContaining('Pull Request is not mergeable')]);
  expect(stateOf(place)).toBe('open');
});

test('pages and buttons that there are not are not found, and odd addresses do no harm', async () => {
  const place = await proposed();
  const said = [
    await page('/acme/none'),
    await page(`/${place.name}/pull/7`),
    await press(`/${place.name}/pull/1/explode`),
    await page('//'),
    await page('/%'),
  ];
  expect(said.map(({ status }) => status)).toEqual([404, 404, 404, 200, 404]);
});

test('a form of somebody else stands on the first page and is handed what was typed', async () => {
  const typed: string[] = [];
  world.forge.addForm({
    path: '/release',
    label: 'Put a version into dev',
    field: { name: 'version', example: '6.2.0' },
    submit: async (value) => {
      await Promise.resolve();
      if (value === '') throw new Error('Which version?');
      typed.push(value);
    },
  });
  expect((await page('/')).body).toContain('action="/release"');
  const post = (body: string): Promise<Said> =>
    world.ask(`POST ${world.forge.urls.web}/release`, { headers: { origin: world.forge.urls.web }, body });
  const [good, empty] = [await post('version=6.2.0'), await post('version=')];
  expect([good.status, empty.status, typed]).toEqual([303, 500, ['6.2.0']]);
  expect(empty.body).toContain('Which version?');
});
