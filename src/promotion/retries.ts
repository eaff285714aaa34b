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
  /** By Pipeline, then by attempt: thousands fail with one forge, and each pass of each forgets some of its own. */
  readonly #failures = new Map<string, Map<string, Failure>>();

  /** The problem that still stands; undefined when it is time to try. */
  standing(
    attempt: string,
    circumstances: string,
    now: Date,
  ): { readonly problem: Problem; readonly until: Date } | undefined {
    const failure = this.#failures.get(pipelineOf(attempt))?.get(attempt);
    if (failure === undefined || failure.circumstances !== circumstances || now >= failure.until)
      return undefined;
    return failure;
  }

  failed(attempt: string, circumstances: string, problem: Problem, now: Date): void {
    if (problem.reason === 'WaitingForBudget' && problem.retryAt !== undefined) {
      // Its turn comes then, and nothing has failed.
      this.#remember(attempt, { circumstances, times: 0, problem, until: problem.retryAt });
      return;
    }
    const before = this.#failures.get(pipelineOf(attempt))?.get(attempt);
    const times = before?.circumstances === circumstances ? before.times + 1 : 1;
    const delay = jittered(Math.min(longestDelayMs, firstDelayMs * 2 ** (times - 1)));
    const own = addMs(now, delay);
    const until = problem.retryAt !== undefined && problem.retryAt > own ? problem.retryAt : own;
    this.#remember(attempt, { circumstances, times, problem, until });
  }

  succeeded(attempt: string): void {
    this.forget(attempt);
  }

  /** Forgets all attempts of a Pipeline, or of one of its environments, or one attempt. */
  forget(of: string): void {
    const pipeline = pipelineOf(of);
    const failures = this.#failures.get(pipeline);
    if (failures === undefined) return;
    for (const attempt of failures.keys()) {
      if (attempt === of || attempt.startsWith(`${of} `)) failures.delete(attempt);
    }
    if (failures.size === 0) this.#failures.delete(pipeline);
  }

  #remember(attempt: string, failure: Failure): void {
    const pipeline = pipelineOf(attempt);
    const failures = this.#failures.get(pipeline) ?? new Map<string, Failure>();
    this.#failures.set(pipeline, failures.set(attempt, failure));
  }
}

/** `namespace/pipeline` of `namespace/pipeline environment …`. */
function pipelineOf(attempt: string): string {
  const end = attempt.indexOf(' ');
  return end === -1 ? attempt : attempt.slice(0, end);
}
