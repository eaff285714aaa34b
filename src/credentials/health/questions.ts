import { addMs } from '../../base/time.ts';
import { isOfCredential, type Problem } from '../problem.ts';

/** One repository that a credential is for. */
export interface Standing {
  readonly repository: string;
  /** When the forge was last asked about it; absent: not yet. */
  readonly askedAt?: Date;
  /** When a write there last proved all that a question could. */
  readonly provenAt?: Date;
  /** By the last word of the forge it does not take it there, or it may not do there what a promotion does. */
  readonly isFailing: boolean;
}

/** What the forge is to be asked about next. */
export interface Question {
  readonly repository: string;
  /** Not before this instant. */
  readonly at: Date;
  /** Whether it is about what failed, so that it is nobody's turn. */
  readonly isRetry: boolean;
}

/** How often the forge is asked about a credential that works: its repositories take turns. */
const everyMs = 10 * 60_000;

/** How often it is asked about a repository when writes prove that all is well there: they do not tell when the credential ends. */
const atLeastEveryMs = 60 * 60_000;

/** How soon a failure is asked about again. */
const retryMs = 80_000;

/** The same where a use works that the question said could not. */
const contradictedMs = 10_000;

/**
 * Which of its repositories, at least one, to ask about next, and when. Where it works they take turns, one in ten minutes; the one goes first of
 * which nothing was heard for longest. Where it fails it is asked again each 80 seconds, which does not delay the turns of the others. While the
 * forge itself is in trouble, one question is all.
 *
 * @param last what was asked last, and why there is no answer
 * @param turnAt when a turn was last taken
 */
export function nextQuestion({
  standings,
  last,
  turnAt,
}: {
  readonly standings: readonly Standing[];
  readonly last: { readonly repository: string; readonly at: Date; readonly problem?: Problem };
  readonly turnAt: Date;
}): Question {
  const { repository, problem } = last;
  const again = (ms: number): Question => {
    const at = addMs(last.at, ms);
    return { repository, at: later(at, problem?.retryAt ?? at), isRetry: true };
  };
  if (problem !== undefined && !isOfCredential(problem)) return again(retryMs);
  const isContradicted = standings.some((each) => each.repository === repository && !each.isFailing);
  if (problem !== undefined && isContradicted) return again(contradictedMs);
  const retry = retryOf(standings.filter(({ isFailing }) => isFailing));
  const turn = turnOf(
    standings.filter(({ isFailing }) => !isFailing),
    turnAt,
  );
  return [retry, turn].filter((each) => each !== undefined).reduce((a, b) => (b.at < a.at ? b : a));
}

/** What was never asked about goes first, then what was asked about longest ago. */
export function longestUnasked(standings: readonly Standing[]): Standing | undefined {
  return firstBy(standings, ({ askedAt }) => askedAt ?? never);
}

function retryOf(failing: readonly Standing[]): Question | undefined {
  const next = longestUnasked(failing);
  if (next === undefined) return undefined;
  const lastAt = failing.map(({ askedAt }) => askedAt ?? never).reduce(later);
  return { repository: next.repository, at: addMs(lastAt, retryMs), isRetry: true };
}

function turnOf(working: readonly Standing[], turnAt: Date): Question | undefined {
  const next = firstBy(working, dueAt);
  if (next === undefined) return undefined;
  return { repository: next.repository, at: later(dueAt(next), addMs(turnAt, everyMs)), isRetry: false };
}

function dueAt({ askedAt, provenAt }: Standing): Date {
  if (askedAt === undefined) return never;
  const due = addMs(provenAt === undefined ? askedAt : later(askedAt, provenAt), everyMs);
  const atLatest = addMs(askedAt, atLeastEveryMs);
  return due < atLatest ? due : atLatest;
}

/** Before everything that was. */
const never = new Date(0);

function firstBy(standings: readonly Standing[], instant: (of: Standing) => Date): Standing | undefined {
  return standings.reduce<Standing | undefined>(
    (first, each) => (first === undefined || instant(each) < instant(first) ? each : first),
    undefined,
  );
}

function later(one: Date, other: Date): Date {
  return other > one ? other : one;
}
