import { addMs, jittered } from '../base/time.ts';
import type { Outcome } from './decision.ts';

type Problem = Extract<Outcome, { kind: 'problem' }>;

interface Failure {
  /** What the attempt was made with; another one is tried at once. */
  readonly circumstances: string;
  readonly times: number;
  readonly problem: Problem;
  readonly until: Date;
}

const firstDelayMs = 1_000;

/** The longest that a mended Secret or forge goes unnoticed, jitter included. */
const longestDelayMs = 100_000;

/**
 * When an environment whose promotion failed is tried again: after 1 s, doubling to 100 s, never before the forge's own word.
 * Passes in between, which watches cause, do not touch the forge.
 */
export class Retries {
  readonly #failures = new Map<string, Failure>();

  /** The problem that still stands; undefined when it is time to try. */
  standing(
    environment: string,
    circumstances: string,
    now: Date,
  ): { readonly problem: Problem; readonly until: Date } | undefined {
    const failure = this.#failures.get(environment);
    if (failure === undefined || failure.circumstances !== circumstances || now >= failure.until)
      return undefined;
    return failure;
  }

  failed(environment: string, circumstances: string, problem: Problem, now: Date): void {
    const before = this.#failures.get(environment);
    const times = before?.circumstances === circumstances ? before.times + 1 : 1;
    const delay = jittered(Math.min(longestDelayMs, firstDelayMs * 2 ** (times - 1)));
    const own = addMs(now, delay);
    const until = problem.retryAt !== undefined && problem.retryAt > own ? problem.retryAt : own;
    this.#failures.set(environment, { circumstances, times, problem, until });
  }

  succeeded(environment: string): void {
    this.#failures.delete(environment);
  }

  /** Forgets every environment of a Pipeline (`namespace/name`). */
  forget(pipeline: string): void {
    for (const environment of this.#failures.keys()) {
      if (environment.startsWith(`${pipeline} `)) this.#failures.delete(environment);
    }
  }
}
