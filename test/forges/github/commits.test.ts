import { expect, test } from '@jest/globals';
import type { Answer, Asked } from '../scripted.ts';
import { call, id, withForge } from './opened.ts';

const verification = { verified: true, reason: 'valid' };
const trees = ['1', '2', '3'].map(id);

function gitData() {
  let made = 0;
  return ({ url }: Asked): Answer =>
    url.endsWith('/git/trees')
      ? { status: 201, body: { sha: trees[made++], tree: [] } }
      : { status: 201, body: { sha: id('c'), verification } };
}

test('a commit is made in two requests, without author and committer, so that GitHub signs it', async () => {
  await withForge(gitData(), async ({ forge, asked }) => {
    const commit = {
      parent: id('a'),
      baseTree: id('b'),
      message: 'Promote\n\nwhy\n',
      files: [
        { path: 'apps/a.yaml', text: 'a: "größe"\n' },
        { path: 'run.yaml', text: 'b: 1\r\n', executable: true },
      ],
    };
    expect(await forge.createCommit(commit, call())).toEqual({
      sha: id('c'),
      verified: true,
      reason: 'valid',
    });
    expect(asked.map(({ method, url, json }) => ({ method, url, json }))).toEqual([
      {
        method: 'POST',
        url: '/repos/acme/fleet/git/trees',
        json: {
          base_tree: id('b'),
          tree: [
            { path: 'apps/a.yaml', mode: '100644', type: 'blob', content: 'a: "größe"\n' },
            { path: 'run.yaml', mode: '100755', type: 'blob', content: 'b: 1\r\n' },
          ],
        },
      },
      {
        method: 'POST',
        url: '/repos/acme/fleet/git/commits',
        json: { message: 'Promote\n\nwhy\n', tree: trees[0], parents: [id('a')] },
      },
    ]);
  });
});

test('many large files go in several trees, each on top of the one before', async () => {
  await withForge(gitData(), async ({ forge, asked }) => {
    const files = ['a', 'b', 'c', 'd'].map((path) => ({ path, text: path.repeat(400_000) }));
    await forge.createCommit({ parent: id('a'), baseTree: id('b'), message: 'm', files }, call());
    const sent = asked.map(({ json }) => json as { base_tree?: string; tree: unknown }); // our own requests
    expect(sent.map(({ base_tree: base }) => base)).toEqual([id('b'), trees[0], undefined]);
    expect(sent.at(-1)?.tree).toBe(trees[1]);
    expect(sent.slice(0, 2).map(({ tree }) => (tree as { path: string }[]).map(({ path }) => path))).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });
});

test('a commit that nobody signed is told as such', async () => {
  await withForge(
    ({ url }) => ({
      status: 201,
      body: {
        sha: id('1'),
        ...(url.endsWith('/commits') ? { verification: { verified: false, reason: 'unsigned' } } : {}),
      },
    }),
    async ({ forge }) => {
      const commit = { parent: id('a'), baseTree: id('b'), message: 'm', files: [{ path: 'a', text: 'a' }] };
      expect(await forge.createCommit(commit, call())).toEqual({
        sha: id('1'),
        verified: false,
        reason: 'unsigned',
      });
    },
  );
});
