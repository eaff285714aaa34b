import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import { CodedError } from '../../../../src/base/error.ts';
import {
  type CommitData,
  type GitObject,
  type ObjectKind,
  type TreeEntry,
  hashObject,
  isOid,
  parseCommit,
  parseTree,
} from './objects.ts';

interface Stored extends GitObject {
  readonly oid: string;
  tree?: readonly TreeEntry[];
  commit?: CommitData;
}

interface Waiting {
  resolve(found: Stored | undefined): void;
  reject(why: Error): void;
}

/**
 * The objects of one bare repository. Writes are loose objects, made here, since starting git costs more than a whole request
 * may; reads go through a cache and else through one long-lived `git cat-file --batch`, which knows packs as well.
 */
export class ObjectStore {
  readonly #gitDir: string;
  readonly #cache: LRUCache<string, Stored>;
  readonly #folders = new Set<string>();
  #reader: ChildProcessWithoutNullStreams | undefined;
  #waiting: Waiting[] = [];
  #chunks: Buffer[] = [];
  #buffered = 0;
  #needed = 0;
  #serial = 0;

  constructor(options: { readonly gitDir: string; readonly cacheBytes: number }) {
    this.#gitDir = options.gitDir;
    this.#cache = new LRUCache({
      maxSize: options.cacheBytes,
      // What parsing adds is about as large as the content again.
      sizeCalculation: (stored) => 2 * stored.content.length + 200,
    });
  }

  /** Writes an object if it is not known to be there, and gives its id. */
  write(kind: ObjectKind, content: Buffer): string {
    const oid = hashObject(kind, content);
    if (this.#cache.has(oid)) return oid;
    const folder = join(this.#gitDir, 'objects', oid.slice(0, 2));
    if (!this.#folders.has(folder)) {
      mkdirSync(folder, { recursive: true });
      this.#folders.add(folder);
    }
    const whole = Buffer.concat([Buffer.from(`${kind} ${content.length}\0`), content]);
    // git may be reading this folder: an object appears whole or not at all.
    const temporary = join(folder, `tmp_obj_${(this.#serial += 1)}`);
    writeFileSync(temporary, deflateSync(whole, { level: 1 }), { mode: 0o444 });
    renameSync(temporary, join(folder, oid.slice(2)));
    this.#cache.set(oid, { oid, kind, content });
    return oid;
  }

  /** The object of a full id, or of a short one that is unambiguous; undefined when there is none. */
  async read(oid: string): Promise<(GitObject & { readonly oid: string }) | undefined> {
    return this.#read(oid);
  }

  async kindOf(oid: string): Promise<ObjectKind | undefined> {
    return (await this.#read(oid))?.kind;
  }

  /** Undefined when the object is absent or no tree. */
  async tree(oid: string): Promise<readonly TreeEntry[] | undefined> {
    const stored = await this.#read(oid);
    if (stored?.kind !== 'tree') return undefined;
    return (stored.tree ??= parseTree(stored.content));
  }

  /** Undefined when the object is absent or no commit. */
  async commit(oid: string): Promise<CommitData | undefined> {
    const stored = await this.#read(oid);
    if (stored?.kind !== 'commit') return undefined;
    return (stored.commit ??= parseCommit(stored.content));
  }

  /** Undefined when the object is absent or no blob. */
  async blob(oid: string): Promise<Buffer | undefined> {
    const stored = await this.#read(oid);
    return stored?.kind === 'blob' ? stored.content : undefined;
  }

  /** Ends the reading process; reads that wait are refused. */
  async stop(): Promise<void> {
    const reader = this.#reader;
    if (!reader) return;
    this.#reader = undefined;
    const ended = new Promise((resolve) => reader.once('close', resolve));
    reader.stdin.end();
    reader.kill();
    await ended;
  }

  async #read(oid: string): Promise<Stored | undefined> {
    const cached = this.#cache.get(oid);
    if (cached) return cached;
    if (!/^[0-9a-f]{4,40}$/.test(oid)) return undefined;
    const found = await new Promise<Stored | undefined>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#running().stdin.write(`${oid}\n`);
    });
    if (!found) return undefined;
    const known = this.#cache.get(found.oid);
    if (known) return known;
    if (isOid(found.oid)) this.#cache.set(found.oid, found);
    return found;
  }

  #running(): ChildProcessWithoutNullStreams {
    if (this.#reader) return this.#reader;
    const reader = spawn('git', ['cat-file', '--batch'], { cwd: this.#gitDir, stdio: 'pipe' });
    reader.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    reader.stderr.resume();
    reader.stdin.on('error', () => undefined); // the close below tells the readers
    reader.on('close', () => {
      if (this.#reader === reader) this.#reader = undefined;
      const refused = this.#waiting;
      this.#waiting = [];
      this.#chunks = [];
      this.#buffered = 0;
      this.#needed = 0;
      for (const waiting of refused) {
        waiting.reject(new CodedError('GitEnded', 'git cat-file ended while an object was being read'));
      }
    });
    this.#reader = reader;
    return reader;
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    // A large object arrives in many chunks: joining them once it is all there keeps this linear.
    if (this.#buffered < this.#needed) return;
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    this.#needed = 0;
    while (rest.length > 0) {
      const end = rest.indexOf(0x0a);
      if (end < 0) break;
      const [oid = '', kind = '', size = ''] = rest.toString('latin1', 0, end).split(' ');
      if (size === '') {
        this.#waiting.shift()?.resolve(undefined); // "<name> missing" or "<name> ambiguous"
        rest = rest.subarray(end + 1);
        continue;
      }
      const until = end + 1 + Number(size);
      if (rest.length < until + 1) {
        this.#needed = until + 1;
        break;
      }
      // A copy, so that a small object does not keep its whole chunk alive.
      const content = Buffer.from(rest.subarray(end + 1, until));
      this.#waiting.shift()?.resolve({ oid, kind: kind as ObjectKind /* git's own four words */, content });
      rest = rest.subarray(until + 1);
    }
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#buffered = rest.length;
  }
}
