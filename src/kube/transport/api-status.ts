import { z } from 'zod';
import { sentence } from '../../base/sentence.ts';
import { KubeError, type KubeErrorCode } from '../errors.ts';
import { retryAfterMs } from './retry-after.ts';

const maxMessageBytes = 500;
const apiStatus = z.object({
  kind: z.string().optional(),
  code: z.number().optional(),
  message: z.string().optional(),
  reason: z.string().optional(),
  details: z.object({ retryAfterSeconds: z.number().optional() }).optional(),
});

/** An answer of which all has arrived. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/**
 * What an answer that is no success says, as an error: its code from the HTTP status, its words from the API server's own sentence. What
 * is no `Status` of Kubernetes gives a code all the same, and none of its words.
 * @param what the request, as the sentence begins
 */
export function refusalOf(what: string, { status, headers, text }: Answer): KubeError {
  const { message = `answered ${status}`, reason, details } = saidBy(jsonOf(text));
  const wait =
    retryAfterMs(single(headers['retry-after']), single(headers['date']), Date.now()) ??
    (details?.retryAfterSeconds ?? 0) * 1000;
  return new KubeError(codeFor(status, reason), `${what}: ${sentence(message, maxMessageBytes)}`, {
    status,
    ...(wait > 0 ? { retryAfterMs: wait } : {}),
  });
}

/**
 * What the object of an ERROR event in a watch says, as an error: an answer that came after the answer had begun. What is no `Status`
 * gives its code and none of its words.
 */
export function failureOf(what: string, object: unknown): KubeError {
  const { code, message = 'failed', reason, details } = saidBy(object);
  const waitMs = (details?.retryAfterSeconds ?? 0) * 1000;
  return new KubeError(
    code === undefined ? 'Unavailable' : codeFor(code, reason),
    `${what}: ${sentence(message, maxMessageBytes)}`,
    {
      ...(code === undefined ? {} : { status: code }),
      ...(waitMs > 0 ? { retryAfterMs: waitMs } : {}),
    },
  );
}

/** Of what is no `Status` the code alone: a watch that has expired is to be begun anew, whoever says so. */
function saidBy(value: unknown): Partial<z.infer<typeof apiStatus>> {
  const said = apiStatus.safeParse(value).data ?? {};
  return said.kind === 'Status' ? said : { code: said.code };
}

/** The value of a JSON text; undefined when it is none. No error, since the parser's quotes the text. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

function codeFor(status: number, reason: string | undefined): KubeErrorCode {
  switch (status) {
    case 401:
      return 'Unauthorized';
    case 403:
      return 'Forbidden';
    case 404:
      return 'NotFound';
    case 409:
      return reason === 'AlreadyExists' ? 'AlreadyExists' : 'Conflict';
    case 410:
      return 'Gone';
    case 422:
      return 'Invalid';
    case 429:
      return 'TooManyRequests';
    default:
      return status >= 500 ? 'Unavailable' : 'Invalid';
  }
}
