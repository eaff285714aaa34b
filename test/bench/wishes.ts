/** What a run can be told on the command line. */
export interface Wishes {
  /** Files of the fleets. */
  readonly sizes: readonly number[];
  /** Undefined: by size. */
  readonly promotions: number | undefined;
  readonly colds: number | undefined;
  /** Pipelines at once; 0: none. */
  readonly burst: number;
  /** Promotions that are due at once with one credential. */
  readonly due: number;
  /** Of the runtime's fleet; each has four HelmReleases. */
  readonly pipelines: number;
  /** Of an audit; half as many roles. */
  readonly bindings: number;
  /** Credentials to audit. */
  readonly audited: number;
  /** Undefined: all. */
  readonly parts: readonly string[] | undefined;
  readonly nodeArgs: readonly string[];
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}
