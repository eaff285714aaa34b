import type { CredentialSpec, CredentialStatus } from '../../api/credential.ts';
import type { Condition } from '../../api/meta.ts';
import { sentence } from '../../base/sentence.ts';
import { toTimestamp } from '../../base/time.ts';
import type { AppFacts } from '../../forges/identity.ts';
import type { CredentialFacts } from '../credential.ts';
import { exclusivenessOf } from './exclusiveness.ts';
import { lastUsedOf } from './last-used.ts';
import { isOfCredential, isRefusedOutright, type Problem } from '../problem.ts';
import { hasEnded, insteadOf, readinessOf } from './readiness.ts';
import { scopeStatusOf } from './scope.ts';
import { leavesUntold } from './untold.ts';
import type { Use } from './use.ts';
import type { Health } from './uses.ts';

/** All that a pass over a Credential has found. */
export interface CredentialSeen {
  readonly now: Date;
  readonly generation: number;
  /** Which Secret it is. */
  readonly spec: Pick<CredentialSpec, 'githubApp' | 'token'>;
  readonly previous: CredentialStatus | undefined;
  /** What `previous` says of the credential is of an earlier Secret. */
  readonly replaced: boolean;
  /** What the last probe that succeeded said; absent before the first. */
  readonly facts?: CredentialFacts;
  /** Whose key it is, when that is all that could be told. */
  readonly app?: AppFacts;
  /** When the forge last answered, be it with a no; absent: not since the process started. */
  readonly askedAt?: Date;
  /** Why there is nothing to probe, or what the probe failed with. */
  readonly problem?: Problem;
  readonly lastUse: Use | undefined;
  /** When a use by the Pipeline of `lastUse` was last written; absent: not within the last minute, as far as the process knows. */
  readonly lastUsedWrittenAt: Date | undefined;
  /** What uses and probes were told last; newer than `facts` where it is given. */
  readonly health: Health | undefined;
  /** What a write token is minted with. */
  readonly writePermissions: readonly string[];
  /** How many days before its end a credential is warned of, each once. */
  readonly warningDays: readonly number[];
  /** Rights that the controller has and must not have. */
  readonly overPrivileged: readonly string[];
}

/** What the controller writes: all but `access`, which is the auditor's. */
export type OwnStatus = Omit<CredentialStatus, 'access'>;

export function ownPart({ access: _auditors, ...own }: CredentialStatus): OwnStatus {
  return own;
}

/** Everything that is known of a Credential, and never a value of it. Equal input gives equal output. */
export function credentialStatusOf(seen: CredentialSeen): OwnStatus {
  const { facts, replaced } = seen;
  const previous = replaced ? undefined : seen.previous;
  const known =
    facts === undefined
      ? { ...knownBefore(previous), ...(seen.app === undefined ? {} : appStatus(seen.app)) }
      : factsStatus(facts, seen.writePermissions);
  const lastUsed = lastUsedOf(
    {
      written: seen.previous?.lastUsed,
      writtenAt: seen.lastUsedWrittenAt,
      now: seen.now,
    },
    seen.lastUse,
    facts?.lastUsedOnForge,
  );
  const { now, problem, health } = seen;
  const expiryTime = known.expiryTime === undefined ? undefined : new Date(known.expiryTime);
  const valid = hasEnded({ now, expiryTime, problem, health }) ? 'False' : validOf(seen, previous);
  const checkedTime = checkedTimeOf(seen, valid);
  return {
    observedGeneration: seen.generation,
    conditions: conditionsOf(seen, expiryTime, checkedTime),
    ...known,
    valid,
    ...(checkedTime === undefined ? {} : { checkedTime }),
    ...(lastUsed === undefined ? {} : { lastUsed }),
    ...(facts?.lastUsedUnknown === undefined ? {} : { lastUsedUnknown: sentence(facts.lastUsedUnknown) }),
    ...rateOf(seen, checkedTime),
  };
}

function conditionsOf(
  seen: CredentialSeen,
  expiryTime: Date | undefined,
  checkedTime: string | undefined,
): Condition[] {
  const { now, generation, spec, previous, overPrivileged } = seen;
  // Of one that names none, which the API server does not take, the empty name, which no Secret has.
  const secret = (spec.githubApp ?? spec.token)?.secretRef.name ?? '';
  const wanted = [
    {
      type: 'Ready',
      ...readinessOf({
        now,
        facts: seen.facts,
        expiryTime,
        problem: seen.problem,
        health: seen.health,
        answeredTime: seen.replaced ? undefined : (lastAnswer(seen) ?? checkedTime),
        warningDays: seen.warningDays,
      }),
    },
    { type: 'Exclusive', ...exclusivenessOf(previous?.access, { secret, now }) },
    ...(overPrivileged.length === 0 ? [] : [tooPrivileged(overPrivileged)]),
  ];
  return wanted.map(({ type, status, reason, message }) => {
    const before = previous?.conditions?.find((each) => each.type === type);
    return {
      type,
      status,
      observedGeneration: generation,
      reason,
      message: sentence(message),
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : toTimestamp(now),
    };
  });
}

