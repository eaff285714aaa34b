interface Line {
  readonly namespace: string;
  readonly keys: string[];
}

/** What the queue promises, in the simplest way: lists that are searched. Jitter is none, and fewer fail than a burst may hold. */
export class QueueModel {
  readonly running = new Set<string>();
  /** What a worker got that waited; undefined while it waits. */
  handed: string | undefined;
  readonly #perNamespace: number;
  #now = 0;
  #isAwaited = false;
  #lines: Line[] = [];
  readonly #again = new Set<string>();
  /** In the order in which they were set. */
  #later: { readonly key: string; readonly due: number; readonly way: 'delay' | 'retry' }[] = [];
  readonly #failures = new Map<string, number>();
  readonly #soon = new Map<string, number>();

  constructor(perNamespace: number) {
    this.#perNamespace = perNamespace;
  }

  get depth(): number {
    return this.#lines.reduce((sum, { keys }) => sum + keys.length, 0);
  }

  get isIdle(): boolean {
    return this.depth === 0 && this.#later.length === 0 && this.running.size === 0;
  }

  add(key: string): void {
    this.#later = this.#later.filter((each) => each.key !== key);
    if (this.running.has(key)) {
      this.#again.add(key);
      return;
    }
    const namespace = key.slice(0, 1);
    let line = this.#lines.find((each) => each.namespace === namespace);
    if (line === undefined) this.#lines.push((line = { namespace, keys: [] }));
    if (!line.keys.includes(key)) line.keys.push(key);
    this.#hand();
  }

  addAfter(key: string, ms: number): void {
    if (ms === 0) this.add(key);
    else this.#put(key, ms, 'delay');
  }

  addSoon(key: string): void {
    const soon = (this.#soon.get(key) ?? 0) + 1;
    if (soon > 3) return this.addAfterFailure(key);
    this.#soon.set(key, soon);
    this.#put(key, 200, 'retry');
  }

  addAfterFailure(key: string): void {
    this.#soon.delete(key);
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#put(key, Math.min(120_000, 500 * 2 ** (failures - 1)), 'retry');
  }

  succeeded(key: string): void {
    this.#soon.delete(key);
    this.#failures.delete(key);
  }

  /** The next key; undefined when there is none, and one will be handed over once it comes. */
  take(): string | undefined {
    this.handed = undefined;
    const key = this.#next();
    this.#isAwaited = key === undefined;
    return key;
  }

  #next(): string | undefined {
    const line = this.#lines.find(({ namespace }) => {
      const busy = [...this.running].filter((each) => each.startsWith(namespace));
      return busy.length < this.#perNamespace;
    });
    const key = line?.keys.shift();
    if (line === undefined || key === undefined) return undefined;
    this.#lines = this.#lines.filter((each) => each !== line);
    if (line.keys.length > 0) this.#lines.push(line);
    this.running.add(key);
    return key;
  }

  /** To the worker that waits, if there is anything for it. */
  #hand(): void {
    if (!this.#isAwaited) return;
    this.handed = this.#next();
    this.#isAwaited = this.handed === undefined;
  }

  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  done(key: string): void {
    this.running.delete(key);
    if (this.#again.delete(key)) this.add(key);
    else this.#hand();
  }

  pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const due = Math.min(...this.#later.map((each) => each.due));
      if (due > until) break;
      this.#now = due;
      const all = this.#later.filter((each) => each.due === due);
      const keysThat = (way: 'delay' | 'retry'): string[] =>
        all.filter((each) => each.way === way).map(({ key }) => key);
      for (const key of [...keysThat('delay'), ...inTurns(keysThat('retry'))]) {
        // One that was put off and failed as well comes once.
        if (this.#later.some((each) => each.key === key && each.due === due)) this.add(key);
      }
    }
    this.#now = until;
  }

  #put(key: string, ms: number, way: 'delay' | 'retry'): void {
    const due = this.#now + ms;
    const known = this.#later.find((each) => each.key === key && each.way === way);
    if (known !== undefined && known.due <= due) return;
    this.#later = [...this.#later.filter((each) => each !== known), { key, due, way }];
  }
}

/** The first of each namespace, then the second of each, and so on. */
function inTurns(keys: readonly string[]): string[] {
  const lines = Map.groupBy(keys, (key) => key.slice(0, 1));
  const longest = Math.max(0, ...[...lines.values()].map((line) => line.length));
  return Array.from({ length: longest }, (_, turn) =>
    [...lines.values()].flatMap((line) => line[turn] ?? []),
  ).flat();
}
