import type { CredentialStatus } from '../api/credential.ts';
import type { Condition } from '../api/meta.ts';
import { sentence } from '../base/sentence.ts';
import { toTimestamp } from '../base/time.ts';
import type { CredentialFacts } from './credential.ts';
import { isRefusedOutright, type Problem } from './problem.ts';
import type { Health, Use } from './uses.ts';

/** All that a pass over a Credential has found. */
export interface CredentialSeen {
  readonly now: Date;
  readonly generation: number;
  readonly previous: CredentialStatus | undefined;
  /** What `previous` says of the credential is of an earlier Secret. */
  readonly replaced: boolean;
  /** What the last probe that succeeded said; absent before the first. */
  readonly facts?: CredentialFacts;
  /** When the forge was last asked; absent: not since the process started. */
  readonly askedAt?: Date;
  /** Why there is nothing to probe, or what the probe failed with. */
  readonly problem?: Problem;
  readonly lastUse: Use | undefined;
  /** What uses and probes were told last; newer than `facts` where it is given. */
  readonly health: Health | undefined;
  /** What a write token is minted with. */
  readonly writePermissions: readonly string[];
}

/** Everything that is known of a Credential, and never a value of it. Equal input gives equal output. */
export function credentialStatusOf(seen: CredentialSeen): CredentialStatus {
  const { facts, previous } = seen;
  const lastUsed = lastUsedOf(seen);
  const valid = validOf(seen);
  const checkedTime = checkedTimeOf(seen, valid);
  return {
    observedGeneration: seen.generation,
    conditions: [readyOf(seen)],
    ...(facts === undefined
      ? knownBefore(seen.replaced ? undefined : previous)
      : factsStatus(facts, seen.writePermissions)),
    valid,
    ...(checkedTime === undefined ? {} : { checkedTime }),
    ...(lastUsed === undefined ? {} : { lastUsed }),
  };
}

/** Moves when the answer does, else once an hour: a time alone is not worth a write at each probe. */
function checkedTimeOf({ previous, askedAt }: CredentialSeen, valid: string): string | undefined {
  const written = previous?.checkedTime;
  if (askedAt === undefined) return written;
  const young = written !== undefined && askedAt.getTime() - new Date(written).getTime() < 3_600_000;
  return young && previous?.valid === valid ? written : toTimestamp(askedAt);
}

function knownBefore(previous: CredentialStatus | undefined): CredentialStatus {
  const { kind, owner, expiryTime, expiry, scope } = previous ?? {};
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(owner === undefined ? {} : { owner }),
    ...(expiryTime === undefined ? {} : { expiryTime }),
    ...(expiry === undefined ? {} : { expiry }),
    ...(scope === undefined ? {} : { scope }),
  };
}

function factsStatus(facts: CredentialFacts, writePermissions: readonly string[]): CredentialStatus {
  if (facts.kind === 'app') {
    const { app, installation, missing } = facts;
    const lacks = missing.length > 0;
    return {
      kind: 'GitHubApp',
      owner: { login: sentence(app.login, 128), type: 'Bot', id: app.id },
      expiry: "An App's key does not expire; a write token lives for one act and is revoked after it.",
      scope: {
        verdict: lacks ? 'Insufficient' : 'Least',
        granted: writePermissions.filter((each) => !missing.includes(each)),
        repositories: 1,
        message: lacks
          ? sentence(
              `the App lacks ${missing.join(', ')}; grant it in the App's settings and accept it in the installation`,
            )
          : installation.repositorySelection === 'all'
            ? 'the App is installed on all repositories; each token is minted for one'
            : 'each token is minted for one repository',
      },
    };
  }
  const { kind, owner, expiry, scope } = facts.token;
  return {
    kind,
    owner: {
      login: sentence(owner.login, 128),
      type: owner.type,
      ...(owner.id === undefined ? {} : { id: owner.id }),
    },
    ...(expiry.kind === 'at'
      ? { expiryTime: toTimestamp(expiry.time) }
      : {
          expiry:
            expiry.kind === 'unknown' ? sentence(expiry.why) : 'It never expires, or the forge does not say.',
        }),
    scope: { verdict: scope.verdict, granted: words(scope.granted), message: sentence(scope.message) },
  };
}

function words(permissions: readonly string[]): string[] {
  return permissions.slice(0, 64).map((each) => sentence(each, 64));
}

/** Whether the forge takes it; a credential that lacks a permission is taken. Anything but its own word leaves that open. */
function validOf({ problem, health, facts }: CredentialSeen): 'True' | 'False' | 'Unknown' {
  if (problem !== undefined) return isRefusedOutright(problem) ? 'False' : 'Unknown';
  if (health !== undefined) return health.taken ? 'True' : 'False';
  return facts === undefined ? 'Unknown' : 'True';
}

function readyOf(seen: CredentialSeen): Condition {
  const { reason, message } = readiness(seen);
  const status = reason === 'Healthy' ? 'True' : reason === 'Unknown' ? 'Unknown' : 'False';
  const before = seen.previous?.conditions?.find(({ type }) => type === 'Ready');
  return {
    type: 'Ready',
    status,
    observedGeneration: seen.generation,
    reason,
    message: sentence(message),
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : toTimestamp(seen.now),
  };
}

function readiness({ problem, health, facts }: CredentialSeen): Problem {
  if (problem !== undefined) return problem;
  if (health?.good === false) return health;
  if (facts === undefined) return { reason: 'Unknown', message: 'the forge has not been asked yet' };
  if (facts.kind === 'app' && facts.missing.length > 0) {
    return {
      reason: 'PermissionsMissing',
      message: `the App lacks ${facts.missing.join(', ')}; grant it in the App's settings and accept it in the installation`,
    };
  }
  return { reason: 'Healthy', message: 'the forge accepts it' };
}

function lastUsedOf({ previous, lastUse }: CredentialSeen): CredentialStatus['lastUsed'] {
  const written = previous?.lastUsed;
  if (lastUse === undefined) return written;
  // A time alone is not worth a write more often than once a minute.
  const young = written !== undefined && lastUse.time.getTime() - new Date(written.time).getTime() < 60_000;
  if (young && written.by === lastUse.by) return written;
  return { time: toTimestamp(lastUse.time), by: sentence(lastUse.by), source: 'Controller' };
}
