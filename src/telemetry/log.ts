import { pino, type Logger, type LoggerOptions } from 'pino';
import { hearOfFaults } from '../base/redaction.ts';
import { clean } from '../base/secret-shapes.ts';

export type { Logger };

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * JSON lines on stdout. Messages are constant, what varies stands in fields; an error is written as the few fields that cannot
 * hold a secret. From the finished line the secrets that are known are taken out, and what looks like a credential.
 * That a secret had to be taken out of a status or a pull request is told of in the log that was made last.
 */
export function createLog(level: LogLevel, destination?: { write(line: string): void }): Logger {
  const options: LoggerOptions = {
    level,
    base: {},
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }), log: withoutErrors },
    serializers: { err: errorFields, error: errorFields },
    hooks: { streamWrite: clean },
  };
  const log = destination === undefined ? pino(options) : pino(options, destination);
  hearOfFaults((where) =>
    log.error({ where }, 'a secret was taken out of what was about to be written: please report this'),
  );
  return log;
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

/** The fields of an error that may be logged: name, code, message, status, the forge's request id, and the codes of its first five causes. Throws nothing. */
export function errorFields(thrown: unknown): Record<string, unknown> {
  if (typeof thrown !== 'object' || thrown === null) return { message: shown(String(thrown)) };
  const fields: Record<string, unknown> = {};
  for (const name of ['name', 'code', 'message', 'status', 'reason', 'requestId'] as const) {
    const value = asked(thrown, name);
    if (typeof value === 'string') fields[name] = shown(value);
    else if (typeof value === 'number') fields[name] = value;
  }
  const causes = causeCodes(thrown);
  if (causes.length > 0) fields['causes'] = causes;
  return fields;
}

function shown(words: string): string {
  return clean(words).slice(0, 500);
}

function causeCodes(thrown: object): string[] {
  const codes: string[] = [];
  let cause = asked(thrown, 'cause');
  // Causes may go round in a circle.
  for (let depth = 1; depth <= 5 && typeof cause === 'object' && cause !== null; depth += 1) {
    const code = asked(cause, 'code') ?? asked(cause, 'name');
    if (typeof code === 'string') codes.push(code);
    cause = asked(cause, 'cause');
  }
  return codes;
}

/** Undefined where asking throws: what cannot be read must not take the line with it. */
function asked(thrown: object, property: string): unknown {
  try {
    return Reflect.get(thrown, property);
  } catch {
    return undefined;
  }
}
