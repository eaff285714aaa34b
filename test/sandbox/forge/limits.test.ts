import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { githubLimits, noLimits, type LimitSettings } from './limits.ts';
import { stage, type Place, type Said, type Stage } from './staged.ts';

interface Limited {
  readonly place: Place;
  readonly token: string;
  readonly read: (as?: string) => Promise<Said>;
  readonly write: () => Promise<Said>;
  readonly query: () => Promise<Said>;
}

let world: Stage;
beforeAll(async () => {
  world = await stage();
});
afterAll(() => world.stop());

/** Runs a test in an hour of its own, under GitHub's limits but for what it makes small. */
async function under(
  limits: { primary?: Partial<LimitSettings['primary']>; secondary?: Partial<LimitSettings['secondary']> },
  run: (limited: Limited) => Promise<void>,
): Promise<void> {
  world.forge.limits.settings = githubLimits;
  world.clock.pass(3600);
  const place = await world.repository();
  const token = await world.mint();
  world.forge.limits.settings = {
    primary: { ...githubLimits.primary, ...limits.primary },
    secondary: { ...githubLimits.secondary, ...limits.secondary },
  };
  await run({
    place,
    token,
    read: (as = token) => world.ask(`GET ${place.path}/pulls`, { as }),
    write: () => world.ask(`POST ${place.path}/git/blobs`, { as: token, body: { content: 'a' } }),
    query: () => world.graphql('{ viewer { login } }', {}, token),
  });
}

function budget({ headers }: Said): (string | null)[] {
  return ['limit', 'remaining', 'used', 'resource'].map((name) => headers.get(`x-ratelimit-${name}`));
}

const secondaryWords =
  'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';

test('each answer tells what is left, of REST and of GraphQL by themselves', async () => {
  await under({}, async ({ read, query }) => {
    expect(budget(await read())).toEqual(['5000', '4999', '1', 'core']);
    expect(budget(await read())).toEqual(['5000', '4998', '2', 'core']);
    const said = await query();
    expect(budget(said)).toEqual(['5000', '4999', '1', 'graphql']);
    const inOneHour = world.clock.now().getTime() / 1000 + 3600;
    expect(said.headers.get('x-ratelimit-reset')).toBe(`${inOneHour}`);
  });
});

test('after the last request of the hour REST is refused until the reset', async () => {
  await under({ primary: { restPerHour: 2 } }, async ({ read }) => {
    await read();
    world.clock.pass(60);
    await read();
    const refused = await read();
    expect([refused.status, refused.text('message')]).toEqual([
      403,
      `API rate limit exceeded for installation ID ${world.installation.id}.`,
    ]);
    expect(budget(refused)).toEqual(['2', '0', '2', 'core']);
    expect(refused.headers.has('retry-after')).toBe(false);
    const reset = Number(refused.headers.get('x-ratelimit-reset'));
    expect(reset).toBe(world.clock.now().getTime() / 1000 + 3540);
    world.clock.pass(3539);
    expect((await read()).status).toBe(403);
    world.clock.pass(1);
    // A token has ended by then, and the limit has not.
    expect((await read(await world.mint())).status).toBe(200);
  });
});

test('GraphQL says so with 200, an error of type RATE_LIMITED and nothing remaining', async () => {
  await under({ primary: { graphqlPerHour: 1 } }, async ({ query }) => {
    expect((await query()).status).toBe(200);
    const refused = await query();
    expect([refused.status, refused.json]).toMatchObject([200, { errors: [{ type: 'RATE_LIMITED' }] }]);
    expect(budget(refused)).toEqual(['1', '0', '1', 'graphql']);
  });
});

test("an installation's tokens share one budget, and so do a person's", async () => {
  await under({}, async ({ read }) => {
    const [mine, also] = [world.forge.createToken('ada', ['repo']), world.forge.createToken('ada', ['repo'])];
    await read();
    expect(budget(await read(await world.mint()))).toEqual(['5000', '4998', '2', 'core']);
    await read(mine);
    expect(budget(await read(also))).toEqual(['5000', '4998', '2', 'core']);
  });
});

