import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { DeclaredMetric, LabelValues } from './metric-table.ts';

/** Different values of one label of one metric; what comes after them is counted as `other`. */
const mostValues = 64;
const other = 'other';

/** One metric in a registry. Its labels cannot grow without bound, and nothing that it is given makes it throw. */
export interface Meter {
  /** Adds to a counter, observes in a histogram, sets a gauge. */
  record(labels: Readonly<Record<string, string>>, value: number): void;
  /** Forgets everything, for what is read anew at each scrape. */
  clear(): void;
}

export function meterOf({ name, type, help, labels, buckets }: DeclaredMetric, registry: Registry): Meter {
  const names = Object.keys(labels);
  const options = { name, help, labelNames: names, registers: [registry] };
  const bounds = Object.entries(labels).map(([label, values]) => [label, bounded(values)] as const);
  const boundedLabels = (given: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(bounds.map(([label, bound]) => [label, bound(given[label] ?? '')]));
  switch (type) {
    case 'counter': {
      const counter = new Counter(options);
      return {
        record: (given, value) => counter.inc(boundedLabels(given), positive(value)),
        clear: () => counter.reset(),
      };
    }
    case 'histogram': {
      const histogram = new Histogram({ ...options, ...(buckets && { buckets: [...buckets] }) });
      return {
        record: (given, value) => histogram.observe(boundedLabels(given), positive(value)),
        clear: () => histogram.reset(),
      };
    }
    case 'gauge': {
      const gauge = new Gauge(options);
      return {
        record: (given, value) => gauge.set(boundedLabels(given), value),
        clear: () => gauge.reset(),
      };
    }
    default:
      return type satisfies never;
  }
}

function bounded(values: LabelValues): (value: string) => string {
  const known = new Set<string>(values === 'any' ? [] : values);
  return (value) => {
    if (known.has(value)) return value;
    if (values !== 'any' || known.size >= mostValues) return other;
    known.add(value);
    return value;
  };
}

/** prom-client throws for anything else, and a metric must not fail what it measures. */
function positive(value: number): number {
  return Number.isFinite(value) && value > 0 ? value : 0;
}
