import { CodedError } from '../base/error.ts';

/** What can go wrong between us and a forge, whichever forge it is. */
export type ForgeErrorCode =
  | 'Unauthorized' // the forge does not know the credential
  | 'NotInstalled' // an App that is not installed on the repository
  | 'Suspended' // an App whose installation on the repository is suspended
  | 'SSORequired' // known, but not authorized for the organization's single sign-on
  | 'AddressNotAllowed' // refused by our own outbound policy: nothing was sent
  | 'WaitingForBudget' // not sent: our own budget for this credential is spent until `retryAt`
  | 'PermissionsMissing' // known, but may not do this
  | 'NotFound' // the repository (or what was asked of it) is not there for this credential
  | 'Refused' // a rule of the repository forbids it
  | 'Conflict' // somebody moved what we were about to move
  | 'RateLimited'
  | 'Unavailable' // no answer, or a 5xx
  | 'Malformed'; // an answer that the forge's documentation does not allow

export class ForgeError extends CodedError<ForgeErrorCode> {
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined;
  /** The forge's own id of the request, for its support. */
  readonly requestId: string | undefined;
  /** Not before this instant (RateLimited and WaitingForBudget alone). */
  readonly retryAt: Date | undefined;

  /** @param message names the thing and the next step; holds no header, body or token */
  constructor(
    code: ForgeErrorCode,
    message: string,
    options: { status?: number; requestId?: string; retryAt?: Date; cause?: unknown } = {},
  ) {
    super(code, message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'ForgeError';
    this.status = options.status;
    this.requestId = options.requestId;
    this.retryAt = options.retryAt;
  }
}

export function isForgeError(thrown: unknown): thrown is ForgeError {
  return typeof thrown === 'object' && thrown !== null && 'name' in thrown && thrown.name === 'ForgeError';
}
