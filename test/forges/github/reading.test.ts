import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { refusal, type Answer, type Asked } from '../scripted.ts';
import { call, failureOf, id, withForge } from './opened.ts';

describe('what changed between two commits', () => {
  const changed = (files: unknown, status = 'ahead'): Answer => ({ body: { status, files } });
  const range = { from: id('a'), to: id('b') };

  test('is told file by file', async () => {
    const files = [
      { filename: 'added.yaml', status: 'added', sha: id('1') },
      { filename: 'changed.yaml', status: 'modified', sha: id('2') },
      { filename: 'gone.yaml', status: 'removed', sha: id('3') },
      { filename: 'new.yaml', status: 'renamed', sha: id('4'), previous_filename: 'old.yaml' },
      { filename: 'copy.yaml', status: 'copied', sha: id('5'), previous_filename: 'added.yaml' },
      { filename: 'vendored', status: 'added', sha: null },
    ];
    await withForge(
      () => changed(files),
      async ({ forge, asked }) => {
        expect(await forge.changes(range, call())).toEqual({
          kind: 'complete',
          files: [
            { path: 'added.yaml', blob: id('1') },
            { path: 'changed.yaml', blob: id('2') },
            { path: 'gone.yaml' },
            { path: 'new.yaml', blob: id('4'), previousPath: 'old.yaml' },
            { path: 'copy.yaml', blob: id('5') },
            { path: 'vendored' },
          ],
        });
        expect(asked.map(({ url }) => url)).toEqual([
          `/repos/acme/fleet/compare/${id('a')}...${id('b')}?per_page=1&page=1`,
        ]);
      },
    );
  });

  const patch = '@@ -1,2 +1,3 @@\n kept\n-old\n+new\n++ plus\n\\ No newline at end of file';
  test.each<[string, string, object, string | undefined]>([
    ['its whole patch is shown', 'modified', { patch, additions: 2, deletions: 1 }, 'new\n+ plus'],
    ['it is new', 'added', { patch: '@@ -0,0 +1 @@\n+new', additions: 1, deletions: 0 }, 'new'],
    [
      'lines were only taken away',
      'modified',
      { patch: '@@ -1 +0,0 @@\n-old', additions: 0, deletions: 1 },
      '',
    ],
    ['its patch is cut', 'modified', { patch, additions: 3, deletions: 1 }, undefined],
    ['its patch is left out', 'modified', { additions: 3, deletions: 1 }, undefined],
    ['only its mode changed', 'modified', { additions: 0, deletions: 0 }, undefined],
    ['the patch is against another file', 'renamed', { patch, additions: 2, deletions: 1 }, undefined],
    ['it was a link before', 'changed', { patch, additions: 2, deletions: 1 }, undefined],
  ])('the new lines of a file are told when they are known: %s', async (_, status, shown, newLines) => {
    await withForge(
      () => changed([{ filename: 'a.yaml', status, sha: id('1'), ...shown }]),
      async ({ forge }) => {
        expect(await forge.changes(range, call())).toEqual({
          kind: 'complete',
          files: [{ path: 'a.yaml', blob: id('1'), newLines }],
        });
      },
    );
  });

  const file = { filename: 'a.yaml', status: 'added', sha: id('1') };
  test.each<[string, Answer]>([
    ['the list may have been cut', changed(Array.from({ length: 300 }, () => file))],
    ['there is no list', { body: { status: 'ahead' } }],
    ['the branch was rewritten', changed([file], 'diverged')],
    ['the branch went back', changed([file], 'behind')],
    ['a commit is gone', refusal(404, 'Not Found')],
    ['the commits have nothing in common', refusal(404, 'No common ancestor between a and b.')],
    ['the patches are large', changed([{ ...file, patch: 'x'.repeat(9_000_000) }])],
  ])('is not known when %s', async (_, answer) => {
    await withForge(
      () => answer,
      async ({ forge }) => {
        expect(await forge.changes(range, call())).toMatchObject({ kind: 'unknown' });
      },
    );
  });
});

