/** The value that `share` (0 to 1) of the values do not exceed, by nearest rank; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}

/** Three digits that count, as a number: more would be noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
