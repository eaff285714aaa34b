/** What a run can be told on the command line. */
export interface Wishes {
  /** Files of the fleets. */
  readonly sizes: readonly number[];
  /** Undefined: by size. */
  readonly promotions: number | undefined;
  readonly colds: number | undefined;
  /** Pipelines at once; 0: none. */
  readonly burst: number;
  readonly nodeArgs: readonly string[];
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}
