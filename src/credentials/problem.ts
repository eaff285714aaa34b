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
  Unauthorized: 'CredentialRejected',
  NotInstalled: 'NotInstalled',
  PermissionMissing: 'PermissionMissing',
  NotFound: 'RepositoryNotFound',
  Refused: 'WriteRefused',
  Conflict: 'ForgeUnavailable',
  RateLimited: 'RateLimited',
  Unavailable: 'ForgeUnavailable',
  Malformed: 'ForgeUnavailable',
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

function isCredentialProblem(thrown: unknown): thrown is CredentialProblem {
  return (
    typeof thrown === 'object' && thrown !== null && 'name' in thrown && thrown.name === 'CredentialProblem'
  );
}
