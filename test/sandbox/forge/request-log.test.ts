import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../cluster/eventually.ts';
import type { LoggedRequest } from './request-log.ts';
import { stage, type Stage } from './staged.ts';

let world: Stage;
beforeAll(async () => {
  world = await stage({ logEntries: 8 });
});
afterAll(() => world.stop());
beforeEach(() => world.forge.log.clear());

function logged(): readonly LoggedRequest[] {
  return world.forge.log.entries();
}

test('a request is told by its method and route, whose credential it had, its status and its bytes', async () => {
  const { path } = await world.repository();
  const token = await world.mint();
  world.forge.log.clear();
  const before = performance.timeOrigin + performance.now();
  const body = { content: 'ä' };
  const said = await world.ask(`POST ${path}/git/blobs?a=1`, { as: token, body });
  const after = performance.timeOrigin + performance.now();
  const [entry] = logged();
  expect(logged()).toEqual([
    {
      id: said.headers.get('x-github-request-id'),
      origin: 'api',
      method: 'POST',
      route: 'POST /repos/{owner}/{repo}/git/blobs',
      url: `${path}/git/blobs?a=1`,
      credential: 'installation',
      owner: 'acme-promoter[bot]',
      tokenFingerprint: createHash('sha256').update(token).digest('hex'),
      status: 201,
      bytesIn: Buffer.byteLength(JSON.stringify(body)),
      bytesOut: Buffer.byteLength(said.body),
      startMs: expect.any(Number),
      endMs: expect.any(Number),
      fault: undefined,
    },
  ]);
  const times = [before, entry?.startMs ?? 0, entry?.endMs ?? 0, after];
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test('GraphQL is told by the fields that it asks for', async () => {
  const token = world.forge.createToken('ada', ['repo']);
  await world.graphql('{ viewer { login } again: viewer { id } }', {}, token);
  await world.graphql('{ nonsense', {}, token);
  expect(logged().map(({ route, credential, owner, status }) => [route, credential, owner, status])).toEqual([
    ['POST /graphql viewer viewer', 'classic', 'ada', 200],
    ['POST /graphql', 'classic', 'ada', 200],
  ]);
});

test('every kind of credential has its word, and one that was refused has another', async () => {
  const { name, repository } = await world.repository();
  const { credentials, accounts } = world.forge.world;
  const fine = credentials.createFineGrainedToken({
    owner: accounts.require('ada'),
    resourceOwner: repository.owner,
    permissions: {},
    repositories: undefined,
    expiresAt: undefined,
    headerOffsetMinutes: 0,
  });
  for (const as of [undefined, world.jwt(), fine.value, 'ghp_wrong']) {
    await world.ask('GET /users/acme', as === undefined ? {} : { as });
  }
  await world.ask(`GET ${world.forge.urls.web}/${name}/pulls`);
  expect(logged().map(({ origin, route, credential, owner }) => [origin, route, credential, owner])).toEqual([
    ['api', 'GET /users/{username}', 'anonymous', undefined],
    ['api', 'GET /users/{username}', 'app', 'acme-promoter[bot]'],
    ['api', 'GET /users/{username}', 'fineGrained', 'ada'],
    ['api', 'GET /users/{username}', 'refused', undefined],
    ['web', 'GET page', 'anonymous', undefined],
  ]);
});

test('a lost answer has no status, and its fault is named', async () => {
  const { path } = await world.repository();
  const token = await world.mint();
  world.forge.log.clear();
  world.forge.faults.add({ effect: { kind: 'lostAnswer' } });
  await expect(world.ask(`GET ${path}`, { as: token })).rejects.toThrow('fetch failed');
  await eventually('the request is logged', () => logged().length === 1);
  expect(logged()).toMatchObject([{ status: 0, bytesOut: 0, fault: 'lostAnswer' }]);
});

test('requests are counted by route, and the oldest are forgotten', async () => {
  for (let count = 0; count < 12; count += 1) await world.ask('GET /users/acme');
  await world.ask('GET /users/none');
  await world.ask('GET /app', { as: world.jwt() });
  expect(logged()).toHaveLength(8);
  expect(world.forge.log.byRoute()).toEqual({ 'GET /users/{username}': 7, 'GET /app': 1 });
});
