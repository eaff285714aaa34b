import type { Condition } from '../../api/meta.ts';
import type { Reason } from '../../api/reasons.ts';
import { addMs, toTimestamp } from '../../base/time.ts';
import type { TokenFacts } from '../../forges/identity.ts';
import type { CredentialFacts } from '../credential.ts';
import type { Problem } from '../problem.ts';
import { excessesOf } from './excess.ts';
import { leavesUntold } from './untold.ts';
import { lackOf } from './worst-facts.ts';
import type { Health } from './uses.ts';

/** What is known when it is said whether a credential works. */
export interface ReadinessInput {
  readonly now: Date;
  readonly facts: CredentialFacts | undefined;
  /** As far as it is known, also from an earlier process. */
  readonly expiryTime: Date | undefined;
  /** Why there is nothing to probe, or what the probe failed with. */
  readonly problem: Problem | undefined;
  /** What uses and probes were told last; newer than `facts` where it is given. */
  readonly health: Health | undefined;
  /** When the forge last answered; absent when it never has. */
  readonly answeredTime: string | undefined;
  /** How many days before its end a credential is warned of, each once. */
  readonly warningDays: readonly number[];
}

/** Whether it works, why, and what to do next. */
export interface Readiness {
  readonly status: Condition['status'];
  readonly reason: Reason;
  readonly message: string;
}

const dayMs = 24 * 3_600_000;

/** The first that holds: what stops it, then what is not known, then what will stop it, then what is too much, then that all is well. */
export function readinessOf(input: ReadinessInput): Readiness {
  return stopped(input) ?? unknown(input) ?? expiring(input) ?? tooMuch(input.facts) ?? healthy;
}

const healthy: Readiness = { status: 'True', reason: 'Healthy', message: 'the forge accepts it' };

function stopped({
  now,
  problem,
  health,
  expiryTime,
  answeredTime,
  facts,
}: ReadinessInput): Readiness | undefined {
  const said = problem ?? (health?.good === false ? health : undefined);
  if (expiryTime !== undefined && hasEnded({ now, problem, health, expiryTime })) {
    const message = `it ended at ${toTimestamp(expiryTime)}; make a new one on the forge and put it into the Secret`;
    return { status: 'False', reason: 'Expired', message };
  }
  if (said !== undefined && said.reason === 'ForgeUnreachable' && answeredTime !== undefined)
    return {
      status: 'Unknown',
      reason: 'Stale',
      message: `${said.message}; what is shown is of ${answeredTime}`,
    };
  if (said !== undefined) return { status: 'False', reason: said.reason, message: said.message };
  const lacking = facts === undefined ? [] : lackOf(facts);
  if (lacking.length === 0) return undefined;
  return { status: 'False', reason: 'PermissionsMissing', message: missingMessage(facts, lacking) };
}

/** Whether its own end is what stops it: a forge that is not asked, or refuses it, says nothing else. */
export function hasEnded({
  now,
  expiryTime,
  problem,
  health,
}: Pick<ReadinessInput, 'now' | 'expiryTime' | 'problem' | 'health'>): boolean {
  const said = problem ?? (health?.good === false ? health : undefined);
  if (expiryTime === undefined || expiryTime > now) return false;
  return said === undefined || said.reason === 'Revoked' || leavesUntold(said);
}

function unknown({ facts }: ReadinessInput): Readiness | undefined {
  if (facts !== undefined) return undefined;
  return { status: 'Unknown', reason: 'Unknown', message: 'the forge has not been asked yet' };
}

/** The message changes with each threshold that is passed and at no other time. */
function expiring({ now, expiryTime, warningDays }: ReadinessInput): Readiness | undefined {
  if (expiryTime === undefined) return undefined;
  const passed = warningDays.filter((days) => addMs(expiryTime, -days * dayMs) <= now);
  if (passed.length === 0) return undefined;
  const days = Math.min(...passed);
  const when = `it ends at ${toTimestamp(expiryTime)}, in less than ${days} ${days === 1 ? 'day' : 'days'}`;
  return { status: 'True', reason: 'Expiring', message: `${when}; put a new one into the Secret` };
}

function tooMuch(facts: CredentialFacts | undefined): Readiness | undefined {
  if (facts?.kind === 'app') {
    const { scope } = facts.installation;
    if (scope.surplus.length > 0) return overScoped(scope.message);
    const [widest] = excessesOf(facts);
    if (widest === undefined) return undefined;
    return { status: 'True', reason: 'BroadInstallation', message: `${widest.what}; ${widest.next}` };
  }
  if (facts === undefined) return undefined;
  const { scope, expiry } = facts.token;
  if (scope.verdict === 'Broad') return overScoped(scope.message);
  if (expiry.kind === 'never') return overScoped(`it never ends; ${insteadOf(expiry)}`);
  return undefined;
}

/** What to do about a token that never ends. */
export function insteadOf({ instead }: Extract<TokenFacts['expiry'], { kind: 'never' }>): string {
  return instead ?? 'use one with an end';
}

function overScoped(message: string): Readiness {
  return { status: 'True', reason: 'OverScoped', message };
}

function missingMessage(facts: CredentialFacts | undefined, lacking: readonly string[]): string {
  return facts?.kind === 'token'
    ? facts.token.scope.message
    : `the App lacks ${lacking.join(', ')}; grant it in the App's settings and accept it in the installation`;
}
