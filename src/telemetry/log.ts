import { pino, type Logger, type LoggerOptions } from 'pino';

export type { Logger };

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * JSON lines on stdout. Messages are constant, what varies stands in fields; an error is written as the few fields that cannot
 * hold a secret. The last net takes out what looks like a credential from the finished line.
 */
export function createLog(level: LogLevel, destination?: { write(line: string): void }): Logger {
  const options: LoggerOptions = {
    level,
    base: {},
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }), log: withoutErrors },
    serializers: { err: errorFields, error: errorFields },
    hooks: { streamWrite: scrub },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Under any other name than `err` the library writes all that hangs on an error, requests and their headers too. */
function withoutErrors(fields: Record<string, unknown>): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields))
    written[name] = isError(value) && name !== 'err' && name !== 'error' ? errorFields(value) : value;
  return written;
}

/** Of any realm. */
function isError(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Error]';
}

/** The fields of an error that may be logged: name, code, message, status, the forge's request id, and the codes of its causes. */
export function errorFields(thrown: unknown): Record<string, unknown> {
  if (typeof thrown !== 'object' || thrown === null) return { message: String(thrown).slice(0, 500) };
  const fields: Record<string, unknown> = {};
  for (const name of ['name', 'code', 'message', 'status', 'reason', 'requestId'] as const) {
    const value: unknown = Reflect.get(thrown, name);
    if (typeof value === 'string') fields[name] = value.slice(0, 500);
    else if (typeof value === 'number') fields[name] = value;
  }
  const causes = causeCodes(thrown);
  if (causes.length > 0) fields['causes'] = causes;
  return fields;
}

function causeCodes(thrown: object): string[] {
  const codes: string[] = [];
  let cause: unknown = Reflect.get(thrown, 'cause');
  while (typeof cause === 'object' && cause !== null && codes.length < 5) {
    const code: unknown = Reflect.get(cause, 'code') ?? Reflect.get(cause, 'name');
    if (typeof code === 'string') codes.push(code);
    cause = Reflect.get(cause, 'cause');
  }
  return codes;
}

// Tokens of GitHub (the 520-character form holds dots) and GitLab, JWTs, PEM blocks, bearer headers, credentials in URLs.
const secretShapes =
  /gh[a-z]_[A-Za-z0-9._-]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9._-]{16,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*|-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|$)|(?<=[Bb]earer )[A-Za-z0-9._~+/=-]{8,}|(?<=\/\/)[^/@\s"]+(?=@)/gs;

/** `text` without what looks like a credential. */
export function scrub(text: string): string {
  return text.replace(secretShapes, '[redacted]');
}
