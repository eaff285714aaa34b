import { compareHistories } from './history.ts';
import type { ObjectStore } from './object-store.ts';
import { runGit } from './run-git.ts';

export type Merge =
  | { readonly kind: 'clean'; readonly tree: string }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unrelated' };

/** The tree of `theirs` merged into `ours`, both commits. git itself is asked only where both sides have moved. */
export async function mergeTrees(
  repository: { readonly gitDir: string; readonly store: ObjectStore },
  ours: string,
  theirs: string,
): Promise<Merge> {
  const { store, gitDir } = repository;
  const { mergeBase } = await compareHistories(store, ours, theirs);
  if (mergeBase === undefined) return { kind: 'unrelated' };
  const [oursCommit, theirsCommit] = await Promise.all([store.commit(ours), store.commit(theirs)]);
  if (mergeBase === ours && theirsCommit) return { kind: 'clean', tree: theirsCommit.tree };
  if (mergeBase === theirs && oursCommit) return { kind: 'clean', tree: oursCommit.tree };
  const { code, stdout } = await runGit(gitDir, [
    'merge-tree',
    '--write-tree',
    '--no-messages',
    ours,
    theirs,
  ]);
  if (code !== 0) return { kind: 'conflict' };
  return { kind: 'clean', tree: stdout.toString('latin1', 0, 40) };
}
