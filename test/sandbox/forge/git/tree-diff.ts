import { type Patch, diffTexts } from './line-diff.ts';
import type { ObjectStore } from './object-store.ts';
import { type TreeEntry, isTree } from './objects.ts';

export interface FileChange {
  readonly path: string;
  readonly before?: { readonly mode: string; readonly oid: string };
  readonly after?: { readonly mode: string; readonly oid: string };
  /** Where an added file with the same content was removed. */
  readonly previousPath?: string;
}

export interface FilePatch extends Patch {
  readonly binary: boolean;
}

/** Files that differ between two trees, by path; equal subtrees are not opened. Renames are found where the content is the same. */
export async function diffTrees(
  store: ObjectStore,
  before: string | undefined,
  after: string | undefined,
): Promise<FileChange[]> {
  const changes: FileChange[] = [];
  await compare(store, before, after, '', changes);
  changes.sort((a, b) => (a.path < b.path ? -1 : 1));
  return joinRenames(changes);
}

async function compare(
  store: ObjectStore,
  before: string | undefined,
  after: string | undefined,
  prefix: string,
  changes: FileChange[],
): Promise<void> {
  if (before === after) return;
  const olds = byName(before === undefined ? undefined : await store.tree(before));
  const news = byName(after === undefined ? undefined : await store.tree(after));
  for (const name of new Set([...olds.keys(), ...news.keys()])) {
    const old = olds.get(name);
    const now = news.get(name);
    if (old?.oid === now?.oid && old?.mode === now?.mode) continue;
    const path = prefix + name;
    const oldTree = old && isTree(old) ? old.oid : undefined;
    const newTree = now && isTree(now) ? now.oid : undefined;
    if (oldTree !== undefined || newTree !== undefined) {
      await compare(store, oldTree, newTree, `${path}/`, changes);
    }
    const oldFile = old && !isTree(old) ? { mode: old.mode, oid: old.oid } : undefined;
    const newFile = now && !isTree(now) ? { mode: now.mode, oid: now.oid } : undefined;
    if (oldFile || newFile) {
      changes.push({ path, ...(oldFile && { before: oldFile }), ...(newFile && { after: newFile }) });
    }
  }
}

function byName(entries: readonly TreeEntry[] | undefined): Map<string, TreeEntry> {
  return new Map((entries ?? []).map((entry) => [entry.name, entry]));
}

function joinRenames(changes: readonly FileChange[]): FileChange[] {
  const removed = new Map<string, FileChange>();
  for (const change of changes) {
    if (change.before && !change.after) removed.set(change.before.oid, change);
  }
  const joined = new Set<FileChange>();
  const renamed = changes.map((change): FileChange => {
    const source = change.after && !change.before ? removed.get(change.after.oid) : undefined;
    if (!source?.before || joined.has(source)) return change;
    joined.add(source);
    return { ...change, before: source.before, previousPath: source.path };
  });
  return renamed.filter((change) => !joined.has(change));
}

/** What changed inside one file. Submodules and binary files have no text. */
export async function patchOf(store: ObjectStore, change: FileChange): Promise<FilePatch> {
  const [before, after] = await Promise.all([
    contentOf(store, change.before),
    contentOf(store, change.after),
  ]);
  if (isBinary(before) || isBinary(after)) return { additions: 0, deletions: 0, text: '', binary: true };
  return { ...diffTexts(before.toString('utf8'), after.toString('utf8')), binary: false };
}

async function contentOf(store: ObjectStore, file: FileChange['before']): Promise<Buffer> {
  if (!file) return Buffer.alloc(0);
  if (file.mode === '160000') return Buffer.from(`Subproject commit ${file.oid}\n`);
  return (await store.blob(file.oid)) ?? Buffer.alloc(0);
}

/** As git judges it: a NUL among the first 8,000 bytes. */
function isBinary(content: Buffer): boolean {
  return content.subarray(0, 8000).includes(0);
}

/** One file of a unified diff with git's header. */
export function fileDiff(change: FileChange, patch: FilePatch): string {
  const from = change.previousPath ?? change.path;
  const lines = [`diff --git a/${from} b/${change.path}`];
  if (!change.before && change.after) lines.push(`new file mode ${change.after.mode}`);
  if (change.before && !change.after) lines.push(`deleted file mode ${change.before.mode}`);
  if (change.before && change.after && change.before.mode !== change.after.mode) {
    lines.push(`old mode ${change.before.mode}`, `new mode ${change.after.mode}`);
  }
  if (change.previousPath !== undefined) {
    lines.push('similarity index 100%', `rename from ${from}`, `rename to ${change.path}`);
  }
  if (patch.binary) lines.push(`Binary files a/${from} and b/${change.path} differ`);
  if (patch.text === '') return `${lines.join('\n')}\n`;
  lines.push(change.before ? `--- a/${from}` : '--- /dev/null');
  lines.push(change.after ? `+++ b/${change.path}` : '+++ /dev/null');
  return `${lines.join('\n')}\n${patch.text}`;
}
