import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startForge, type Forge } from './forge.ts';
import { Oracle } from './oracle.ts';
import { stage, type Said, type Stage } from './staged.ts';

// Not stopped by `stop`, which would rightly complain of what is provoked here.
let world: Stage;
let token: string;
let violations: string[];
beforeAll(async () => {
  world = await stage();
  token = await world.mint();
});
afterAll(() => world.forge.stop());
beforeEach(() => {
  const { length } = world.forge.violations;
  violations = new Proxy([], { get: (_, key) => Reflect.get(world.forge.violations.slice(length), key) });
});

async function tampered(json: unknown, path = '/users/acme'): Promise<Said> {
  world.forge.faults.add({ effect: { kind: 'tamper', json } });
  return await world.ask(`GET ${path}`, { as: token });
}

test('an answer without what GitHub always gives is a 500 and is remembered', async () => {
  const said = await tampered({ login: 'acme' });
  expect([said.status, said.text('message')]).toEqual([
    500,
    expect.stringContaining('sandbox: GET /users/{username} 200:  must have required property'),
  ]);
  expect([...violations]).toEqual([expect.stringContaining('GET /users/{username} 200')]);
});

test('an answer with something that GitHub does not know, or of another type, is one too', async () => {
  const { path } = await world.repository();
  const { json } = await world.ask(`GET ${path}/git/ref/heads/main`, { as: token });
  const extra = await tampered({ ...Object(json), shiny: true }, `${path}/git/ref/heads/main`);
  const wrong = await tampered({ ...Object(json), ref: 7 }, `${path}/git/ref/heads/main`);
  expect([extra.status, wrong.status]).toEqual([500, 500]);
  expect([...violations]).toEqual([
    expect.stringContaining('{"additionalProperty":"shiny"}'),
    expect.stringContaining('/ref must be string'),
  ]);
});

test('a status that GitHub does not answer a route with is one', async () => {
  const oracle = Oracle.load();
  const answer = { method: 'GET', apiVersion: '2022-11-28', json: undefined, hasJson: false };
  const judged = [
    oracle.judge({ ...answer, template: '/installation/token', status: 200 }),
    oracle.judge({ ...answer, template: '/repos/{owner}/{repo}/pulls', status: 418 }),
    oracle.judge({ ...answer, method: 'DELETE', template: '/installation/token', status: 204 }),
  ];
  expect(judged).toEqual([
    'GET /installation/token: GitHub has no such route',
    'GET /repos/{owner}/{repo}/pulls: GitHub does not answer with 418',
    undefined,
  ]);
});

test('a body where GitHub gives none, and an error of another shape, are two more', async () => {
  const oracle = Oracle.load();
  const answer = { apiVersion: '2022-11-28', hasJson: true, json: { message: 7 } };
  expect([
    oracle.judge({ ...answer, method: 'DELETE', template: '/installation/token', status: 204 }),
    oracle.judge({ ...answer, method: 'GET', template: '/repos/{owner}/{repo}', status: 404 }),
  ]).toEqual([
    'DELETE /installation/token: GitHub answers 204 without a body',
    expect.stringContaining('GET /repos/{owner}/{repo} 404: /message must be string'),
  ]);
});

test('what a newer version took away must be gone, and before that must be there', async () => {
  const { path, name, repository } = await world.repository();
  await repository.git.moveRefs([
    { name: 'refs/heads/x', after: world.forge.branch(name, 'main') ?? '', force: false },
  ]);
  await world.forge.commitFiles(name, 'x', { x: 'x' }, 'x');
  await world.ask(`POST ${path}/pulls`, { as: token, body: { title: 'x', head: 'x', base: 'main' } });
  const { json } = await world.ask(`GET ${path}/pulls/1`, { as: token });
  const oracle = Oracle.load();
  const judge = (apiVersion: string, shown: unknown): string | undefined => {
    const template = '/repos/{owner}/{repo}/pulls/{pull_number}';
    return oracle.judge({ method: 'GET', template, status: 200, hasJson: true, apiVersion, json: shown });
  };
  const { merge_commit_sha: _, ...without } = Object(json);
  expect(judge('2022-11-28', json)).toBeUndefined();
  expect(judge('2026-03-10', json)).toContain('"additionalProperty"');
  expect(judge('2022-11-28', without)).toContain('merge_commit_sha');
});

test('a request that GitHub would not take must not have worked', async () => {
  const oracle = Oracle.load();
  const judge = (body: unknown): string | undefined =>
    oracle.judgeRequest({
      method: 'POST',
      template: '/repos/{owner}/{repo}/pulls',
      apiVersion: '2022-11-28',
      body,
    });
  expect(judge({ title: 'A', head: 'a', base: 'main' })).toBeUndefined();
  expect(judge({ title: 'A', head: 'a' })).toContain('the request is not as GitHub describes it');
});

test('a route of GitHub that is not played is a 501 and remembered; one that GitHub does not have is a 404', async () => {
  const { path } = await world.repository();
  const unplayed = await world.ask(`GET ${path}/branches`, { as: token });
  const unknown = await world.ask('GET /nothing/here', { as: token });
  expect([unplayed.status, unknown.status]).toEqual([501, 404]);
  expect([...violations]).toEqual([`the sandbox does not implement GET ${path}/branches`]);
});

test("a field that GitHub's schema does not have is an error as GitHub words it", async () => {
  const said = await world.graphql('{ viewer { login shiny } }', {}, token);
  expect([said.status, said.json]).toMatchObject([
    200,
    { errors: [{ message: 'Cannot query field "shiny" on type "User".' }] },
  ]);
  const typed = await world.graphql('query Q($n: Int!) { viewer { login } }', { n: 'one' }, token);
  expect(typed.body).toContain('errors');
  expect([...violations]).toEqual([]);
});

test('a field of the schema that is not played is a 500 and remembered, never null', async () => {
  const said = await world.graphql('{ viewer { login bio } }', {}, token);
  expect(said.status).toBe(500);
  expect([...violations]).toEqual([expect.stringContaining('the sandbox does not implement User.bio')]);
});

test('GraphQL is for those who sign in', async () => {
  const lenient: Forge = await startForge({ strict: false });
  const said = await fetch(`${lenient.urls.api}/graphql`, {
    method: 'POST',
    body: '{"query":"{ viewer { login } }"}',
  });
  expect([said.status, await said.text()]).toEqual([200, expect.stringContaining('RATE_LIMITED')]);
  await lenient.stop();
});
