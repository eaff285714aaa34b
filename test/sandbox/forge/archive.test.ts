import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stage, type Place, type Stage } from './staged.ts';

let world: Stage;
let token: string;
beforeAll(async () => {
  world = await stage();
  token = await world.mint();
});
afterAll(() => world.stop());

async function linkTo({ path }: Place, ref = 'main'): Promise<string> {
  const said = await world.ask(`GET ${path}/tarball/${ref}`, { as: token });
  expect(said.status).toBe(302);
  return said.headers.get('location') ?? '';
}

async function statusOf(link: string, headers: Record<string, string> = {}): Promise<number> {
  return (await world.ask(`GET ${link}`, { headers })).status;
}

test('an archive comes from another origin, by a link that needs no other credential', async () => {
  const place = await world.repository({ 'apps/a.yaml': 'a: 1\n' });
  const link = await linkTo(place);
  expect(new URL(link).origin).toBe(world.forge.urls.codeload);
  expect(new URL(link).origin).not.toBe(world.forge.urls.api);
  const response = await fetch(link);
  const tar = gunzipSync(Buffer.from(await response.arrayBuffer())).toString('latin1');
  const commit = world.forge.branch(place.name, 'main') ?? '';
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/x-gzip']);
  expect(tar).toContain(`${place.name.replace('/', '-')}-${commit.slice(0, 7)}/apps/a.yaml`);
  expect(tar).toContain('a: 1\n');
});

test('a link ends after five minutes, by the clock that the forge was given', async () => {
  const link = await linkTo(await world.repository());
  world.clock.pass(300);
  expect(await statusOf(link)).toBe(200);
  world.clock.pass(1);
  expect(await statusOf(link)).toBe(404);
});

test('a link opens nothing but what it was made for', async () => {
  const [place, other] = [await world.repository(), await world.repository()];
  const link = new URL(await linkTo(place));
  const edit = (change: (url: URL) => void): string => {
    const edited = new URL(link);
    change(edited);
    return edited.href;
  };
  const elsewhere = edit((url) => (url.pathname = url.pathname.replace(place.name, other.name)));
  const longer = edit((url) => url.searchParams.set('until', `${Date.now() * 2}`));
  const unsigned = edit((url) => url.searchParams.delete('signature'));
  expect([await statusOf(elsewhere), await statusOf(longer), await statusOf(unsigned)]).toEqual([
    404, 404, 404,
  ]);
});

test('a token that is sent along is refused, and the log shows that there was one', async () => {
  const link = await linkTo(await world.repository());
  world.forge.log.clear();
  expect(await statusOf(link, { authorization: `Bearer ${token}` })).toBe(400);
  expect(await statusOf(link)).toBe(200);
  const entries = world.forge.log.entries();
  expect(
    entries.map(({ credential, status, tokenFingerprint }) => [credential, status, typeof tokenFingerprint]),
  ).toEqual([
    ['refused', 400, 'string'],
    ['anonymous', 200, 'undefined'],
  ]);
  expect(JSON.stringify(entries)).not.toContain('signature');
});

test('no archive of what is not there, or not to be seen', async () => {
  const place = await world.repository();
  const other = await world.repository();
  const narrowed = await world.mint({ repositories: [other.repository.name] });
  expect((await world.ask(`GET ${place.path}/tarball/none`, { as: token })).status).toBe(404);
  expect((await world.ask(`GET ${place.path}/tarball/main`, { as: narrowed })).status).toBe(404);
});

test('our own client reads an archive, and its token does not follow the redirect', async () => {
  const place = await world.repository({
    'apps/a.yaml': 'a: 1\n',
    'apps/b.yaml': 'b: 1\n',
    'README.md': '#\n',
  });
  world.forge.log.clear();
  const taken: [string, string][] = [];
  await world.client(place, token).streamArchive(
    {
      commit: world.forge.branch(place.name, 'main') ?? '',
      wanted: (path) => path.endsWith('.yaml'),
      take: (path, content) => void taken.push([path, content.toString()]),
    },
    { signal: AbortSignal.timeout(20_000) },
  );
  expect(taken).toEqual([
    ['apps/a.yaml', 'a: 1\n'],
    ['apps/b.yaml', 'b: 1\n'],
  ]);
  const told = world.forge.log.entries().map(({ origin, route, credential }) => [origin, route, credential]);
  expect(told).toEqual([
    ['api', 'GET /repos/{owner}/{repo}/tarball/{ref}', 'installation'],
    ['codeload', 'GET archive', 'anonymous'],
  ]);
});
