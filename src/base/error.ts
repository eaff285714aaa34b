import { redact } from './redaction.ts';

/** An error that a program can tell apart by its code and a person can act upon by its message. */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;

  /**
   * @param message names the thing and the next step; never holds a token, header or body
   * @param options.cause kept for debuggers; loggers print its code alone
   */
  constructor(code: Code, message: string, options: { cause?: unknown } = {}) {
    // Whatever it was made of: it is logged, shown in status and printed.
    super(redact(message), options);
    this.name = 'CodedError';
    this.code = code;
  }
}

/** The code of anything thrown: a coded error's, Node's (`ECONNREFUSED`) or its cause's, else `Unknown`. Never by `instanceof Error`: Jest and workers have realms of their own. */
export function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return 'Unknown';
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  if ('cause' in thrown && thrown.cause !== undefined) return codeOf(thrown.cause);
  if ('name' in thrown && typeof thrown.name === 'string' && thrown.name !== 'Error') return thrown.name;
  return 'Unknown';
}

/** The message of anything thrown, for people; use only where the thrower is ours or Node. */
export function messageOf(thrown: unknown): string {
  if (
    typeof thrown === 'object' &&
    thrown !== null &&
    'message' in thrown &&
    typeof thrown.message === 'string'
  ) {
    return thrown.message;
  }
  return String(thrown);
}

/** Whether the work ended because somebody asked it to stop. */
export function isAborted(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'name' in thrown && thrown.name === 'AbortError';
}
