import { z, type ZodType } from 'zod';
import { addMs, toTimestamp } from '../base/time.ts';
import { withDeadline } from './deadline.ts';
import { ForgeError, isForgeError } from './errors.ts';
import type { AnswerHeaders, Connection } from './connection.ts';
import type { Call } from './forge.ts';
import { quote } from './quote.ts';
import { readBody } from './read-body.ts';
import { unreachable } from './unreachable.ts';

/** One GET whose answer is JSON, and what may come of it. */
export interface Question<T> {
  readonly url: string;
  /** The header of that name. */
  readonly authorization: string;
  /** Completes "did not …": `tell whose token it is`. */
  readonly doing: string;
  readonly answer: ZodType<T>;
  /** What no sentence may repeat. */
  readonly secrets: readonly string[];
  /** Turns a no into an answer where a no is ordinary; undefined leaves it an error. */
  readonly refused: (refusal: Refusal) => T | undefined;
  /** Throws the error that this forge means by a no, where that is more than any forge would mean by it. */
  readonly throwFitting: (refusal: Refusal) => void;
}

/** A forge's no, in its own words, which are fit to be shown. */
export interface Refusal {
  readonly host: string;
  readonly status: number;
  /** '' when there are none, or they repeat something secret. */
  readonly words: string;
  /** Whether it came from the forge's API, as far as that can be told: pages are of something in between. */
  readonly isJson: boolean;
  readonly now: Date;
}

export interface Told<T> {
  readonly answer: T;
  readonly headers: AnswerHeaders;
}

const maxBytes = 1024 * 1024;

const errorBody = z.object({
  message: z.union([z.string(), z.array(z.string())]).optional(),
  error: z.string().optional(),
  error_description: z.string().optional(),
});

/**
 * Asks a forge one thing, with a deadline, and sends nothing again. Rejects with a ForgeError or the signal's reason alone; none
 * holds what was sent.
 */
export async function ask<T>(connection: Connection, question: Question<T>, call: Call): Promise<Told<T>> {
  const { host } = connection.endpoint;
  const { doing } = question;
  const ms = connection.deadlineMs;
  const late = (): ForgeError =>
    new ForgeError('Unavailable', `${host} did not ${doing} within ${ms / 1_000} s; it is tried again`);
  try {
    return await withDeadline(call, { ms, late }, (signal) => exchange(connection, question, signal));
  } catch (thrown) {
    if (call.signal.aborted || isForgeError(thrown)) throw thrown;
    throw unreachable(thrown, { host, doing });
  }
}

async function exchange<T>(
  { send, endpoint: { host }, now }: Connection,
  question: Question<T>,
  signal: AbortSignal,
): Promise<Told<T>> {
  const { url, authorization, doing, secrets } = question;
  const headers = { accept: 'application/json', authorization, 'user-agent': 'lockkeeper' };
  const response = await send(url, { method: 'GET', headers, signal });
  const { status } = response;
  const body = await readBody(response.body, maxBytes);
  if (body === undefined) throw malformed(host, doing, 'it is too large');
  const text = body.toString('utf8');
  const json = parseJson(text);
  if (status >= 200 && status < 300) {
    return { answer: parse(question, host, json), headers: response.headers };
  }
  const refusal: Refusal = {
    host,
    status,
    words: wordsOf(json, secrets),
    isJson: json !== undefined,
    now: now(),
  };
  const limitedUntil = status === 429 ? waitUntil(response.headers, refusal.now) : undefined;
  if (limitedUntil !== undefined) throw limited(refusal, limitedUntil);
  const heard = { ...refusal, words: refusal.words || shortText(text, secrets) };
  const answer = question.refused(heard);
  if (answer !== undefined) return { answer, headers: response.headers };
  question.throwFitting(heard);
  throw errorOf(refusal, doing);
}

function parse<T>({ answer, doing }: Question<T>, host: string, json: unknown): T {
  if (json === undefined) throw malformed(host, doing, 'it is no JSON');
  const parsed = answer.safeParse(json);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
  throw malformed(
    host,
    doing,
    where === '' ? 'it has another form' : `${where} is missing or of another kind`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wordsOf(json: unknown, secrets: readonly string[]): string {
  const { data } = errorBody.safeParse(json);
  const { message, error, error_description: description } = data ?? {};
  return quote([message, error, description].flat().filter(Boolean).join(': '), secrets);
}

/** A word or two without any form, as load balancers and limits say them; a page has none. */
function shortText(text: string, secrets: readonly string[]): string {
  return text.length > 64 || text.includes('<') ? '' : quote(text.trim(), secrets);
}

const shortestWaitMs = 1_000;
/** What a limit that does not say how long it lasts is taken for. */
const unsaidWaitMs = 60_000;
const longestWaitMs = 2 * 3_600_000;

/** When a request that hit a limit may be sent again. */
function waitUntil(headers: AnswerHeaders, now: Date): Date {
  const after = (ms: number): Date => addMs(now, Math.min(Math.max(ms, shortestWaitMs), longestWaitMs));
  const retryAfter = headers.get('retry-after') ?? '';
  if (/^\d{1,9}$/.test(retryAfter)) return after(Number(retryAfter) * 1_000);
  const reset = headers.get('ratelimit-reset') ?? '';
  if (!/^\d{1,12}$/.test(reset)) return after(unsaidWaitMs);
  // The reset is on the forge's clock, and so is the Date header: their difference is right whatever ours says.
  const theirs = Date.parse(headers.get('date') ?? '');
  return after(Number(reset) * 1_000 - (Number.isNaN(theirs) ? now.getTime() : theirs));
}

/** The error of a credential that has to wait. */
function limited({ host, status }: Refusal, retryAt: Date): ForgeError {
  return new ForgeError('RateLimited', `${host} limits this credential until ${toTimestamp(retryAt)}`, {
    status,
    retryAt,
  });
}

/** What any forge means. */
function errorOf({ host, status, words, isJson }: Refusal, doing: string): ForgeError {
  if (status >= 500) {
    return new ForgeError('Unavailable', `${host} failed to ${doing} (${status}); it is tried again`, {
      status,
    });
  }
  if (!isJson && status !== 401) return malformed(host, doing, `${status} and it is no JSON`, status);
  if (status === 401) {
    const why = 'does not accept the token: it is wrong, expired or revoked; replace it';
    return new ForgeError('Unauthorized', `${host} ${why}`, { status });
  }
  if (status === 403) {
    const why = `does not let this token ${doing}: ${words || 'no word why'}; grant it that`;
    return new ForgeError('PermissionsMissing', `${host} ${why}`, { status });
  }
  return malformed(host, doing, `${status} ${words}`.trim(), status);
}

function malformed(host: string, doing: string, why: string, status?: number): ForgeError {
  return new ForgeError(
    'Malformed',
    `${host} answered in a way that its documentation does not allow when asked to ${doing}: ${why}; are apiURL and provider right, and no proxy in between?`,
    status === undefined ? {} : { status },
  );
}
