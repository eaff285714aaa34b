import {
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isAncestor } from './history.ts';
import { ObjectStore } from './object-store.ts';
import { isOid, zeroOid } from './objects.ts';
import { git, type GitInput, runGit } from './run-git.ts';

export interface RefMove {
  /** `refs/heads/main`. */
  readonly name: string;
  /** Undefined: the ref was made. */
  readonly before: string | undefined;
  /** Undefined: the ref was deleted. */
  readonly after: string | undefined;
}

export interface RefUpdate {
  readonly name: string;
  /** What the ref must be at: an id, zeros for "must not exist"; undefined asks nothing. */
  readonly before?: string | undefined;
  /** Zeros delete. */
  readonly after: string;
  readonly force: boolean;
}

export type RefProblem =
  | { readonly kind: 'moved'; readonly name: string; readonly at: string }
  | { readonly kind: 'notFastForward'; readonly name: string }
  | { readonly kind: 'absent'; readonly name: string }
  | { readonly kind: 'noObject'; readonly name: string; readonly oid: string }
  | { readonly kind: 'noCommit'; readonly name: string; readonly oid: string }
  | { readonly kind: 'badName'; readonly name: string }
  | { readonly kind: 'nameTaken'; readonly name: string; readonly by: string };

/**
 * A bare repository that the `git` program reads and serves while this process writes it. Refs are held in memory and
 * written through as loose files; only `git receive-pack` and `git fast-import` write them otherwise, under the same lock.
 */
export class GitRepository {
  readonly gitDir: string;
  readonly store: ObjectStore;
  readonly #refs = new Map<string, string>();
  readonly #former = new Map<string, string | undefined>();
  #queue: Promise<unknown> = Promise.resolve();
  #serial = 0;

  private constructor(gitDir: string, cacheBytes: number) {
    this.gitDir = gitDir;
    this.store = new ObjectStore({ gitDir, cacheBytes });
  }

  static create(options: {
    readonly gitDir: string;
    readonly defaultBranch: string;
    readonly cacheBytes: number;
  }): GitRepository {
    const { gitDir, defaultBranch } = options;
    for (const folder of ['objects/pack', 'objects/info', 'refs/heads', 'refs/tags', 'info']) {
      mkdirSync(join(gitDir, folder), { recursive: true });
    }
    writeFileSync(join(gitDir, 'HEAD'), `ref: refs/heads/${defaultBranch}\n`);
    writeFileSync(join(gitDir, 'config'), config);
    return new GitRepository(gitDir, options.cacheBytes);
  }

  ref(name: string): string | undefined {
    return this.#refs.get(name);
  }

  /** Where the ref was before its last move: what a reader sees whose replica lags. */
  formerRef(name: string): string | undefined {
    return this.#former.has(name) ? this.#former.get(name) : this.#refs.get(name);
  }

  /** In the order of their names. */
  refsBelow(prefix: string): { readonly name: string; readonly oid: string }[] {
    return [...this.#refs]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, oid]) => ({ name, oid }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get isEmpty(): boolean {
    return this.#refs.size === 0;
  }

  /** Runs `work` while nobody else changes refs. */
  exclusively<T>(work: () => Promise<T> | T): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** Moves all the refs or none of them; gives the first problem found, or the moves that were made. */
  async moveRefs(
    updates: readonly RefUpdate[],
  ): Promise<{ readonly problem: RefProblem } | { readonly moves: readonly RefMove[] }> {
    return this.exclusively(async () => {
      for (const update of updates) {
        const problem = await this.#check(update);
        if (problem) return { problem };
      }
      const moves = updates.flatMap((update): RefMove[] => {
        const before = this.#refs.get(update.name);
        const after = update.after === zeroOid ? undefined : update.after;
        if (before === after) return [];
        this.#put(update.name, after);
        return [{ name: update.name, before, after }];
      });
      return { moves };
    });
  }

  /** Sets a ref that no client writes, such as `refs/pull/1/head`. */
  setHiddenRef(name: string, oid: string | undefined): void {
    this.#put(name, oid);
  }

  /** Feeds a `git fast-import` stream and gives the refs that moved. */
  async fastImport(stream: GitInput): Promise<readonly RefMove[]> {
    return this.exclusively(async () => {
      await git(this.gitDir, ['fast-import', '--quiet', '--force', '--done'], terminated(stream));
      return this.#reload();
    });
  }

  /** Runs a program of git that writes refs by itself, and gives the refs that moved. */
  async whileGitWrites(work: () => Promise<void>): Promise<readonly RefMove[]> {
    return this.exclusively(async () => {
      await work();
      return this.#reload();
    });
  }

  /** `git fsck --full`: every line it says, none for a sound repository. */
  async fsck(): Promise<string[]> {
    const { stdout, stderr } = await runGit(this.gitDir, ['fsck', '--full', '--strict', '--no-dangling']);
    return `${stdout.toString('utf8')}${stderr}`.split('\n').filter((line) => line !== '');
  }

  async stop(): Promise<void> {
    await this.exclusively(() => undefined);
    await this.store.stop();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.gitDir, { recursive: true, force: true });
  }

