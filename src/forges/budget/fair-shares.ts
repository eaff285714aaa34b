import { inFairOrder, namespaceOf, type Waiter } from './fair-order.ts';

/**
 * Who was served how much while others waited: a start-time fair queue of two levels, namespaces and in them spenders. What was spent
 * while nobody waited does not count, and who comes new does not come with a claim to all that others were served before. Orders do not
 * change by themselves as time passes, so that a time that somebody was told stays right.
 */
export class FairShares {
  /** By namespace and by spender. */
  readonly #served = new Map<string, number>();
  /** What who is served next has been served at least: of all namespaces under '', of spenders under their namespace. */
  readonly #floors = new Map<string, number>();
  readonly #protectedInARow = new Map<string, number>();

  inOrder<W extends Waiter>(waiters: Iterable<W>): W[] {
    return inFairOrder(waiters, {
      of: (name) => this.#of(name),
      protectedInARow: (namespace) => this.#protectedInARow.get(namespace) ?? 0,
    });
  }

  /** One of those that waited is served; all of them are given, it too, and nobody else waits. */
  serve({ spender, isProtected, calls }: Waiter, all: readonly Waiter[]): void {
    if (all.length <= 1) return this.#forget();
    const namespace = namespaceOf(spender);
    const neighbours = all.filter((each) => namespaceOf(each.spender) === namespace);
    this.#raise(
      '',
      all.map((each) => namespaceOf(each.spender)),
    );
    this.#raise(
      namespace,
      neighbours.map((each) => each.spender),
    );
    for (const name of [namespace, spender]) this.#served.set(name, this.#of(name) + calls);
    const inARow = this.#protectedInARow.get(namespace) ?? 0;
    if (isProtected) this.#protectedInARow.set(namespace, inARow + 1);
    else this.#protectedInARow.delete(namespace);
  }

  #of(name: string): number {
    const level = name.includes('/') ? namespaceOf(name) : '';
    return Math.max(this.#served.get(name) ?? 0, this.#floors.get(level) ?? 0);
  }

  #raise(level: string, names: readonly string[]): void {
    this.#floors.set(level, Math.min(...names.map((name) => this.#of(name))));
  }

  #forget(): void {
    this.#served.clear();
    this.#floors.clear();
    this.#protectedInARow.clear();
  }
}
