import type { ObjectStore } from './object-store.ts';
import { type TreeEntry, encodeTree, isTree } from './objects.ts';

/** One change to a tree; without `oid` the path is removed. */
export interface TreeChange {
  readonly path: string;
  readonly mode: string;
  readonly oid?: string;
}

export type TreeEdit =
  { readonly kind: 'edited'; readonly tree: string } | { readonly kind: 'absent'; readonly path: string };

interface Branching {
  readonly here: Map<string, TreeChange>;
  readonly below: Map<string, TreeChange[]>;
}

/**
 * Writes the tree that comes of `changes` upon `base` (undefined: upon nothing). Reads and writes only the directories on the
 * way. `absent` names the first path that was to be removed and is not there.
 */
export async function editTree(
  store: ObjectStore,
  base: string | undefined,
  changes: readonly TreeChange[],
): Promise<TreeEdit> {
  const absent: string[] = [];
  const tree = await edit(store, base, changes, '', absent);
  const path = absent[0];
  if (path !== undefined) return { kind: 'absent', path };
  return { kind: 'edited', tree: tree ?? store.write('tree', Buffer.alloc(0)) };
}

/** Gives the id of the edited tree, or undefined when nothing is left in it: git knows no empty directories. */
async function edit(
  store: ObjectStore,
  base: string | undefined,
  changes: readonly TreeChange[],
  prefix: string,
  absent: string[],
): Promise<string | undefined> {
  const entries = new Map<string, TreeEntry>();
  for (const entry of (base === undefined ? undefined : await store.tree(base)) ?? []) {
    entries.set(entry.name, entry);
  }
  const { here, below } = branch(changes);
  for (const [name, change] of here) {
    if (change.oid !== undefined) entries.set(name, { mode: change.mode, name, oid: change.oid });
    else if (!entries.delete(name)) absent.push(prefix + name);
  }
  for (const [name, inner] of below) {
    const entry = entries.get(name);
    const inside = entry && isTree(entry) ? entry.oid : undefined;
    const oid = await edit(store, inside, inner, `${prefix}${name}/`, absent);
    if (oid === undefined) entries.delete(name);
    else entries.set(name, { mode: '040000', name, oid });
  }
  if (entries.size === 0) return undefined;
  return store.write('tree', encodeTree(entries.values()));
}

function branch(changes: readonly TreeChange[]): Branching {
  const here = new Map<string, TreeChange>();
  const below = new Map<string, TreeChange[]>();
  for (const change of changes) {
    const slash = change.path.indexOf('/');
    if (slash < 0) {
      here.set(change.path, change);
      continue;
    }
    const name = change.path.slice(0, slash);
    const inner = { ...change, path: change.path.slice(slash + 1) };
    const known = below.get(name);
    if (known) known.push(inner);
    else below.set(name, [inner]);
  }
  return { here, below };
}
