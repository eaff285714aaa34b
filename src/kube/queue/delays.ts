interface Delay {
  readonly key: string;
  due: number;
  /** Of two that are due at the same time, the one that was set first. */
  order: number;
  /** Where it is in the heap. */
  at: number;
}

/**
 * Keys that each have a time: a binary heap that knows where each key is, so that moving or removing one costs as little as adding
 * it (O(log n)) and leaves nothing behind. Times are milliseconds of one clock, whichever.
 */
export class Delays {
  readonly #heap: Delay[] = [];
  readonly #byKey = new Map<string, Delay>();
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** When the first key is due; Infinity when there is none. */
  get nextDue(): number {
    return this.#heap[0]?.due ?? Infinity;
  }

  /** Sets the key's time, unless it has an earlier one. */
  bring(key: string, due: number): void {
    const known = this.#byKey.get(key);
    if (known === undefined) {
      const delay = { key, due, order: (this.#order += 1), at: this.#heap.length };
      this.#byKey.set(key, delay);
      this.#heap.push(delay);
      this.#up(delay);
    } else if (due < known.due) {
      known.due = due;
      known.order = this.#order += 1;
      this.#up(known);
    }
  }

  delete(key: string): void {
    const gone = this.#byKey.get(key);
    if (gone === undefined) return;
    this.#byKey.delete(key);
    const last = this.#heap.pop();
    if (last === undefined || last === gone) return;
    this.#put(last, gone.at);
    this.#up(last);
    this.#down(last);
  }

  /** Removes and gives the first key that is due by `now`; undefined when none is. */
  takeDue(now: number): string | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.due > now) return undefined;
    this.delete(first.key);
    return first.key;
  }

  #up(delay: Delay): void {
    while (delay.at > 0) {
      const parent = this.#heap[(delay.at - 1) >> 1];
      if (parent === undefined || !isBefore(delay, parent)) return;
      this.#swap(delay, parent);
    }
  }

  #down(delay: Delay): void {
    for (;;) {
      const left = this.#heap[2 * delay.at + 1];
      const right = this.#heap[2 * delay.at + 2];
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, delay)) return;
      this.#swap(delay, child);
    }
  }

  #swap(one: Delay, other: Delay): void {
    const { at } = one;
    this.#put(one, other.at);
    this.#put(other, at);
  }

  #put(delay: Delay, at: number): void {
    this.#heap[at] = delay;
    delay.at = at;
  }
}

function isBefore(one: Delay, other: Delay): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order);
}