test('nobody in particular has sixty requests an hour and no GraphQL', async () => {
  await under({ primary: { anonymousPerHour: 1 } }, async () => {
    expect((await world.ask('GET /users/ada')).status).toBe(200);
    expect((await world.ask('GET /users/ada')).status).toBe(403);
    expect(githubLimits.primary.anonymousPerHour).toBe(60);
  });
  await under({}, async () => {
    expect((await world.ask('POST /graphql', { body: { query: '{ viewer { login } }' } })).body).toContain(
      'RATE_LIMITED',
    );
  });
});

test('a write costs five points and a read one; too many a minute meet the secondary limit', async () => {
  await under({ secondary: { restPointsPerMinute: 12 } }, async ({ read, write }) => {
    expect([await write(), await write(), await read(), await read()].map(({ status }) => status)).toEqual([
      201, 201, 200, 200,
    ]);
    const refused = await read();
    expect([refused.status, refused.text('message'), refused.headers.get('retry-after')]).toEqual([
      403,
      secondaryWords,
      '60',
    ]);
    world.clock.pass(60);
    expect((await read()).status).toBe(200);
  });
});

test('GraphQL has points of its own, and its secondary limit is a 403', async () => {
  await under({ secondary: { graphqlPointsPerMinute: 1 } }, async ({ read, query }) => {
    await query();
    const refused = await query();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([403, '60']);
    expect(budget(refused)[3]).toBe('graphql');
    expect((await read()).status).toBe(200);
  });
});

test('content is made only so often a minute and an hour', async () => {
  await under({ secondary: { contentPerMinute: 2, contentPerHour: 3 } }, async ({ read, write }) => {
    expect([(await write()).status, (await write()).status, (await write()).status]).toEqual([201, 201, 403]);
    expect((await read()).status).toBe(200);
    world.clock.pass(60);
    expect([(await write()).status, (await write()).status]).toEqual([201, 403]);
  });
});

test('too many requests at once meet the secondary limit, and the next one after them does not', async () => {
  await under({ secondary: { concurrent: 1 } }, async ({ place, token, read }) => {
    // Waits within the limit for git to answer.
    const slow = { as: token, body: { tree: [{ path: 'a', mode: '100644', sha: 'b'.repeat(40) }] } };
    const said = await Promise.all([
      world.ask(`POST ${place.path}/git/trees`, slow),
      world.ask(`POST ${place.path}/git/trees`, slow),
    ]);
    expect(said.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([403, 422]);
    expect((await read()).status).toBe(200);
  });
});

test('without limits nothing tells of them, as GitHub Enterprise Server has it', async () => {
  world.forge.limits.settings = noLimits;
  const { path } = await world.repository();
  const token = await world.mint();
  const said = await Promise.all(
    Array.from({ length: 150 }, () =>
      world.ask(`POST ${path}/git/blobs`, { as: token, body: { content: 'a' } }),
    ),
  );
  expect(new Set(said.map(({ status }) => status))).toEqual(new Set([201]));
  expect(said[0]?.headers.has('x-ratelimit-limit')).toBe(false);
});

test('our own client is told until when to wait', async () => {
  await under({ primary: { graphqlPerHour: 1 }, secondary: { restPointsPerMinute: 5 } }, async (limited) => {
    const { place, token, query, read } = limited;
    await query();
    await read();
    const client = world.client(place, token);
    const call = { signal: AbortSignal.timeout(20_000) };
    const now = world.clock.now().getTime();
    await expect(client.look({ baseBranch: 'main', headBranch: 'x', paths: [] }, call)).rejects.toMatchObject(
      {
        code: 'RateLimited',
        retryAt: new Date(now + 3_600_000),
      },
    );
    const commit = { parent: 'a'.repeat(40), baseTree: 'a'.repeat(40), files: [], message: 'A' };
    await expect(
      client.createCommit({ ...commit, files: [{ path: 'a', text: 'a' }] }, call),
    ).rejects.toMatchObject({ code: 'RateLimited', retryAt: new Date(now + 60_000) });
  });
});
