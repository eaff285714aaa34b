import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Header } from 'tar/header';
import { unpack } from '../../../src/forges/unpack.ts';
import { refusal, startScripted, type Answer, type Asked, type Scripted } from '../scripted.ts';
import { call, failureOf, id, withForge } from './opened.ts';

const fileCount = 2_000;
const everything = { wanted: () => true, take: () => {} };

let folder = '';
let archive = Buffer.alloc(0);
let archives: Scripted;
let answer: (asked: Asked) => Answer = () => ({ body: archive });

const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
    cwd: folder,
    maxBuffer: 1e9,
  }).toString();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'archive-'));
  git('init', '-q');
  for (let at = 0; at < fileCount; at += 1) {
    const path = join(folder, `apps/${'very-long-name-'.repeat(at % 12)}/größe-${at % 7}`, `${at}.yaml`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `file: ${at}\n`.repeat(1 + ((at * 37) % 900)), {
      mode: at % 10 === 0 ? 0o755 : 0o644,
    });
  }
  writeFileSync(join(folder, 'empty.yaml'), '');
  writeFileSync(join(folder, 'large.yaml'), 'x'.repeat(1024 * 1024 + 1));
  symlinkSync('empty.yaml', join(folder, 'link.yaml'));
  git('add', '.');
  git('commit', '-qm', 'a');
  archive = execFileSync('git', ['archive', '--format=tar.gz', '-1', '--prefix=acme-fleet-abc/', 'HEAD'], {
    cwd: folder,
    maxBuffer: 1e9,
  });
  archives = await startScripted((asked) => answer(asked));
});

afterAll(async () => {
  await archives.close();
  rmSync(folder, { recursive: true, force: true });
});

const redirect = (location: string): Answer => ({ status: 302, headers: { location }, body: '' });
const toArchive = (): Answer => redirect(`${archives.url}/acme/fleet/legacy.tar.gz/abc?token=SIGNED`);

test('every regular file of a commit comes with the content that git has', async () => {
  answer = () => ({ body: archive });
  const blobs = new Map(
    git('ls-tree', '-r', '-z', 'HEAD')
      .split('\0')
      .filter((line) => line.startsWith('100'))
      .map((line) => [line.slice(line.indexOf('\t') + 1), line.split(/[ \t]/)[2]]),
  );
  blobs.delete('large.yaml');
  const taken = new Map<string, string>();
  await withForge(toArchive, async ({ forge, asked }) => {
    await forge.streamArchive(
      {
        commit: id('a'),
        wanted: () => true,
        take: (path, content) =>
          void taken.set(
            path,
            createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex'),
          ),
      },
      call(),
    );
    expect(taken.size).toBe(fileCount + 1);
    expect(taken).toEqual(blobs);
    expect(asked.map(({ url }) => url)).toEqual([`/repos/acme/fleet/tarball/${id('a')}`]);
  });
});

test('the ids of all trees are the ones that git has', async () => {
  answer = () => ({ body: archive });
  const known = new Map(
    git('ls-tree', '-r', '-t', '-d', '-z', 'HEAD')
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => [line.slice(line.indexOf('\t') + 1), line.split(/[ \t]/)[2]]),
  );
  known.set('', git('rev-parse', 'HEAD^{tree}').trim());
  await withForge(toArchive, async ({ forge }) => {
    const trees = await forge.streamArchive({ commit: id('a'), ...everything, wanted: () => false }, call());
    expect(trees).toEqual(known);
  });
});

test('the id of a tree is another one when the archive leaves something of it out', async () => {
  const part = execFileSync('git', ['archive', '--prefix=top/', 'HEAD', ':!empty.yaml', ':!*/1.yaml'], {
    cwd: folder,
    maxBuffer: 1e9,
  });
  answer = () => ({ body: gzipSync(part) });
  await withForge(toArchive, async ({ forge }) => {
    const trees = await forge.streamArchive({ commit: id('a'), ...everything }, call());
    expect(trees.get('')).not.toBe(git('rev-parse', 'HEAD^{tree}').trim());
    const unharmed = 'apps/very-long-name-very-long-name-';
    expect(trees.get(unharmed)).toBe(git('rev-parse', `HEAD:${unharmed}`).trim());
  });
});

test('only what is wanted is read', async () => {
  answer = () => ({ body: archive });
  const seen: string[] = [];
  const taken: string[] = [];
  await withForge(toArchive, async ({ forge }) => {
    await forge.streamArchive(
      {
        commit: id('a'),
        wanted: (path, size) => {
          seen.push(`${path} ${size}`);
          return path === 'empty.yaml';
        },
        take: (path) => void taken.push(path),
      },
      call(),
    );
  });
  expect(taken).toEqual(['empty.yaml']);
  expect(seen).toContain('empty.yaml 0');
  expect(seen.some((each) => each.startsWith('link.yaml') || each.startsWith('large.yaml'))).toBe(false);
});

describe('no credential goes where the link leads', () => {
  test.each(['another origin', 'the same origin'])('%s', async (where) => {
    answer = () => ({ body: archive });
    const start = archives.asked.length;
    await withForge(
      ({ url }) =>
        url.startsWith('/repos')
          ? where === 'the same origin'
            ? redirect('/_codeload?token=S')
            : toArchive()
          : { body: archive },
      async ({ forge, asked }) => {
        await forge.streamArchive({ commit: id('a'), ...everything }, call());
        const [first, ...rest] = [...asked, ...archives.asked.slice(start)];
        expect(first?.headers.authorization).toMatch(/^Bearer ghs_/);
        expect(rest).toHaveLength(1);
        for (const each of rest) {
          expect(each.headers.authorization).toBeUndefined();
          expect(each.headers.cookie).toBeUndefined();
          expect(JSON.stringify(each.headers)).not.toContain('ghs_');
        }
      },
    );
  });
});

