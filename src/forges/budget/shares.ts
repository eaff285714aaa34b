interface Entry {
  readonly spender: string;
  calls: number;
  readonly at: number;
}

const hourMs = 3_600_000;

/** Who has spent how much in the last hour: by namespace, and by spender (`namespace/pipeline`). */
export class Shares {
  #entries: Entry[] = [];
  readonly #totals = new Map<string, number>();

  /** Gives what takes some of it back, when less was spent. */
  note(spender: string, calls: number, now: number): (unspent: number) => void {
    this.#forget(now);
    const entry: Entry = { spender, calls, at: now };
    this.#entries.push(entry);
    this.#add(spender, calls);
    return (unspent) => {
      const taken = Math.min(unspent, entry.calls);
      entry.calls -= taken;
      this.#add(spender, -taken);
    };
  }

  /** @param name a namespace or a spender */
  of(name: string, now: number): number {
    this.#forget(now);
    return this.#totals.get(name) ?? 0;
  }

  #add(spender: string, calls: number): void {
    for (const name of [spender, namespaceOf(spender)]) {
      const total = (this.#totals.get(name) ?? 0) + calls;
      if (total === 0) this.#totals.delete(name);
      else this.#totals.set(name, total);
    }
  }

  #forget(now: number): void {
    let old = 0;
    for (const entry of this.#entries) {
      if (entry.at > now - hourMs) break;
      this.#add(entry.spender, -entry.calls);
      entry.calls = 0;
      old += 1;
    }
    if (old > 0) this.#entries = this.#entries.slice(old);
  }
}

export function namespaceOf(spender: string): string {
  return spender.slice(0, Math.max(0, spender.indexOf('/')));
}
