/** What one reflector tells of itself. */
export interface ReflectorFacts {
  /** Plural: `pipelines`. */
  readonly resource: string;
  /** Its group: `lockkeeper.dev`; '' of the kinds that every API server has. */
  readonly group: string;
  /** Whether its store has held everything once. */
  readonly hasSynced: boolean;
  /** False while the last list or watch was answered with Forbidden or Unauthorized. */
  readonly isPermitted: boolean;
  /** False while the last list or watch was answered with NotFound: the API server has no such kind. */
  readonly isServed: boolean;
  /** The code of what went wrong last; undefined since anything was heard after that. */
  readonly lastFailure: string | undefined;
  /** For how long the store may have been behind the API server. */
  readonly staleMs: number;
  /** For how long it has neither heard anything from the API server nor failed to. */
  readonly idleMs: number;
  /** How many it holds. */
  readonly objects: number;
  /** How many are there that it could not read, and left out. */
  readonly refused: number;
  /** Of their names, uids and versions: 32 bits, the same where the same is held. */
  readonly checksum: number;
}

/** What one controller tells of itself. */
export interface ControllerFacts {
  /** `pipelines`, `credentials`. */
  readonly controller: string;
  readonly concurrency: number;
  /** After so long a pass is aborted. */
  readonly deadlineMs: number;
  /** Keys that are ready. */
  readonly queueDepth: number;
  /** For how long the first of them has been ready; 0 of none. */
  readonly oldestMs: number;
  /** Passes that run now. */
  readonly running: number;
  /** How long the longest of them has run; 0 of none. */
  readonly longestPassMs: number;
  /** How many of them were aborted at their deadline and have not heeded it, for which they have some seconds. */
  readonly overdue: number;
}

/** Whether we may do what we cannot act without, beside watching. */
export interface PermissionFacts {
  /** What it is for, as the check is called: `election`. */
  readonly use: string;
  /** What the API server last denied us of it: `update leases`. */
  readonly denied: readonly string[];
}

/** What the auditor found, of all Credentials together. */
export interface AccessFacts {
  /** Credentials by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** Who can reach a Secret beside those who have to, by how. */
  readonly others: Readonly<Record<string, number>>;
}

/** How Credentials fare, of all together. */
export interface CredentialFacts {
  /** How many by the reason of their condition Ready. */
  readonly reasons: Readonly<Record<string, number>>;
  /** When the first of them ends that has not yet; absent when none is known to. */
  readonly firstExpiry?: Date;
}

/** What is left of one limit of one account at a forge. */
interface BudgetFacts {
  readonly host: string;
  readonly account: string;
  readonly limit: string;
  readonly remaining: number;
}

/** What the process knows of itself, read at one moment. */
export interface RuntimeFacts {
  /** Whether passes run here; a standby's queues are empty. */
  readonly isLeading: boolean;
  readonly reflectors: readonly ReflectorFacts[];
  readonly controllers: readonly ControllerFacts[];
  /** Absent: nothing is asked for that could be denied. */
  readonly permissions?: readonly PermissionFacts[];
  /** Nothing may be done before it is known that we have no right that we must not have, and it is not known yet. */
  readonly isOverPrivilegeAwaited?: boolean;
  /** What is left of the limits of forges, by account. */
  readonly budgets?: readonly BudgetFacts[];
  /** Of a controller alone. */
  readonly credentials?: CredentialFacts;
  /** Of an auditor alone. */
  readonly access?: AccessFacts;
  /** Rights that the controller has and must not have, by name. */
  readonly overPrivileged?: readonly string[];
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** One sentence; of a failed check with the next step. */
  readonly message: string;
}

