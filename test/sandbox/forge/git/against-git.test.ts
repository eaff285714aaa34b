import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GitRepository } from './git-repository.ts';
import { compareHistories, isAncestor } from './history.ts';
import { diffTexts } from './line-diff.ts';
import { encodeCommit } from './objects.ts';
import { git, runGit } from './run-git.ts';
import { editTree } from './trees.ts';

let folder: string;
let repository: GitRepository;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockkeeper-objects-'));
  const gitDir = join(folder, 'a.git');
  repository = GitRepository.create({ gitDir, defaultBranch: 'main', cacheBytes: 1_000_000 });
});
afterAll(async () => {
  await repository.remove();
  await rm(folder, { recursive: true, force: true });
});

const runs = { numRuns: 25 };

async function asked(...args: string[]): Promise<string[]> {
  return (await git(repository.gitDir, args))
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}

const line = fc.constantFrom('a\n', 'b\n', 'c\n', 'd\n', '\n');
const text = fc
  .tuple(fc.array(line, { maxLength: 30 }), fc.constantFrom('', 'end'))
  .map(([lines, end]) => lines.join('') + end);

test('git applies each diff and gets the other text', async () => {
  await fc.assert(
    fc.asyncProperty(text, text, async (before, after) => {
      const { store } = repository;
      const tree = async (content: string): Promise<string> => {
        const edit = { path: 'f', mode: '100644', oid: store.write('blob', Buffer.from(content)) };
        const edited = await editTree(store, undefined, [edit]);
        return edited.kind === 'edited' ? edited.tree : '';
      };
      const { text: hunks, additions, deletions } = diffTexts(before, after);
      const [from, to] = [await tree(before), await tree(after)];
      const counted = await asked('diff', '--numstat', '--minimal', from, to);
      expect(counted).toEqual(hunks === '' ? [] : [`${additions}\t${deletions}\tf`]);
      if (hunks === '') return expect(before).toBe(after);
      const patch = `--- a/f\n+++ b/f\n${hunks}`;
      const env = ['-c', 'core.bare=true'];
      await git(repository.gitDir, [...env, 'read-tree', from]);
      const applied = await runGit(
        repository.gitDir,
        [...env, 'apply', '--cached', '--whitespace=nowarn', '-'],
        [patch],
      );
      expect([applied.stderr, await asked('write-tree')]).toEqual(['', [to]]);
    }),
    runs,
  );
});

const path = fc
  .array(fc.constantFrom('a', 'a-b', 'a.b', 'b', 'ä', '0'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));

test('git makes the very tree of the same files', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(path, { maxLength: 12 }), async (paths) => {
      // A path cannot be a file and a folder.
      const files = paths.filter((each) => !paths.some((other) => other.startsWith(`${each}/`)));
      fc.pre(files.length > 0);
      const { store, gitDir } = repository;
      const oid = store.write('blob', Buffer.from('x'));
      const edited = await editTree(
        store,
        undefined,
        files.map((each) => ({ path: each, mode: '100644', oid })),
      );
      const index = ['-c', 'core.bare=true'];
      await git(gitDir, [...index, 'read-tree', '--empty']);
      const entries = files.map((each) => `100644 ${oid}\t${each}\0`);
      await git(gitDir, [...index, 'update-index', '-z', '--index-info'], entries);
      expect(edited).toEqual({ kind: 'edited', tree: (await asked('write-tree'))[0] });
      // Without its files nothing is left of a tree.
      const emptied = await editTree(
        store,
        edited.kind === 'edited' ? edited.tree : undefined,
        files.map((each) => ({ path: each, mode: '100644' })),
      );
      expect(emptied).toEqual({ kind: 'edited', tree: '4b825dc642cb6eb9a060e54bf8d69288fbee4904' });
    }),
    runs,
  );
});

/** For each commit which of those before it are its parents, and by how many seconds it is younger than the one before. */
const histories = fc.array(
  fc.record({ parents: fc.uniqueArray(fc.nat({ max: 30 }), { maxLength: 2 }), seconds: fc.nat({ max: 1 }) }),
  { minLength: 2, maxLength: 12 },
);

test('histories are compared as git compares them', async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (shape) => {
      const { store } = repository;
      const tree = store.write('tree', Buffer.alloc(0));
      const oids: string[] = [];
      let seconds = 1_700_000_000;
      for (const [index, commit] of shape.entries()) {
        seconds += commit.seconds;
        const who = { name: 'E', email: 'e@example.com', date: new Date(seconds * 1000) };
        const parents =
          index === 0 ? [] : [...new Set(commit.parents.map((each) => oids[each % index] ?? ''))];
        const data = { tree, parents, author: who, committer: who, message: `${index}` };
        oids.push(store.write('commit', encodeCommit(data)));
      }
      const [left = '', right = ''] = [oids.at(-2), oids.at(-1)];
      const found = await compareHistories(store, left, right);
      const bases = (await runGit(repository.gitDir, ['merge-base', '--all', left, right])).stdout.toString();
      const ahead = await asked('rev-list', `${left}..${right}`);
      const behind = await asked('rev-list', `${right}..${left}`);
      if (found.mergeBase === undefined) expect(bases).toBe('');
      else expect(bases.split('\n')).toContain(found.mergeBase);
      expect(found.ahead.map(({ oid }) => oid).toSorted()).toEqual(ahead.toSorted());
      expect(found.behind).toBe(behind.length);
      const first = oids[0] ?? '';
      const { code } = await runGit(repository.gitDir, ['merge-base', '--is-ancestor', first, right]);
      expect(await isAncestor(store, first, right)).toBe(code === 0);
    }),
    runs,
  );
});
