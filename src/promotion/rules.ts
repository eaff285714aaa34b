import { compare, valid } from 'semver';
import type { Reason } from '../api/reasons.ts';
import { whyNotRevision, type Revision } from '../base/revision.ts';
import { addMs } from '../base/time.ts';
import type { Decision } from './decision.ts';
import {
  agreedRevision,
  goesInto,
  type EnvironmentSeen,
  type TargetSeen,
  type TargetState,
} from './observation.ts';

/** An environment beside the one before it, with what could move from there to here. */
export interface Step {
  readonly now: Date;
  readonly source: EnvironmentSeen;
  readonly target: EnvironmentSeen;
  /** What all targets of the source run in good health. */
  readonly candidate: Revision | undefined;
}

/** Holds, or has nothing to say. */
export type Rule = (step: Step) => Decision | undefined;

/** How often the forge is asked about an open pull request. */
const lookEveryMs = 60_000;

/** How long a merged revision may take to arrive before status says that it does not. */
const arrivalDeadlineMs = 3_600_000;

export function hold(reason: Reason, message: string, until?: Date): Decision {
  return { kind: 'hold', reason, message, ...(until === undefined ? {} : { until }) };
}

const blockedBy: Record<TargetState['kind'], Reason | undefined> = {
  good: undefined,
  bad: undefined,
  kept: undefined,
  waiting: undefined,
  held: 'AppSuspended',
  unknown: 'AppUnknown',
  missing: 'AppNotFound',
  notAllowed: 'NamespaceNotAllowed',
  noEngine: 'AppKindUnknown',
  notPromotable: 'RevisionNotPromotable',
};

function firstBlocked(environment: EnvironmentSeen): Decision | undefined {
  for (const { state } of environment.targets) {
    const reason = blockedBy[state.kind];
    if (reason !== undefined) return hold(reason, state.message);
  }
  return undefined;
}

/** A target that we may not read or that does not exist: nobody knows what a promotion into it would do. */
const targetReadable: Rule = ({ target }) => firstBlocked(target);

const notSuspended: Rule = ({ target }) =>
  target.suspend
    ? hold('PromotionSuspended', `promotion into ${target.name} is suspended; set suspend to false`)
    : undefined;

const sourceReadable: Rule = ({ source }) => firstBlocked(source);

/** A failing, half-rolled-out or changing release is not promoted. */
const sourceAgrees: Rule = ({ source, candidate }) => {
  if (candidate !== undefined) return undefined;
  const failing = source.targets.find(({ state }) => state.kind === 'bad');
  if (failing !== undefined) return hold('AppUnhealthy', `${source.name}: look at ${failing.state.message}`);
  const changing = source.targets.find(({ state }) => state.kind !== 'good');
  if (changing !== undefined) return hold('SourceNotReady', `${source.name}: ${changing.state.message}`);
  return hold('SourceDisagrees', `${source.name} runs ${versionsOf(source.targets).join(' and ')}`);
};

function versionsOf(targets: readonly TargetSeen[]): string[] {
  const versions = targets.flatMap(({ state }) =>
    'revision' in state ? [state.revision?.version ?? ''] : [],
  );
  return [...new Set(versions)].sort();
}

/** The promotion of this environment whose pull request may still be open. */
function openPromotion(target: EnvironmentSeen) {
  const promotion = target.previous?.promotion;
  return promotion !== undefined && (promotion.phase === 'Proposed' || promotion.phase === 'Proposing')
    ? promotion
    : undefined;
}

/** The environment runs its source's revision: what is still open about it is brought to an end. */
const reached: Rule = ({ target, candidate }) => {
  const here = agreedRevision(target);
  if (here === undefined || candidate === undefined || here.revision.key !== candidate.key) return undefined;
  const own = target.previous?.promotion?.revision.key === candidate.key;
  const as = own ? 'Promoted' : 'Superseded';
  const open = openPromotion(target);
  if (open === undefined) {
    return target.previous?.promotion?.phase === 'Merged' ? { kind: 'conclude', as } : { kind: 'rest' };
  }
  const { pullRequest } = open;
  const { strategy } = target;
  if (pullRequest === undefined || strategy === undefined) return { kind: 'conclude', as };
  return {
    kind: 'withdraw',
    number: pullRequest.number,
    strategy,
    as,
    comment: own
      ? `${target.name} already runs ${candidate.version}: it arrived by another way, so there is nothing left to merge.`
      : `${target.name} and its source both run ${candidate.version}: ${open.revision.version} is not promoted any more.`,
  };
};

