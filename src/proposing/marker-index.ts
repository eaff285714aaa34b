import { LRUCache } from 'lru-cache';
import type { ChangedFile, Changes, ForgeReader, Look } from '../forges/forge.ts';
import { objectId } from '../forges/tree-ids.ts';
import { mayHoldMarker } from '../manifests/scan.ts';

/** A file that may hold markers, as the base branch has it. */
export interface MarkedFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly blob: string;
  readonly text: string;
  /** Absent when it is not, or when the forge does not tell: of a file that `paths` names itself. */
  readonly executable?: true;
}

/** A file below a tree whose content may hold a marker. */
type Found = Omit<MarkedFile, 'text'>;

interface Query {
  readonly forge: ForgeReader;
  /** `host/owner/name` */
  readonly repository: string;
  readonly look: Look;
  readonly signal: AbortSignal;
}

/** Beyond this many unknown files one archive costs less than batches of reads. */
const archiveAbove = 500;

/** More YAML files than this below one path are refused. */
const maxFiles = 250_000;

const maxFileBytes = 1024 * 1024;

/** What an entry costs beside its text: key, bookkeeping. */
const entryBytes = 200;

/**
 * Where the markers are, by content: what a blob or a tree holds never changes, so what is known of one is shared by all
 * Pipelines and repositories, and knowing it costs the id that only the forge can give. Contents are believed once their hash is
 * checked. After the first contact only what changed between two commits is read.
 * Bounded to 64 MiB; what was forgotten is read again.
 */