describe('an archive that cannot be read is an error', () => {
  const cut = (): Answer => ({ body: archive.subarray(0, archive.length / 2) });
  const rows: readonly [string, () => Answer, () => Answer, string, RegExp][] = [
    ['the link is no address', () => redirect('http://'), cut, 'Malformed', /its link is no address$/],
    [
      'the link leaves http',
      () => redirect('file:///etc/passwd'),
      cut,
      'Malformed',
      /its link is file: and not https:$/,
    ],
    ['there is no link', () => ({ status: 200, body: 'x' }), cut, 'Malformed', /it gave no link$/],
    ['the link leads on and on', toArchive, () => redirect('/again'), 'Malformed', /leads on and on$/],
    [
      'the link is too old',
      toArchive,
      () => refusal(404, 'Not Found'),
      'Unavailable',
      /gave a link to the archive that answers 404/,
    ],
    ['it is not compressed', toArchive, () => ({ body: '<html>' }), 'Malformed', /not compressed with gzip$/],
    [
      'it is no tar',
      toArchive,
      () => ({ body: gzipSync('<html>'.repeat(1_000)) }),
      'Malformed',
      /no tar archive \(TAR_ENTRY_INVALID\)$/,
    ],
    ['it breaks off', toArchive, cut, 'Unavailable', /Z_BUF_ERROR/],
    [
      'its end is missing',
      toArchive,
      () => ({ body: gzipSync(entry('a.yaml', Buffer.from('a: 1\n'))) }),
      'Malformed',
      /its end is missing$/,
    ],
    [
      'the repository is gone',
      () => refusal(404, 'Not Found'),
      cut,
      'NotFound',
      /nothing in acme\/fleet for this credential to fetch the archive/,
    ],
  ];
  test.each(rows)('%s', async (_, api, archiveAnswer, code, message) => {
    answer = archiveAnswer;
    await withForge(api, async ({ forge }) => {
      const failure = await failureOf(forge.streamArchive({ commit: id('a'), ...everything }, call()));
      expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    });
  });

  test('when it is asked to stop', async () => {
    answer = () => ({ body: archive });
    const controller = new AbortController();
    const reason = new Error('stop');
    await withForge(toArchive, async ({ forge }) => {
      const streaming = forge.streamArchive(
        { commit: id('a'), wanted: () => (controller.abort(reason), true), take: () => {} },
        { signal: controller.signal },
      );
      await expect(streaming).rejects.toBe(reason);
    });
  });
});

test('an API behind https does not lead into the clear', async () => {
  // Refused before anything is sent: nobody listens here.
  const { streamArchive } = await import('../../../src/forges/github/archive.ts');
  await withForge(toArchive, async ({ connection, asked }) => {
    const { GithubApi } = await import('../../../src/forges/github/request.ts');
    const secure = {
      ...connection,
      endpoint: { ...connection.endpoint, apiUrl: connection.endpoint.apiUrl.replace('http:', 'https:') },
    };
    const api = new GithubApi(connection, { as: 'stored token', token: () => 'x' });
    const place = {
      api,
      connection: secure,
      repository: { owner: 'acme', name: 'fleet' },
      tokenFingerprint: '',
    };
    const before = archives.asked.length;
    expect(await failureOf(streamArchive(place, { commit: id('a'), ...everything }, call()))).toMatchObject({
      code: 'Malformed',
      message: expect.stringMatching(/its link is http: and not https:$/),
    });
    expect(asked).toHaveLength(1);
    expect(archives.asked).toHaveLength(before);
  });
});

/** A header and content as they stand in an archive. */
function entry(path: string, content: Buffer, size = content.length): Buffer {
  const header = Buffer.alloc(512);
  new Header({ path: `top/${path}`, size, type: 'File', mode: 0o644 }).encode(header);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

test.each([
  ['entries', { entries: 2, unpackedBytes: 10_000 }, 'it has more than 2 entries'],
  ['bytes', { entries: 10, unpackedBytes: 2_000 }, 'it is larger than 2000 bytes'],
])('an archive has a bound on %s', async (_, bounds, why) => {
  const files = ['a', 'b', 'c'].map((path) => entry(path, Buffer.from(path)));
  const body = Readable.from([gzipSync(Buffer.concat([...files, Buffer.alloc(1024)]))]);
  await expect(unpack(body, everything, new AbortController().signal, bounds)).rejects.toThrow(why);
});

test('a large archive does not fill the memory', async () => {
  // 300 MiB unpacked, in members of their own so that making it costs nothing.
  const files = 300;
  const content = gzipSync(Buffer.alloc(1024 * 1024, 'a: 1\n'));
  const head = (at: number): Buffer => gzipSync(entry(`${at}.yaml`, Buffer.alloc(0), 1024 * 1024));
  const members = function* (): Generator<Buffer> {
    for (let at = 0; at < files; at += 1) {
      yield head(at);
      yield content;
    }
    yield gzipSync(Buffer.alloc(1024));
  };
  const held = (): number => {
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    return arrayBuffers + heapUsed;
  };
  const before = held();
  let most = 0;
  let bytes = 0;
  const take = (_path: string, { length }: Buffer): void => {
    bytes += length;
    most = Math.max(most, held() - before);
  };
  await unpack(Readable.from(members()), { wanted: () => true, take }, new AbortController().signal);
  expect(bytes).toBe(files * 1024 * 1024);
  expect(most).toBeLessThan(100 * 1024 * 1024);
}, 120_000); // seconds of work, which a busy machine stretches