/** Nobody asked for a downgrade. */
const noDowngrade: Rule = ({ source, target, candidate }) => {
  if (candidate === undefined || valid(candidate.version) === null) return undefined;
  const newer = target.targets.find(
    ({ state }) =>
      (state.kind === 'good' || state.kind === 'bad') &&
      valid(state.revision.version) !== null &&
      compare(state.revision.version, candidate.version) > 0,
  );
  if (newer === undefined || !('revision' in newer.state)) return undefined;
  return hold(
    'TargetNewer',
    `${target.name} runs ${newer.state.revision?.version ?? ''}, newer than ${candidate.version} in ${source.name}`,
  );
};

/** A revision goes into branch names, manifests and messages: it is refused before it reaches any. */
const revisionAcceptable: Rule = ({ source, candidate }) => {
  if (candidate === undefined) return undefined;
  const why = whyNotRevision(candidate.version);
  return why === undefined ? undefined : hold('RevisionRefused', `${source.name}: ${why}`);
};

/** Promoted once and then left: somebody took it back, so it does not come again by itself. */
const notReverted: Rule = ({ target, candidate }) => {
  const promotion = target.previous?.promotion;
  const here = agreedRevision(target);
  if (promotion?.phase !== 'Promoted' || here === undefined || promotion.revision.key !== candidate?.key) {
    return undefined;
  }
  return isBarred(target, promotion.revision.key) ? undefined : { kind: 'bar', key: promotion.revision.key };
};

const notBarred: Rule = ({ target, candidate }) => {
  if (candidate === undefined || !isBarred(target, candidate.key)) return undefined;
  const promotion = target.previous?.promotion;
  if (promotion?.revision.key === candidate.key && promotion.phase === 'Closed') {
    const which =
      promotion.pullRequest === undefined
        ? 'its pull request'
        : `pull request #${promotion.pullRequest.number}`;
    return hold(
      'PullRequestClosed',
      `${which} for ${candidate.version} was closed; release another revision`,
    );
  }
  return hold(
    'Reverted',
    `${target.name} left ${candidate.version} after it was promoted; release another revision`,
  );
};

function isBarred(target: EnvironmentSeen, key: string): boolean {
  return target.previous?.barred?.includes(key) ?? false;
}

/** The candidate was tried here and failed: git holds it already, another pull request would change nothing. */
const notFailedHere: Rule = ({ target, candidate }) => {
  const failed = target.targets.find(
    ({ state }) => state.kind === 'bad' && state.revision.key === candidate?.key,
  );
  return failed === undefined
    ? undefined
    : hold('AppUnhealthy', `${target.name}: look at ${failed.state.message}`);
};

/** An open pull request is looked at once a minute, whatever else there is to say. */
const lookDue: Rule = ({ now, target }) => {
  const promotion = target.previous?.promotion;
  if (
    promotion?.phase !== 'Proposed' ||
    promotion.pullRequest === undefined ||
    target.strategy === undefined
  ) {
    return undefined;
  }
  return now >= nextLook(target, now)
    ? { kind: 'look', number: promotion.pullRequest.number, strategy: target.strategy }
    : undefined;
};

/** When the forge is to be asked again about this environment's pull request. */
export function nextLook(target: EnvironmentSeen, now: Date): Date {
  return target.lookedAt === undefined ? now : addMs(target.lookedAt, lookEveryMs);
}

/** What is open for this very revision is left to people. */
const alreadyProposed: Rule = ({ now, target, candidate }) => {
  const promotion = target.previous?.promotion;
  if (promotion === undefined || promotion.revision.key !== candidate?.key) return undefined;
  // Its pull request waits at another branch, or was merged there.
  if (!goesInto(promotion, target.strategy?.baseBranch)) return undefined;
  if (promotion.phase === 'Merged') {
    const deadline = addMs(new Date(promotion.since), arrivalDeadlineMs);
    if (now < deadline)
      return hold('Merged', `${candidate.version} was merged at ${promotion.since}`, deadline);
    const late = target.targets.find(({ state }) => state.kind !== 'good') ?? target.targets[0];
    return hold(
      'NotArriving',
      `${candidate.version} was merged at ${promotion.since}; ${late?.state.message ?? ''}`,
    );
  }
  const { pullRequest } = promotion;
  if (promotion.phase !== 'Proposed' || pullRequest === undefined) return undefined;
  // Nobody can merge it: it is made anew.
  if (pullRequest.conflicts === true) return undefined;
  return hold(
    'PullRequestOpen',
    `pull request #${pullRequest.number} for ${candidate.version}: ${pullRequest.url}`,
  );
};

/** In order of precedence: the first that holds is the reason that the user reads. */
export const rules: readonly Rule[] = [
  lookDue,
  targetReadable,
  sourceReadable,
  reached,
  notSuspended,
  sourceAgrees,
  revisionAcceptable,
  notFailedHere,
  notReverted,
  notBarred,
  alreadyProposed,
  noDowngrade,
];
