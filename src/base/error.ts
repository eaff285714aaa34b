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

/** What is further down is not asked: causes may go round in a circle. */
const deepestCause = 10;

/**
 * The code of anything thrown: a coded error's, Node's (`ECONNREFUSED`) or that of one of its ten first causes, else the name of the
 * last of them, else `Unknown`. Never by `instanceof Error`: Jest and workers have realms of their own.
 */
export function codeOf(thrown: unknown): string {
  let each = thrown;
  for (let depth = 0; typeof each === 'object' && each !== null; depth += 1) {
    if ('code' in each && typeof each.code === 'string') return each.code;
    if (!('cause' in each) || each.cause === undefined || depth === deepestCause) return nameOf(each);
    each = each.cause;
  }
  return 'Unknown';
}

function nameOf(thrown: object): string {
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