describe('listing files', () => {
  const blob = (path: string, digit: string, mode = '100644') => ({
    path,
    mode,
    type: 'blob',
    sha: id(digit),
    size: 3,
  });
  const tree = (path: string, digit: string) => ({ path, mode: '040000', type: 'tree', sha: id(digit) });
  const isYaml = (path: string): boolean => path.endsWith('.yaml');
  /** Listings by tree and `recursive`. */
  const listings =
    (known: Record<string, { truncated?: boolean; tree: unknown[] }>) =>
    ({ url }: Asked): Answer => {
      const { pathname, searchParams } = new URL(url, 'http://x');
      const listing = known[`${pathname.slice(-1)}${searchParams.has('recursive') ? ' all' : ''}`];
      return listing === undefined
        ? refusal(404, 'Not Found')
        : { body: { sha: id('0'), truncated: false, ...listing } };
    };

  test('takes one request, and leaves out what is no regular file or not wanted', async () => {
    const all = [
      blob('a.yaml', '1'),
      blob('run.yaml', '2', '100755'),
      blob('link.yaml', '3', '120000'),
      { path: 'vendored.yaml', mode: '160000', type: 'commit', sha: id('4') },
      tree('apps.yaml', '5'),
      blob('apps.yaml/b.yaml', '6'),
      blob('README.md', '7'),
    ];
    await withForge(listings({ 'a all': { tree: all } }), async ({ forge, asked }) => {
      expect(
        await forge.listFiles({ tree: id('a'), keep: isYaml, limit: 10, inParts: false }, call()),
      ).toEqual([
        { path: 'a.yaml', blob: id('1'), size: 3 },
        { path: 'run.yaml', blob: id('2'), size: 3, executable: true },
        { path: 'apps.yaml/b.yaml', blob: id('6'), size: 3 },
      ]);
      expect(asked).toHaveLength(1);
    });
  });

  test('walks the parts of a tree whose listing is cut short', async () => {
    const answer = listings({
      'a all': { truncated: true, tree: [blob('cut.yaml', '9')] },
      a: { tree: [blob('root.yaml', '1'), tree('apps', 'b'), tree('clusters', 'c')] },
      'b all': { tree: [blob('x.yaml', '2'), blob('deep/y.yaml', '3')] },
      'c all': { truncated: true, tree: [] },
      c: { tree: [tree('prod', 'd')] },
      'd all': { tree: [blob('z.yaml', '4')] },
    });
    await withForge(answer, async ({ forge, asked }) => {
      const files = await forge.listFiles({ tree: id('a'), keep: isYaml, limit: 10, inParts: true }, call());
      expect(files?.map(({ path }) => path).sort()).toEqual([
        'apps/deep/y.yaml',
        'apps/x.yaml',
        'clusters/prod/z.yaml',
        'root.yaml',
      ]);
      expect(asked).toHaveLength(6);
    });
  });

  test('gives nothing instead when it is not to walk', async () => {
    const answer = listings({ 'a all': { truncated: true, tree: [blob('cut.yaml', '9')] } });
    await withForge(answer, async ({ forge, asked }) => {
      expect(
        await forge.listFiles({ tree: id('a'), keep: isYaml, limit: 10, inParts: false }, call()),
      ).toBeUndefined();
      expect(asked).toHaveLength(1);
    });
  });

  test.each<[string, Record<string, { truncated?: boolean; tree: unknown[] }>]>([
    [
      'there are more files than may be kept',
      { 'a all': { tree: [blob('1.yaml', '1'), blob('2.yaml', '1'), blob('3.yaml', '1')] } },
    ],
    [
      'one folder is too large by itself',
      { 'a all': { truncated: true, tree: [] }, a: { truncated: true, tree: [] } },
    ],
    [
      'there is no end to the parts',
      { 'a all': { truncated: true, tree: [] }, a: { tree: [tree('more', 'a')] } },
    ],
  ])('is refused when %s', async (_, known) => {
    await withForge(listings(known), async ({ forge }) => {
      expect(
        await failureOf(forge.listFiles({ tree: id('a'), keep: isYaml, limit: 2, inParts: true }, call())),
      ).toMatchObject({
        code: 'Refused',
        message: expect.stringMatching(/acme\/fleet; name narrower paths$/),
      });
    });
  });
});

