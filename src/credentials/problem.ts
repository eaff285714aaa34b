import type { Reason } from '../api/reasons.ts';
import { CodedError } from '../base/error.ts';
import { isForgeError, type ForgeErrorCode } from '../forges/errors.ts';

/** Why a credential cannot be used, in the words that users read. */
export class CredentialProblem extends CodedError<Reason> {
  constructor(reason: Reason, message: string, cause?: unknown) {
    super(reason, message, cause === undefined ? {} : { cause });
    this.name = 'CredentialProblem';
  }
}

export interface Problem {
  readonly reason: Reason;
  readonly message: string;
  /** Not before this instant. */
  readonly retryAt?: Date;
}

const reasonOf: Record<ForgeErrorCode, Reason> = {
  Unauthorized: 'Revoked',
  NotInstalled: 'NotInstalled',
  Suspended: 'Suspended',
  SSORequired: 'SSORequired',
  AddressNotAllowed: 'HostNotAllowed',
  WaitingForBudget: 'WaitingForBudget',
  PermissionsMissing: 'PermissionsMissing',
  NotFound: 'RepositoryNotFound',
  Refused: 'WriteRefused',
  Conflict: 'ForgeUnreachable',
  RateLimited: 'RateLimited',
  Unavailable: 'ForgeUnreachable',
  Malformed: 'ForgeUnreachable',
};

/** What a user should read of something thrown by a credential or a forge; undefined when it is neither's. */
export function problemOf(thrown: unknown): Problem | undefined {
  if (isCredentialProblem(thrown)) return { reason: thrown.code, message: thrown.message };
  if (!isForgeError(thrown)) return undefined;
  return {
    reason: reasonOf[thrown.code],
    message: thrown.message,
    ...(thrown.retryAt === undefined ? {} : { retryAt: thrown.retryAt }),
  };
}

/** What a user should read of something thrown; throws it again when it is nothing of theirs, or we are told to stop. */
export function problemOrThrow(thrown: unknown, signal: AbortSignal): Problem {
  const problem = signal.aborted ? undefined : problemOf(thrown);
  if (problem === undefined) throw thrown;
  return problem;
}

/** Whether the forge has refused the credential itself, and not what it was used for. */
export function isOfCredential({ reason }: Pick<Problem, 'reason'>): boolean {
  return isRefusedOutright({ reason }) || reason === 'PermissionsMissing' || reason === 'SSORequired';
}

/** Whether the forge does not take it for anything. */
export function isRefusedOutright({ reason }: Pick<Problem, 'reason'>): boolean {
  return reason === 'Revoked' || reason === 'Expired' || reason === 'NotInstalled' || reason === 'Suspended';
}

function isCredentialProblem(thrown: unknown): thrown is CredentialProblem {
  return (
    typeof thrown === 'object' && thrown !== null && 'name' in thrown && thrown.name === 'CredentialProblem'
  );
}
