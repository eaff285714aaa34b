import { Chain, type Link } from './chain.ts';

interface Waiting {
  readonly key: string;
  readonly since: number;
  readonly line: Line;
}

interface Line {
  readonly namespace: string;
  readonly keys: Chain<Waiting>;
  /** Its place among the namespaces; undefined while it has none. */
  turn: Link<Line> | undefined;
}

/**
 * Keys that wait, each once. Namespaces take turns, and within one the first to come is the first to go: whatever is in line for one
 * namespace, another's first key has at most one key of each other namespace before it. All but `oldest` take constant time.
 */
export class Turns {
  readonly #places = new Map<string, Link<Waiting>>();
  readonly #lines = new Map<string, Line>();
  readonly #round = new Chain<Line>();

  get size(): number {
    return this.#places.size;
  }

  /** Puts the key at the end of its namespace's line; a key that waits already keeps its place. */
  add(key: string, since: number): void {
    if (this.#places.has(key)) return;
    const line = this.#lineOf(namespaceOf(key));
    this.#places.set(key, line.keys.append({ key, since, line }));
  }

  delete(key: string): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    const { line } = place.value;
    this.#places.delete(key);
    line.keys.remove(place);
    if (line.keys.first !== undefined || line.turn === undefined) return;
    this.#round.remove(line.turn);
    this.#lines.delete(line.namespace);
  }

  /** Removes and gives the key whose turn it is of those namespaces that may go; undefined when none waits. Who may not keeps its turn. */
  take(mayGo: (namespace: string) => boolean = anybody): string | undefined {
    let place = this.#round.first;
    while (place !== undefined && !mayGo(place.value.namespace)) place = place.after;
    const line = place?.value;
    const first = line?.keys.first?.value;
    if (line?.turn === undefined || first === undefined) return undefined;
    // To the end of the round: the next namespace's turn.
    this.#round.remove(line.turn);
    line.turn = this.#round.append(line);
    this.delete(first.key);
    return first.key;
  }

  /** Since when the key of those namespaces waits that has waited longest; undefined when none does. Takes as long as there are namespaces in line. */
  oldest(mayGo: (namespace: string) => boolean = anybody): number | undefined {
    let oldest: number | undefined;
    for (const { namespace, keys } of this.#lines.values()) {
      if (!mayGo(namespace)) continue;
      const since = keys.first?.value.since;
      if (since !== undefined && (oldest === undefined || since < oldest)) oldest = since;
    }
    return oldest;
  }

  #lineOf(namespace: string): Line {
    const known = this.#lines.get(namespace);
    if (known !== undefined) return known;
    const line: Line = { namespace, keys: new Chain(), turn: undefined };
    line.turn = this.#round.append(line);
    this.#lines.set(namespace, line);
    return line;
  }
}

function anybody(): boolean {
  return true;
}

/** '' of a key without one. */
export function namespaceOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf('/')));
}
