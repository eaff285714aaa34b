/** One act that waits for its calls. */
export interface Waiter {
  /** `namespace/pipeline` */
  readonly spender: string;
  /** Into an environment that its Pipeline calls protected. */
  readonly isProtected: boolean;
  readonly calls: number;
  /** Who came first has the smaller one. */
  readonly order: number;
}

/** What was served before; it decides who is next. */
interface Served {
  /** To a namespace, or to a spender. */
  readonly of: (name: string) => number;
  /** How many acts of this namespace in a row were into protected environments. */
  readonly protectedInARow: (namespace: string) => number;
}

/** After so many protected ones in a row another one of the same namespace has its turn. */
const protectedAtOnce = 3;

/**
 * In which order acts get their calls. Namespaces first: the one that was served the least. Within it, protected environments, and after
 * three of those one that is not. Of equals the spender that was served the least, and then who came first. What stands ahead counts as
 * served, so that nobody's many acts are ahead of another's first.
 */
export function inFairOrder<W extends Waiter>(waiters: Iterable<W>, served: Served): W[] {
  const byNamespace = Map.groupBy(waiters, ({ spender }) => namespaceOf(spender));
  const ranked = [...byNamespace].flatMap(([namespace, own]) => {
    let total = served.of(namespace);
    return withinNamespace(own, served, served.protectedInARow(namespace)).map((waiter) => {
      const rank = total;
      total += waiter.calls;
      return { waiter, rank };
    });
  });
  return ranked
    .sort(
      (a, b) =>
        a.rank - b.rank ||
        Number(b.waiter.isProtected) - Number(a.waiter.isProtected) ||
        a.waiter.order - b.waiter.order,
    )
    .map(({ waiter }) => waiter);
}

function withinNamespace<W extends Waiter>(own: readonly W[], served: Served, inARow: number): W[] {
  const theirs = bySpender(
    own.filter(({ isProtected }) => isProtected),
    served,
  );
  const others = bySpender(
    own.filter(({ isProtected }) => !isProtected),
    served,
  );
  const order: W[] = [];
  let [their, other, row] = [0, 0, inARow];
  while (order.length < own.length) {
    const isTheirs = their < theirs.length && (row < protectedAtOnce || other >= others.length);
    const next = isTheirs ? theirs[their] : others[other];
    if (next === undefined) break;
    order.push(next);
    row = isTheirs ? row + 1 : 0;
    if (isTheirs) their += 1;
    else other += 1;
  }
  return order;
}

function bySpender<W extends Waiter>(waiters: readonly W[], served: Served): W[] {
  const totals = new Map<string, number>();
  return [...waiters]
    .sort((a, b) => a.order - b.order)
    .map((waiter) => {
      const rank = totals.get(waiter.spender) ?? served.of(waiter.spender);
      totals.set(waiter.spender, rank + waiter.calls);
      return { waiter, rank };
    })
    .sort((a, b) => a.rank - b.rank || a.waiter.order - b.waiter.order)
    .map(({ waiter }) => waiter);
}

export function namespaceOf(spender: string): string {
  return spender.slice(0, Math.max(0, spender.indexOf('/')));
}
