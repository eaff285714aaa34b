import { createHash } from 'node:crypto';

interface OpenTree {
  readonly path: string;
  readonly entries: Buffer[];
}

/**
 * The ids that git gives to trees, out of a walk over their files in git's own order, each directory's at one go. Of another order,
 * or with something left out, come other ids: never the id of a tree that is not exactly what was walked.
 */
export class TreeIds {
  readonly #ids = new Map<string, string>();
  readonly #open: OpenTree[] = [];

  /** @param mode as git writes it, such as `100644` */
  add(path: string, mode: string, blob: string): void {
    const cut = path.lastIndexOf('/');
    this.#enter(path.slice(0, Math.max(0, cut))).push(entry(mode, path.slice(cut + 1), blob));
  }

  /** By path; `''` is the root. To be called once, at the end. */
  finish(): ReadonlyMap<string, string> {
    this.#enter('');
    this.#close();
    return this.#ids;
  }

  #enter(directory: string): Buffer[] {
    let top = this.#open.at(-1);
    while (top !== undefined && !isIn(directory, top.path)) {
      this.#close();
      top = this.#open.at(-1);
    }
    top ??= this.#begin('');
    while (top.path !== directory) {
      const end = directory.indexOf('/', top.path === '' ? 0 : top.path.length + 1);
      top = this.#begin(end < 0 ? directory : directory.slice(0, end));
    }
    return top.entries;
  }

  #begin(path: string): OpenTree {
    const tree = { path, entries: [] };
    this.#open.push(tree);
    return tree;
  }

  #close(): void {
    const tree = this.#open.pop();
    if (tree === undefined) return;
    const id = objectId('tree', tree.entries);
    this.#ids.set(tree.path, id);
    this.#open.at(-1)?.entries.push(entry('40000', tree.path.slice(tree.path.lastIndexOf('/') + 1), id));
  }
}

/** The id of a git object: SHA-1 over its kind, its size and its content. */
export function objectId(kind: 'blob' | 'tree', content: readonly Uint8Array[]): string {
  const size = content.reduce((sum, { length }) => sum + length, 0);
  const hash = createHash('sha1').update(`${kind} ${size}\0`);
  for (const part of content) hash.update(part);
  return hash.digest('hex');
}

function entry(mode: string, name: string, id: string): Buffer {
  return Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]);
}

function isIn(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}
