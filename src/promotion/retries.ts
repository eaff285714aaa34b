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
 * When an attempt that failed is made again: after 1 s, doubling to 100 s, never before the forge's own word. Passes in between,
 * which watches cause, do not touch the forge. Attempts are named `namespace/pipeline environment` and what was to be done.
 */
export class Retries {
  readonly #failures = new Map<string, Failure>();

  /** The problem that still stands; undefined when it is time to try. */
  standing(
    attempt: string,
    circumstances: string,
    now: Date,
  ): { readonly problem: Problem; readonly until: Date } | undefined {
    const failure = this.#failures.get(attempt);
    if (failure === undefined || failure.circumstances !== circumstances || now >= failure.until)
      return undefined;
    return failure;
  }

  failed(attempt: string, circumstances: string, problem: Problem, now: Date): void {
    if (problem.reason === 'WaitingForBudget' && problem.retryAt !== undefined) {
      // Its turn comes then, and nothing has failed.
      this.#failures.set(attempt, { circumstances, times: 0, problem, until: problem.retryAt });
      return;
    }
    const before = this.#failures.get(attempt);
    const times = before?.circumstances === circumstances ? before.times + 1 : 1;
    const delay = jittered(Math.min(longestDelayMs, firstDelayMs * 2 ** (times - 1)));
    const own = addMs(now, delay);
    const until = problem.retryAt !== undefined && problem.retryAt > own ? problem.retryAt : own;
    this.#failures.set(attempt, { circumstances, times, problem, until });
  }

  succeeded(attempt: string): void {
    this.#failures.delete(attempt);
  }

  /** Forgets all attempts of a Pipeline, or of one of its environments. */
  forget(of: string): void {
    for (const attempt of this.#failures.keys()) {
      if (attempt.startsWith(`${of} `)) this.#failures.delete(attempt);
    }
  }
}