/** More exact than checkedTime, which moves hourly while the answer is the same. */
function lastAnswer({ askedAt }: CredentialSeen): string | undefined {
  return askedAt === undefined ? undefined : toTimestamp(askedAt);
}

function tooPrivileged(rights: readonly string[]): Omit<Condition, 'lastTransitionTime'> {
  const [first = '', ...others] = rights;
  const more = others.length === 0 ? '' : ` and ${others.length} more, which the log names`;
  return {
    type: 'OverPrivileged',
    status: 'True',
    reason: 'OverPrivileged',
    message: `the controller may ${first}${more}; take that away, for who takes the controller takes this credential`,
  };
}

/** How often checkedTime moves when nothing else does: a time alone is not worth a write at each probe. */
export const checkedTimeEveryMs = 3_600_000;

/** Moves when the answer does, else once an hour. */
function checkedTimeOf({ previous, askedAt }: CredentialSeen, valid: string): string | undefined {
  const written = previous?.checkedTime;
  if (askedAt === undefined) return written;
  const young = written !== undefined && askedAt.getTime() - new Date(written).getTime() < checkedTimeEveryMs;
  return young && previous?.valid === valid ? written : toTimestamp(askedAt);
}

/** As of checkedTime: it moves with every call, and none of that is worth a write. */
function rateOf(
  { facts, previous }: CredentialSeen,
  checkedTime: string | undefined,
): Pick<OwnStatus, 'rate'> {
  const before = previous?.rate;
  if (checkedTime === previous?.checkedTime && before !== undefined) return { rate: before };
  const rate = facts?.rate;
  if (rate === undefined) return {};
  const { limit, remaining, resetAt } = rate;
  return { rate: { limit, remaining, resetTime: toTimestamp(resetAt) } };
}

/** What an earlier process found out. */
function knownBefore(previous: CredentialStatus | undefined): OwnStatus {
  const { kind, owner, appearsAs, expiryTime, expiry, scope, tokenHash } = previous ?? {};
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(owner === undefined ? {} : { owner }),
    ...(appearsAs === undefined ? {} : { appearsAs }),
    ...(expiryTime === undefined ? {} : { expiryTime }),
    ...(expiry === undefined ? {} : { expiry }),
    ...(scope === undefined ? {} : { scope }),
    ...(tokenHash === undefined ? {} : { tokenHash }),
  };
}

function factsStatus(facts: CredentialFacts, writePermissions: readonly string[]): OwnStatus {
  const scope = scopeStatusOf(facts, writePermissions);
  if (facts.kind === 'app') return { ...appStatus(facts.app), scope };
  const { kind, owner, expiry } = facts.token;
  const login = sentence(owner.login, 128);
  return {
    kind,
    owner: { login, type: owner.type, ...(owner.id === undefined ? {} : { id: owner.id }) },
    appearsAs: appearsAs(login, owner.type),
    ...(expiry.kind === 'at'
      ? { expiryTime: toTimestamp(expiry.time) }
      : { expiry: sentence(whyNoExpiry(expiry)) }),
    scope,
    ...(facts.tokenHash === undefined ? {} : { tokenHash: facts.tokenHash }),
  };
}

function appStatus({ login: name, id }: AppFacts): OwnStatus {
  const login = sentence(name, 128);
  return {
    kind: 'GitHubApp',
    owner: { login, type: 'Bot', id },
    appearsAs: appearsAs(login, 'Bot'),
    expiry: "An App's key does not expire; a write token lives for one act and is revoked after it.",
  };
}

function appearsAs(login: string, type: 'Bot' | 'User' | 'Unknown'): string {
  const account = { Bot: 'a bot', User: 'an account that people take for a person', Unknown: 'an account' };
  return sentence(`Pull requests and commits will appear to be from ${login}, ${account[type]}.`);
}

function whyNoExpiry(
  expiry: Exclude<Extract<CredentialFacts, { kind: 'token' }>['token']['expiry'], { kind: 'at' }>,
): string {
  switch (expiry.kind) {
    case 'never':
      return `It never ends: ${insteadOf(expiry)}.`;
    case 'never or not reported':
      return 'It never expires, or the forge does not say.';
    case 'unknown':
      return expiry.why;
    default:
      return expiry satisfies never;
  }
}

/** Whether the forge takes it; a credential that lacks a permission is taken. What the forge said last stands while it cannot be asked. */
function validOf(
  { problem, health, facts }: CredentialSeen,
  previous: CredentialStatus | undefined,
): 'True' | 'False' | 'Unknown' {
  if (problem !== undefined && isRefusedOutright(problem)) return 'False';
  const isUntold = problem !== undefined && leavesUntold(problem);
  if (problem !== undefined && !isUntold && !isOfCredential(problem)) return 'Unknown';
  if (health !== undefined) return health.taken ? 'True' : 'False';
  if (isUntold && previous?.valid !== undefined) return previous.valid;
  return facts === undefined ? 'Unknown' : 'True';
}
