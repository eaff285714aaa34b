/** What every object in a store has. */
export interface Stored {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
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
  readonly #index = new Map<string, Set<string>>();
  readonly #indexOf: (object: T) => readonly string[];

  /** @param indexOf names under which an object can be found beside its own */
  constructor(indexOf: (object: T) => readonly string[] = () => []) {
    this.#indexOf = indexOf;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Keys of the objects that carry `name` in the index. */
  indexed(name: string): readonly string[] {
    return [...(this.#index.get(name) ?? [])];
  }

  /** A new uid under the same name is another object: the old one is deleted first. */
  set(object: T): readonly Change<T>[] {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (before === undefined) {
      this.#put(key, object);
      return [{ kind: 'added', key, object }];
    }
    if (before.metadata.uid !== object.metadata.uid) return [...this.delete(key), ...this.set(object)];
    if (before.metadata.resourceVersion === object.metadata.resourceVersion) return [];
    this.#unindex(key, before);
    this.#put(key, object);
    return [{ kind: 'updated', key, object, before }];
  }

  delete(key: string): readonly Change<T>[] {
    const object = this.#objects.get(key);
    if (object === undefined) return [];
    this.#unindex(key, object);
    this.#objects.delete(key);
    return [{ kind: 'deleted', key, object }];
  }

  /** Makes the store equal to a whole list. */
  replace(objects: Iterable<T>): readonly Change<T>[] {
    const gone = new Set(this.#objects.keys());
    const changes: Change<T>[] = [];
    for (const object of objects) {
      gone.delete(keyOf(object));
      changes.push(...this.set(object));
    }
    for (const key of gone) changes.push(...this.delete(key));
    return changes;
  }

  #put(key: string, object: T): void {
    this.#objects.set(key, object);
    for (const name of this.#indexOf(object)) {
      const keys = this.#index.get(name);
      if (keys === undefined) this.#index.set(name, new Set([key]));
      else keys.add(key);
    }
  }

  #unindex(key: string, object: T): void {
    for (const name of this.#indexOf(object)) {
      const keys = this.#index.get(name);
      keys?.delete(key);
      if (keys?.size === 0) this.#index.delete(name);
    }
  }
}
