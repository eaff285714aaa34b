import { CodedError } from '../base/error.ts';

export type KubeErrorCode =
  | 'NotFound'
  | 'Conflict'
  | 'AlreadyExists'
  | 'Forbidden'
  | 'Unauthorized'
  | 'Invalid'
  | 'Gone'
  | 'TooManyRequests'
  | 'Timeout'
  | 'Unavailable'
  | 'Malformed'
  | 'TooLarge';

/** What the API server said, or that it said nothing. The message holds its own sentence, never a body or a header. */
export class KubeError extends CodedError<KubeErrorCode> {
  readonly status: number | undefined;
  /** Milliseconds that the server asks to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: KubeErrorCode,
    message: string,
    options: { status?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(code, message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'KubeError';
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export function isKubeError(thrown: unknown, code?: KubeErrorCode): thrown is KubeError {
  return (
    typeof thrown === 'object' &&
    thrown !== null &&
    'name' in thrown &&
    thrown.name === 'KubeError' &&
    (code === undefined || ('code' in thrown && thrown.code === code))
  );
}
