import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { DeclaredMetric, LabelValues } from './metric-table.ts';

/** Different values of one label of one metric; what comes after them is counted as `other`. */
const mostValues = 64;
const other = 'other';

/** One metric in a registry. Its labels cannot grow without bound, and nothing that it is given makes it throw. */
export interface Meter {
  /** Adds to a counter, observes in a histogram, sets a gauge, or lowers it where the table says `least`. */
  record(labels: Readonly<Record<string, string>>, value: number): void;
  /** Forgets everything, also which values its labels had, for what is read anew at each scrape. */
  clear(): void;
}

export function meterOf(
  { name, type, help, labels, buckets, ofSeveral }: DeclaredMetric,
  registry: Registry,
): Meter {
  const names = Object.keys(labels);
  const options = { name, help, labelNames: names, registers: [registry] };
  const bounds = Object.entries(labels).map(([label, values]) => [label, new Bound(values)] as const);
  const bounded = (given: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(bounds.map(([label, bound]) => [label, bound.of(given[label] ?? '')]));
  const forget = (): void => {
    for (const [, bound] of bounds) bound.forget();
  };
  switch (type) {
    case 'counter': {
      const counter = new Counter(options);
      return {
        record: (given, value) => counter.inc(bounded(given), positive(value)),
        clear: () => {
          counter.reset();
          forget();
        },
      };
    }
    case 'histogram': {
      const histogram = new Histogram({ ...options, ...(buckets && { buckets: [...buckets] }) });
      return {
        record: (given, value) => histogram.observe(bounded(given), positive(value)),
        clear: () => {
          histogram.reset();
          forget();
        },
      };
    }
    case 'gauge': {
      const gauge = new Gauge(options);
      const shown = new Map<string, number>();
      return {
        record: (given, value) => {
          const row = bounded(given);
          if (ofSeveral !== 'least') return gauge.set(row, value);
          const key = JSON.stringify(row);
          const least = Math.min(value, shown.get(key) ?? Infinity);
          shown.set(key, least);
          gauge.set(row, least);
        },
        clear: () => {
          gauge.reset();
          shown.clear();
          forget();
        },
      };
    }
    default:
      return type satisfies never;
  }
}

/** The values that one label may have. */
class Bound {
  readonly #values: LabelValues;
  readonly #known = new Set<string>();

  constructor(values: LabelValues) {
    this.#values = values;
  }

  /** The value itself, or `other`. */
  of(value: string): string {
    if (this.#values !== 'any') return this.#values.includes(value) ? value : other;
    if (this.#known.size >= mostValues && !this.#known.has(value)) return other;
    this.#known.add(value);
    return value;
  }

  forget(): void {
    this.#known.clear();
  }
}

/** prom-client throws for anything else, and a metric must not fail what it measures. */
function positive(value: number): number {
  return Number.isFinite(value) && value > 0 ? value : 0;
}
