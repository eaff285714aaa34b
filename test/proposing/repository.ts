import { createHash } from 'node:crypto';
import type { ForgeReader, Look } from '../../src/forges/forge.ts';
import { objectId } from '../../src/forges/tree-ids.ts';

/** A repository as a ForgeReader gives it, held in memory, that counts what is asked of it. For tests of what is asked, not of a forge. */
export class CountingRepository {
  readonly asked: string[] = [];
  readonly #commits = new Map<string, ReadonlyMap<string, string>>();
  #head = '';
  /** Paths that archives leave out, as `export-ignore` does. */
  leftOutOfArchives = new Set<string>();
  /** Changes that the forge does not list. */
  hidesChanges = false;
  /** Whether it shows what changed line by line. */
  showsNewLines = false;
  /** Whether there are too many files for one listing. */
  cutsListings = false;

  commit(files: Record<string, string>): string {
    const id = createHash('sha1')
      .update(JSON.stringify(files))
      .update(String(this.#commits.size))
      .digest('hex');
    this.#commits.set(id, new Map(Object.entries(files)));
    this.#head = id;
    return id;
  }

  look(paths: readonly string[]): Look {
    const files = this.#files(this.#head);
    return {
      base: { commit: this.#head, tree: treeId(files, '') },
      paths: (paths.length === 0 ? [''] : paths).map((path) => {
        const text = files.get(path);
        if (text !== undefined) return { path, entry: { kind: 'blob', oid: blobId(Buffer.from(text)) } };
        const exists = path === '' || [...files.keys()].some((each) => each.startsWith(`${path}/`));
        return exists ? { path, entry: { kind: 'tree', oid: treeId(files, path) } } : { path };
      }),
      pullRequests: [],
    };
  }

  readonly reader: ForgeReader = {
    look: () => Promise.reject(new Error('ask the repository itself')),
    changes: ({ from, to }) => {
      this.asked.push('changes');
      if (this.hidesChanges) return Promise.resolve({ kind: 'unknown', why: 'too many' });
      const before = this.#files(from);
      const after = this.#files(to);
      const files = [...new Set([...before.keys(), ...after.keys()])]
        .filter((path) => before.get(path) !== after.get(path))
        .map((path) => {
          const text = after.get(path);
          if (text === undefined) return { path };
          const old = before.get(path)?.split('\n') ?? [];
          const newLines = text.split('\n').filter((line) => !old.includes(line));
          const changed = { path, blob: blobId(Buffer.from(text)) };
          return this.showsNewLines ? { ...changed, newLines: newLines.join('\n') } : changed;
        });
      return Promise.resolve({ kind: 'complete', files });
    },
    listFiles: ({ tree, keep, inParts }) => {
      this.asked.push(inParts ? 'list in parts' : 'list');
      if (this.cutsListings && !inParts) return Promise.resolve(undefined);
      const [directory, files] = this.#treeOf(tree);
      return Promise.resolve(
        below(files, directory)
          .filter(([path]) => keep(path))
          .map(([path, text]) => ({ path, blob: blobId(Buffer.from(text)), size: Buffer.byteLength(text) })),
      );
    },
    readBlobs: (blobs) => {
      this.asked.push(`read ${blobs.length}`);
      const all = [...this.#commits.values()].flatMap((files) => [...files.values()]);
      return Promise.resolve(
        new Map(
          all.map((text) => [blobId(Buffer.from(text)), text] as const).filter(([id]) => blobs.includes(id)),
        ),
      );
    },
    streamArchive: ({ commit, wanted, take }) => {
      this.asked.push('archive');
      const files = new Map([...this.#files(commit)].filter(([path]) => !this.leftOutOfArchives.has(path)));
      for (const [path, text] of files) {
        const content = Buffer.from(text);
        if (wanted(path, content.length)) take(path, content, blobId(content), false);
      }
      return Promise.resolve(new Map(directoriesOf(files).map((path) => [path, treeId(files, path)])));
    },
    pullRequest: () => Promise.reject(new Error('there are none')),
  };

  #files(commit: string): ReadonlyMap<string, string> {
    const files = this.#commits.get(commit);
    if (files === undefined) throw new Error(`no commit ${commit}`);
    return files;
  }

  #treeOf(tree: string): [string, ReadonlyMap<string, string>] {
    for (const files of this.#commits.values()) {
      const found = directoriesOf(files).find((directory) => treeId(files, directory) === tree);
      if (found !== undefined) return [found, files];
    }
    throw new Error(`no tree ${tree}`);
  }
}

function below(files: ReadonlyMap<string, string>, directory: string): [string, string][] {
  const prefix = directory === '' ? '' : `${directory}/`;
  return [...files]
    .filter(([path]) => path.startsWith(prefix))
    .map(([path, text]) => [path.slice(prefix.length), text]);
}

function directoriesOf(files: ReadonlyMap<string, string>): string[] {
  const directories = new Set(['']);
  for (const path of files.keys()) {
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1))
      directories.add(path.slice(0, at));
  }
  return [...directories];
}

function blobId(content: Buffer): string {
  return objectId('blob', [content]);
}

function treeId(files: ReadonlyMap<string, string>, directory: string): string {
  return createHash('sha1')
    .update(JSON.stringify(below(files, directory).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex');
}
