import { cpus, release, totalmem } from 'node:os';
import { rounded } from './statistics.ts';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** What it is held to; null: it is only told. */
  readonly bar: number | null;
  /** What the same work costs a script that does nothing else; null: nothing to compare. */
  readonly limit: number | null;
}

export interface Report {
  readonly name: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly figures: readonly Figure[];
}

export interface Comparison {
  readonly bar?: number | undefined;
  readonly limit?: number | undefined;
  /** Lower, unless said otherwise. */
  readonly better?: Figure['better'];
}

export function figure(
  name: string,
  value: number,
  unit: string,
  { bar, limit, better = 'lower' }: Comparison = {},
): Figure {
  return {
    name,
    value: rounded(value),
    unit,
    better,
    bar: bar ?? null,
    limit: limit === undefined ? null : rounded(limit),
  };
}

/** Those beyond their bar, and those that could not be measured. */
export function broken(figures: readonly Figure[]): readonly Figure[] {
  return figures.filter(
    ({ value, better, bar }) => bar !== null && !(better === 'lower' ? value <= bar : value >= bar),
  );
}

export function describeMachine(): Report['machine'] {
  const [first] = cpus();
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 1e9),
    node: process.version,
    kernel: release(),
  };
}