describe('reading blobs', () => {
  const idOf = (content: string | Buffer): string => {
    const bytes = Buffer.from(content);
    return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  };
  type Shown = {
    byteSize: number;
    isBinary: boolean | null;
    isTruncated: boolean;
    text: string | null;
  } | null;
  const shown = (text: string): Shown => ({
    byteSize: Buffer.byteLength(text),
    isBinary: false,
    isTruncated: false,
    text,
  });

  /** Blobs by id, as GraphQL shows them; `raw` as the REST endpoint has them. */
  const blobs =
    (known: ReadonlyMap<string, Shown>, raw: ReadonlyMap<string, Buffer> = new Map()) =>
    ({ url, json }: Asked): Answer => {
      if (url !== '/graphql') {
        const content = raw.get(url.slice(-40));
        return content === undefined
          ? refusal(404, 'Not Found')
          : { headers: { 'content-type': 'application/vnd.github.raw+json; charset=utf-8' }, body: content };
      }
      const { variables } = json as { variables: Record<string, string> }; // our own request
      const answers = Object.entries(variables).filter(([name]) => /^b\d+$/.test(name));
      return {
        body: {
          data: {
            repository: Object.fromEntries(answers.map(([name, oid]) => [name, known.get(oid) ?? null])),
          },
        },
      };
    };
  const texts = Array.from({ length: 250 }, (_, at) => `file: ${at}\nname: "größe 🚢"\n`);
  const known = new Map(texts.map((text) => [idOf(text), shown(text)]));

  test('takes a request for each hundred', async () => {
    await withForge(blobs(known), async ({ forge, asked }) => {
      const ids = [...known.keys()];
      const found = await forge.readBlobs([...ids, ...ids.slice(0, 5)], call());
      expect(found).toEqual(new Map(texts.map((text) => [idOf(text), text])));
      expect(asked).toHaveLength(3);
    });
  });

  test('nothing is asked for nothing', async () => {
    await withForge(blobs(known), async ({ forge, asked }) => {
      expect(await forge.readBlobs([], call())).toEqual(new Map());
      expect(asked).toEqual([]);
    });
  });

  test('binary and very large ones are left out', async () => {
    const listed = new Map<string, Shown>([
      [id('1'), { byteSize: 10, isBinary: true, isTruncated: false, text: null }],
      [id('2'), { byteSize: 2_000_000, isBinary: false, isTruncated: true, text: 'x' }],
    ]);
    await withForge(blobs(listed), async ({ forge, asked }) => {
      expect(await forge.readBlobs([id('1'), id('2')], call())).toEqual(new Map());
      expect(asked).toHaveLength(1);
    });
  });

  test('one that is cut short, or that GitHub made into other text, is read as it is', async () => {
    const long = `a: ${'long '.repeat(100_000)}\n`;
    const marked = '\ufeffa: 1\n';
    const latin = Buffer.from('a: gr\xf6\xdfe\n', 'latin1');
    const zero = Buffer.from('a: \0\n');
    const listed = new Map<string, Shown>([
      [idOf(long), { byteSize: long.length, isBinary: false, isTruncated: true, text: long.slice(0, 1_000) }],
      [idOf(marked), shown('a: 1\n')],
      [idOf(latin), shown('a: größe\n')],
      [idOf(zero), { byteSize: 5, isBinary: null, isTruncated: false, text: null }],
    ]);
    const raw = new Map([
      [idOf(long), Buffer.from(long)],
      [idOf(marked), Buffer.from(marked)],
      [idOf(latin), latin],
      [idOf(zero), zero],
    ]);
    await withForge(blobs(listed, raw), async ({ forge, asked }) => {
      const found = await forge.readBlobs([...listed.keys()], call());
      // What is not UTF-8 counts as binary.
      expect(found).toEqual(
        new Map([
          [idOf(long), long],
          [idOf(marked), marked],
        ]),
      );
      expect(asked.filter(({ url }) => url !== '/graphql').map(({ headers }) => headers.accept)).toEqual(
        Array.from({ length: 4 }, () => expect.stringContaining('raw')),
      );
    });
  });

  test('content that does not have the hash is not believed', async () => {
    const wanted = idOf('a: 1\n');
    await withForge(
      blobs(new Map([[wanted, shown('a: 2\n')]]), new Map([[wanted, Buffer.from('a: 2\n')]])),
      async ({ forge }) => {
        expect(await failureOf(forge.readBlobs([wanted], call()))).toMatchObject({
          code: 'Malformed',
          message: `github.com gave another content for blob ${wanted}`,
        });
      },
    );
  });

  test('one that its tree names and nobody has is no empty file', async () => {
    await withForge(blobs(new Map()), async ({ forge }) => {
      expect(await failureOf(forge.readBlobs([id('7')], call()))).toMatchObject({ code: 'Unavailable' });
    });
  });

  test.each<[string, (count: number) => Answer | undefined]>([
    ['too large', (count) => (count > 20 ? { body: 'x'.repeat(8 * 1024 * 1024 + 1) } : undefined)],
    ['late (502)', (count) => (count > 20 ? { status: 502, body: '' } : undefined)],
    [
      'late (200)',
      (count) =>
        count > 20
          ? { body: { data: null, errors: [{ message: 'Timeout on validation of query' }] } }
          : undefined,
    ],
  ])('a batch that is %s is halved until it is not', async (_, refuse) => {
    const answer = blobs(known);
    await withForge(
      (asked) => {
        const { variables } = asked.json as { variables: object }; // our own request
        return refuse(Object.keys(variables).length - 2) ?? answer(asked);
      },
      async ({ forge }) => {
        const found = await forge.readBlobs([...known.keys()].slice(0, 80), call());
        expect(found.size).toBe(80);
      },
    );
  });
});
