import { checksumOf, type ObjectVersion } from './checksum.ts';

/** What every object in a store has. */
export interface Stored {
  readonly metadata: ObjectVersion;
}

export type Change<T> =
  | { readonly kind: 'added' | 'deleted'; readonly key: string; readonly object: T }
  | { readonly kind: 'updated'; readonly key: string; readonly object: T; readonly before: T };

/** `namespace/name`; `/name` for what is in no namespace. */
export function keyOf({
  metadata,
}: {
  readonly metadata: Pick<Stored['metadata'], 'namespace' | 'name'>;
}): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** What is known of one kind, by `namespace/name`, with one index. Every mutation says what it changed. */
export class Store<T extends Stored> {
  readonly #objects = new Map<string, T>();
  readonly #refused = new Set<string>();
  readonly #index = new Index();
  readonly #indexOf: (object: T) => readonly string[];
  #checksum = 0;

  /** @param indexOf names under which an object can be found beside its own; the same for the same object each time */
  constructor(indexOf: (object: T) => readonly string[] = () => []) {
    this.#indexOf = indexOf;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  /** Of everything that is there, also of what was refused. A copy. */
  allKeys(): Set<string> {
    const keys = new Set(this.#objects.keys());
    for (const key of this.#refused) keys.add(key);
    return keys;
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  get size(): number {
    return this.#objects.size;
  }

  /** How many are there and could not be kept. */
  get refused(): number {
    return this.#refused.size;
  }

  /** The same in every store that holds the same versions of the same objects: their `checksumOf`, added up modulo 2^32. */
  get checksum(): number {
    return this.#checksum;
  }

  /** Keys of the objects that carry `name` in the index. */
  indexed(name: string): readonly string[] {
    return this.#index.keys(name);
  }

  /**
   * A new uid under the same name is another object: the old one is deleted first. The same version again is no change, unless
   * versions cannot be trusted to say so. Throws what `indexOf` throws, and nothing has changed then.
   */
  set(object: T, { isVersionTrusted = true } = {}): readonly Change<T>[] {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    const isSame = before?.metadata.uid === object.metadata.uid;
    if (isSame && isVersionTrusted && before.metadata.resourceVersion === object.metadata.resourceVersion)
      return [];
    const names = this.#indexOf(object);
    if (!isSame) return [...this.delete(key), this.#add(key, object, names)];
    for (const name of this.#indexOf(before)) this.#index.remove(name, key);
    for (const name of names) this.#index.add(name, key);
    this.#objects.set(key, object);
    this.#checksum = (this.#checksum - checksumOf(before.metadata) + checksumOf(object.metadata)) >>> 0;
    return [{ kind: 'updated', key, object, before }];
  }

  /** It is there and cannot be kept: what was kept of it before goes. */
  refuse(key: string): readonly Change<T>[] {
    const changes = this.delete(key);
    this.#refused.add(key);
    return changes;
  }

  delete(key: string): readonly Change<T>[] {
    this.#refused.delete(key);
    const object = this.#objects.get(key);
    if (object === undefined) return [];
    for (const name of this.#indexOf(object)) this.#index.remove(name, key);
    this.#objects.delete(key);
    this.#checksum = (this.#checksum - checksumOf(object.metadata)) >>> 0;
    return [{ kind: 'deleted', key, object }];
  }

  #add(key: string, object: T, names: readonly string[]): Change<T> {
    this.#objects.set(key, object);
    for (const name of names) this.#index.add(name, key);
    this.#checksum = (this.#checksum + checksumOf(object.metadata)) >>> 0;
    return { kind: 'added', key, object };
  }
}

/** Names to keys. Most names have one, for which a set of its own would be most of the memory. */
class Index {
  readonly #keys = new Map<string, string | Set<string>>();

  keys(name: string): readonly string[] {
    const known = this.#keys.get(name);
    if (known === undefined) return [];
    return typeof known === 'string' ? [known] : [...known];
  }

  add(name: string, key: string): void {
    const known = this.#keys.get(name);
    if (known === undefined) this.#keys.set(name, key);
    else if (typeof known !== 'string') known.add(key);
    else if (known !== key) this.#keys.set(name, new Set([known, key]));
  }

  remove(name: string, key: string): void {
    const known = this.#keys.get(name);
    if (known === key) this.#keys.delete(name);
    else if (typeof known === 'object' && known.delete(key) && known.size === 0) this.#keys.delete(name);
  }
}