export class MarkerIndex {
  /** The text of a blob with a marker in it; false for one without. */
  readonly #blobs = new LRUCache<string, string | false>({
    maxSize: 48 * 1024 * 1024,
    sizeCalculation: (text) => entryBytes + (text === false ? 0 : 2 * text.length),
  });
  readonly #trees = new LRUCache<string, readonly Found[]>({
    maxSize: 15 * 1024 * 1024,
    sizeCalculation: (found) => entryBytes * (1 + found.length),
  });
  /** The newest commit and tree that are known of a path of a repository. */
  readonly #known = new LRUCache<string, { readonly commit: string; readonly tree: string }>({ max: 5_000 });
  readonly #changes = new LRUCache<string, Changes>({ max: 50 });
  /** Work under way, by what it will make known: the second who needs it waits for the first. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  /**
   * Every file below the paths of the look whose text may hold a marker. Paths that the base does not have give nothing.
   * Reads nothing when the trees are known, one request when the base moved a little, and the tree and its files at first contact.
   */
  async find(query: Query): Promise<readonly MarkedFile[]> {
    const files = new Map<string, Found>();
    for (const { path, entry } of query.look.paths) {
      if (entry === undefined) continue;
      if (entry.kind === 'blob') files.set(path, { path, blob: entry.oid });
      else for (const found of await this.#below(path, entry.oid, query)) files.set(found.path, found);
    }
    return await this.#withTexts([...files.values()], query);
  }

  /** Makes the text of a file known before the forge is asked for it: what we wrote ourselves. */
  learn(text: string): void {
    this.#blobs.set(objectId('blob', [Buffer.from(text)]), textIfMarked(text));
  }

  async #below(path: string, tree: string, query: Query): Promise<readonly Found[]> {
    const found = await this.#once(
      `tree ${tree}`,
      () => this.#trees.get(tree),
      async () => {
        const files =
          (await this.#fromChanges(path, tree, query)) ?? (await this.#fromListing(path, tree, query));
        this.#trees.set(tree, files);
        return files;
      },
    );
    const { base } = query.look;
    if (base !== undefined) this.#known.set(`${query.repository} ${path}`, { commit: base.commit, tree });
    return found.map((file) => ({ ...file, path: path === '' ? file.path : `${path}/${file.path}` }));
  }

  /** What is below `tree`, from what was below the last one known at this path and what changed since; undefined when that is not known. */
  async #fromChanges(path: string, tree: string, query: Query): Promise<readonly Found[] | undefined> {
    const last = this.#known.get(`${query.repository} ${path}`);
    const before = last === undefined ? undefined : this.#trees.get(last.tree);
    const { base } = query.look;
    if (last === undefined || before === undefined || base === undefined || last.tree === tree)
      return undefined;
    const range = { from: last.commit, to: base.commit };
    const key = `${query.repository} ${range.from} ${range.to}`;
    const changes = await this.#once(
      `changes ${key}`,
      () => this.#changes.get(key),
      async () => {
        const read = await query.forge.changes(range, query);
        this.#changes.set(key, read);
        return read;
      },
    );
    if (changes.kind === 'unknown') return undefined;
    const files = new Map(before.map((file) => [file.path, file]));
    const added: Found[] = [];
    for (const change of changes.files) {
      const { path: changed, previousPath, blob } = change;
      const gone = below(path, previousPath ?? changed);
      const was = files.get(gone ?? '');
      const mayHaveHeldOne = gone !== undefined && files.delete(gone);
      const here = below(path, changed);
      if (here === undefined || blob === undefined || !isYaml(here)) continue;
      // A comparison does not tell modes: a file keeps the one that it had.
      if (mayHaveHeldOne || mayBringMarker(change))
        added.push({ path: here, blob, ...modeOf(was?.executable) });
    }
    const holding = await this.#thoseWithMarkers(new Set(added.map(({ blob }) => blob)), query);
    for (const file of added) if (holding.has(file.blob)) files.set(file.path, file);
    return [...files.values()];
  }

  async #fromListing(path: string, tree: string, query: Query): Promise<readonly Found[]> {
    const list = (inParts: boolean) =>
      query.forge.listFiles({ tree, keep: isYaml, limit: maxFiles, inParts }, query);
    let listed = await list(false);
    if (listed === undefined) {
      const archived = await this.#fromArchive(path, tree, query);
      if (archived !== undefined) return archived;
      // In parts it is never cut short.
      listed = (await list(true)) ?? [];
    }
    const files = listed.filter(({ size }) => size <= maxFileBytes);
    const holding = await this.#thoseWithMarkers(new Set(files.map(({ blob }) => blob)), query);
    return files
      .filter(({ blob }) => holding.has(blob))
      .map(({ path: here, blob, executable }) => ({ path: here, blob, ...modeOf(executable) }));
  }

  /** What is below `tree` when a listing cannot say it; undefined when the archive is not exactly what git has. */
  async #fromArchive(path: string, tree: string, query: Query): Promise<readonly Found[] | undefined> {
    const { base } = query.look;
    if (base === undefined) return undefined;
    const files: Found[] = [];
    const trees = await query.forge.streamArchive(
      {
        commit: base.commit,
        wanted: (file) => below(path, file) !== undefined && isYaml(file),
        take: (file, content, blob, executable) => {
          const text = textIfMarked(content);
          const here = below(path, file);
          if (text === false || here === undefined) return;
          this.#blobs.set(blob, text);
          files.push({ path: here, blob, ...modeOf(executable) });
        },
      },
      query,
    );
    return trees.get(path) === tree ? files : undefined;
  }

  /** Which of these blobs may hold a marker. Few unknown ones are read in batches, many by one archive that is never held whole. */
  async #thoseWithMarkers(blobs: ReadonlySet<string>, query: Query): Promise<ReadonlySet<string>> {
    const holding = new Set<string>();
    const unknown = new Set<string>();
    const judge = (blob: string, text: string | false): void => {
      unknown.delete(blob);
      this.#blobs.set(blob, text);
      if (text !== false) holding.add(blob);
    };
    for (const blob of blobs) {
      const text = this.#blobs.get(blob);
      if (text === undefined) unknown.add(blob);
      else if (text !== false) holding.add(blob);
    }
    const { base } = query.look;
    if (unknown.size > archiveAbove && base !== undefined) {
      await query.forge.streamArchive(
        {
          commit: base.commit,
          wanted: (path, size) => isYaml(path) && size <= maxFileBytes,
          take: (_path, content, blob) => {
            if (unknown.has(blob)) judge(blob, textIfMarked(content));
          },
        },
        query,
      );
    }
    // What the archive left out or changed (export-ignore, export-subst), or all of it when there is little.
    if (unknown.size > 0) {
      const texts = await query.forge.readBlobs([...unknown], query);
      // A blob that the forge gives no text for is binary or too large: no marker can be found in it.
      for (const blob of [...unknown]) judge(blob, textIfMarked(texts.get(blob) ?? ''));
    }
    return holding;
  }

  async #withTexts(files: readonly Found[], query: Query): Promise<readonly MarkedFile[]> {
    const texts = new Map<string, string>();
    const forgotten: string[] = [];
    for (const { blob } of files) {
      const text = this.#blobs.get(blob);
      if (text === undefined) forgotten.push(blob);
      else if (text !== false) texts.set(blob, text);
    }
    if (forgotten.length > 0) {
      for (const [blob, text] of await query.forge.readBlobs([...new Set(forgotten)], query)) {
        this.#blobs.set(blob, textIfMarked(text));
        if (mayHoldMarker(text)) texts.set(blob, text);
      }
    }
    return files.flatMap((file) => {
      const text = texts.get(file.blob);
      return text === undefined ? [] : [{ ...file, text }];
    });
  }

  /** `make` unless `known` answers; two at once make it once, and the second makes it when the first failed. */
  async #once<T>(key: string, known: () => T | undefined, make: () => Promise<T>): Promise<T> {
    for (;;) {
      const answer = known();
      if (answer !== undefined) return answer;
      const underWay = this.#underWay.get(key);
      if (underWay === undefined) break;
      // Its failure is reported to who started it; we find the answer missing and make it ourselves.
      await underWay.catch(() => undefined);
    }
    const making = make();
    this.#underWay.set(key, making);
    try {
      return await making;
    } finally {
      this.#underWay.delete(key);
    }
  }
}

/** Of bytes no text is made unless it is worth keeping. */
function textIfMarked(content: string | Buffer): string | false {
  return mayHoldMarker(content) && content.toString();
}

/** Asked of a file that held none: then only its new lines can, and often they are known already. */
function mayBringMarker({ newLines }: ChangedFile): boolean {
  return newLines === undefined || mayHoldMarker(newLines);
}

function modeOf(executable: boolean | undefined): Pick<MarkedFile, 'executable'> {
  return executable === true ? { executable } : {};
}

function isYaml(path: string): boolean {
  return path.endsWith('.yaml') || path.endsWith('.yml');
}

/** `file` as seen from `directory`; undefined when it is not in it. */
function below(directory: string, file: string): string | undefined {
  if (directory === '') return file;
  return file.startsWith(`${directory}/`) ? file.slice(directory.length + 1) : undefined;
}