/** Several checks as one answer: all is well when each is. */
export interface Verdict {
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

const longestLagMs = 10_000;
/**
 * What a healthy reflector may take from one sign of life to the next, were each wait to come right after the other: three minutes of
 * a silent watch, a pause of 39 s (30 s that a server may ask for, with jitter), a page of a list that is given up after a minute; and a minute to spare.
 */
const longestIdleMs = 6 * 60_000;
/** So long a pass that was aborted may take to heed it. */
const heedWithinMs = 60_000;
/** A free worker takes a ready key at once; this allows for a queue that spreads its keys over time. */
const longestWaitMs = 15 * 60_000;
/** What a store may be behind the API server before it is not believed any more. */
export const longestStaleMs = 5 * 60_000;

/**
 * Whether the process still gets anywhere: a restart is what helps when it does not. An API server that cannot be reached is no
 * failure here, nor is a long queue while every worker is busy and keeps its deadline: a restart would only begin that work anew.
 */
export function liveness(facts: RuntimeFacts & { readonly eventLoopLagMs: number }): Verdict {
  return verdict([
    eventLoopTurns(facts.eventLoopLagMs),
    ...facts.reflectors.map(reflectorMoves),
    ...facts.controllers.flatMap((each) => [passesHeed(each), queueMoves(each)]),
  ]);
}

/**
 * Whether it knows what it has to know to act, and may: synced, permitted, current. One that waits for leadership is as ready as the
 * leader; one that may not be elected is not.
 */
export function readiness({
  reflectors,
  permissions = [],
  isOverPrivilegeAwaited = false,
}: Pick<RuntimeFacts, 'reflectors' | 'permissions' | 'isOverPrivilegeAwaited'>): Verdict {
  if (reflectors.length === 0) {
    const message = 'nothing is watched yet; wait, or look at the log when it stays so';
    return verdict([{ name: 'caches', ok: false, message }]);
  }
  const awaited = isOverPrivilegeAwaited ? [tooManyRightsUnknown] : [];
  return verdict([...reflectors.map(cacheIsCurrent), ...permissions.map(isPermittedTo), ...awaited]);
}

function verdict(checks: readonly Check[]): Verdict {
  return { ok: checks.every(({ ok }) => ok), checks };
}

function eventLoopTurns(lagMs: number): Check {
  const ok = lagMs < longestLagMs;
  const seen = `was held up for ${seconds(lagMs)} at most`;
  const next = 'give it more CPU, or report what the log says of that time';
  return check('event-loop', ok, seen, next);
}

function reflectorMoves({ resource, idleMs }: ReflectorFacts): Check {
  const seen = `heard something, or failed at it, ${seconds(idleMs)} ago`;
  const next = `after ${seconds(longestIdleMs)} it has stopped for good: restart the Pod, and report this`;
  return check(`watch-${resource}`, idleMs < longestIdleMs, seen, next);
}

function passesHeed({ controller, deadlineMs, longestPassMs, overdue }: ControllerFacts): Check {
  const ok = longestPassMs < deadlineMs + heedWithinMs;
  const seen =
    overdue === 0
      ? 'no pass is past its deadline'
      : `${overdue} past the deadline of ${seconds(deadlineMs)}, the longest pass runs for ${seconds(longestPassMs)}`;
  return check(
    `passes-${controller}`,
    ok,
    seen,
    'it does not heed that it was aborted: restart the Pod, and report this',
  );
}

function queueMoves({ controller, concurrency, queueDepth, oldestMs, running }: ControllerFacts): Check {
  const ok = running >= concurrency || oldestMs < longestWaitMs;
  const seen = `${queueDepth} wait, the first for ${seconds(oldestMs)}; ${running} of ${concurrency} workers are busy`;
  return check(`queue-${controller}`, ok, seen, 'nobody takes it: restart the Pod, and report this');
}

const askForRights =
  'when the log says Forbidden, install the roles and bindings of the chart again; when it says Unauthorized, see whether the token of its service account is mounted';

function cacheIsCurrent(facts: ReflectorFacts): Check {
  const { resource, group, hasSynced, isPermitted, isServed, lastFailure, staleMs } = facts;
  const name = `cache-${resource}`;
  if (!isPermitted)
    return check(name, false, `the API server does not let us list or watch ${resource}`, askForRights);
  if (!isServed) {
    const next = `apply the CustomResourceDefinition ${resource}.${group}: the chart of Lockkeeper brings those of lockkeeper.dev, Flux those of toolkit.fluxcd.io`;
    return check(name, false, `the API server has no ${resource}`, next);
  }
  if (!hasSynced) {
    const next = 'wait; when it stays so, see in the log whether the API server answers';
    const last = lastFailure === undefined ? '' : `, last ${lastFailure}`;
    return check(name, false, `has not been filled yet${last}`, next);
  }
  const next = 'see in the log whether the API server answers';
  return check(name, staleMs < longestStaleMs, `was current ${seconds(staleMs)} ago`, next);
}

function isPermittedTo({ use, denied }: PermissionFacts): Check {
  const ok = denied.length === 0;
  const seen = ok ? 'nothing was denied' : `the API server does not let us ${denied.join(', ')}`;
  return check(use, ok, seen, askForRights);
}

const tooManyRightsUnknown: Check = {
  name: 'own-rights',
  ok: false,
  message:
    'strictRbac is set and it is not known yet whether we have a right that we must not have; wait, and when it stays so, see in the log whether the API server answers',
};

function check(name: string, ok: boolean, seen: string, next: string): Check {
  return { name, ok, message: ok ? seen : `${seen}; ${next}` };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
