import type { ObjectStore } from './object-store.ts';
import type { CommitData } from './objects.ts';

export interface LoggedCommit extends CommitData {
  readonly oid: string;
}

const leftSide = 1;
const rightSide = 2;
const bothSides = leftSide | rightSide;

/** How two commits stand to each other; lists are newest first. */
export interface Divergence {
  /** One best common ancestor; undefined for histories that have nothing in common. */
  readonly mergeBase: string | undefined;
  /** Commits reachable from the right alone. */
  readonly ahead: readonly LoggedCommit[];
  /** How many are reachable from the left alone. */
  readonly behind: number;
}

/**
 * Walks both histories, newest commit first, until all that remains is common to both. As git does, it trusts that a
 * commit is not older than its parents.
 */
export async function compareHistories(store: ObjectStore, left: string, right: string): Promise<Divergence> {
  const sides = new Map<string, number>();
  const queue: LoggedCommit[] = [];
  const seen: LoggedCommit[] = [];
  const push = async (oid: string, side: number): Promise<void> => {
    const known = sides.get(oid);
    if (known !== undefined && (known & side) === side) return;
    sides.set(oid, (known ?? 0) | side);
    const commit = await store.commit(oid);
    if (commit) insertByDate(queue, { ...commit, oid });
  };
  await push(left, leftSide);
  await push(right, rightSide);
  // A common commit still counts as work while a parent of it was taken for one side's: commits of one second come in any order.
  const unsettled = (commit: LoggedCommit): boolean =>
    sides.get(commit.oid) !== bothSides ||
    commit.parents.some((parent) => (sides.get(parent) ?? bothSides) !== bothSides);
  while (queue.some(unsettled)) {
    const commit = queue.shift();
    if (!commit) break;
    const side = sides.get(commit.oid) ?? 0;
    seen.push(commit);
    for (const parent of commit.parents) await push(parent, side);
  }
  const common = [...seen, ...queue].filter((commit) => sides.get(commit.oid) === bothSides);
  const older = new Set(common.flatMap((commit) => commit.parents));
  const mergeBase = newest(common.filter((commit) => !older.has(commit.oid)))?.oid;
  const once = new Map(seen.map((commit) => [commit.oid, commit]));
  const only = (side: number): LoggedCommit[] =>
    [...once.values()].filter((commit) => sides.get(commit.oid) === side);
  return { mergeBase, ahead: only(rightSide), behind: only(leftSide).length };
}

/** Whether `ancestor` is `commit` itself or behind it. */
export async function isAncestor(store: ObjectStore, ancestor: string, commit: string): Promise<boolean> {
  if (ancestor === commit) return true;
  // The commonest question by far: is this the commit that was just made upon the other?
  const data = await store.commit(commit);
  if (data?.parents.includes(ancestor)) return true;
  return (await compareHistories(store, commit, ancestor)).mergeBase === ancestor;
}

function insertByDate(queue: LoggedCommit[], commit: LoggedCommit): void {
  if (queue.some((queued) => queued.oid === commit.oid)) return;
  const time = commit.committer.date.getTime();
  const at = queue.findIndex((queued) => queued.committer.date.getTime() < time);
  if (at < 0) queue.push(commit);
  else queue.splice(at, 0, commit);
}

function newest(commits: readonly LoggedCommit[]): LoggedCommit | undefined {
  let found: LoggedCommit | undefined;
  for (const commit of commits) {
    if (!found || commit.committer.date.getTime() > found.committer.date.getTime()) found = commit;
  }
  return found;
}