  async #check(update: RefUpdate): Promise<RefProblem | undefined> {
    const { name, before, after } = update;
    const at = this.#refs.get(name);
    if (before !== undefined && before !== (at ?? zeroOid)) return { kind: 'moved', name, at: at ?? zeroOid };
    if (after === zeroOid) return at === undefined ? { kind: 'absent', name } : undefined;
    if (!isRefName(name) || name.startsWith('refs/pull/')) return { kind: 'badName', name };
    if (at === undefined) {
      const by = this.#nameInTheWay(name);
      if (by !== undefined) return { kind: 'nameTaken', name, by };
    }
    const kind = isOid(after) ? await this.store.kindOf(after) : undefined;
    if (kind === undefined) return { kind: 'noObject', name, oid: after };
    if (kind !== 'commit' && name.startsWith('refs/heads/')) return { kind: 'noCommit', name, oid: after };
    if (at !== undefined && !update.force && !(await isAncestor(this.store, at, after))) {
      return { kind: 'notFastForward', name };
    }
    return undefined;
  }

  /** A ref is a file: `a` and `a/b` cannot both be one. */
  #nameInTheWay(name: string): string | undefined {
    for (let parent = dirname(name); parent.includes('/'); parent = dirname(parent)) {
      if (this.#refs.has(parent)) return parent;
    }
    const below = `${name}/`;
    for (const other of this.#refs.keys()) if (other.startsWith(below)) return other;
    return undefined;
  }

  #put(name: string, oid: string | undefined): void {
    this.#former.set(name, this.#refs.get(name));
    const file = join(this.gitDir, name);
    if (oid === undefined) {
      this.#refs.delete(name);
      unlinkSync(file);
      this.#removeEmptyFolders(dirname(file));
      return;
    }
    this.#refs.set(name, oid);
    mkdirSync(dirname(file), { recursive: true });
    // Beside the refs, since git would read a half-written file among them as a ref.
    const temporary = join(this.gitDir, `ref-${(this.#serial += 1)}.tmp`);
    writeFileSync(temporary, `${oid}\n`);
    renameSync(temporary, file);
  }

  #removeEmptyFolders(folder: string): void {
    for (const kept of ['heads', 'tags']) if (folder === join(this.gitDir, 'refs', kept)) return;
    if (readdirSync(folder).length > 0) return;
    rmdirSync(folder);
    this.#removeEmptyFolders(dirname(folder));
  }

  #reload(): RefMove[] {
    const found = new Map<string, string>();
    const root = join(this.gitDir, 'refs');
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name.endsWith('.lock')) continue;
      const file = join(entry.parentPath, entry.name);
      found.set(file.slice(this.gitDir.length + 1), readFileSync(file, 'latin1').trim());
    }
    const moves: RefMove[] = [];
    for (const name of new Set([...this.#refs.keys(), ...found.keys()])) {
      const before = this.#refs.get(name);
      const after = found.get(name);
      if (before === after) continue;
      this.#former.set(name, before);
      if (after === undefined) this.#refs.delete(name);
      else this.#refs.set(name, after);
      moves.push({ name, before, after });
    }
    return moves;
  }
}

// Nothing is ever packed behind our back: refs stay the loose files that this process reads and writes. Those of pull
// requests are fetched like others, and nobody pushes to them.
const config = `[core]
\trepositoryformatversion = 0
\tbare = true
\tlogallrefupdates = false
[gc]
\tauto = 0
[receive]
\thideRefs = refs/pull
\tautogc = false
\tadvertisePushOptions = false
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
[transfer]
\tfsckObjects = true
[maintenance]
\tauto = false
`;

/** The rules of git-check-ref-format that a branch can break. */
function isRefName(name: string): boolean {
  if (!/^refs\/[^/]+\/./.test(name) || name.length > 250) return false;
  if (/[\p{Cc} ~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$/u.test(name)) return false;
  return name.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
}

async function* terminated(stream: GitInput): AsyncIterable<Uint8Array | string> {
  for await (const part of stream) yield part;
  yield 'done\n';
}
