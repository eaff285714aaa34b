import type { Dispatcher } from 'undici';
import { codeOf } from '../../base/error.ts';
import { heeding } from '../../base/heeding.ts';
import type { Secret } from '../../base/secret.ts';
import type { Answer } from './api-status.ts';
import { readBounded } from './body.ts';
import { isKubeError, KubeError } from '../errors.ts';
import type { Pools } from './pools.ts';

const refusalMs = 10_000;

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal: AbortSignal;
  /** In all, retries and our own limit included; 15 s unless said otherwise. */
  readonly timeoutMs?: number;
  /** Waits neither for our own limit nor for a connection. For the Lease alone: whoever writes it late is no leader any more. */
  readonly priority?: 'high';
}

/** What came of one attempt. */
export interface Outcome extends Answer {
  /** Of a watch that was taken; its text is still to come. */
  readonly stream?: Body;
}

export interface Attempt {
  readonly request: Request;
  /** Aborted with what is to be thrown then. */
  readonly signal: AbortSignal;
  readonly isWatch: boolean;
}

type Body = Dispatcher.ResponseData['body'];

/**
 * One request and its answer, as far as it is to be read: an answer of any status, refusals too. Rejects with Unavailable when there is
 * none, with the signal's reason once that is aborted.
 */
export async function send(
  { request, signal, isWatch }: Attempt,
  { calls, watches }: Pools,
  token: Secret | undefined,
): Promise<Outcome> {
  const { method, path, query, body, contentType = 'application/json', priority } = request;
  const what = `${method} ${path}`;
  const pool = isWatch || priority === 'high' ? watches : calls;
  try {
    // Follows no redirect: the token would go along.
    const requested = pool.request({
      method,
      path: query === undefined ? path : `${path}?${new URLSearchParams(query).toString()}`,
      signal,
      headers: {
        accept: 'application/json',
        'user-agent': 'lockkeeper',
        ...(token === undefined ? {} : { authorization: `Bearer ${token.expose()}` }),
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const response = await heeding(signal, requested);
    const { statusCode: status, headers } = response;
    if (isWatch && status === 200) return { status, headers, text: '', stream: response.body };
    const text = await (status < 300
      ? readBounded(response.body, what, signal)
      : readRefusal(response.body, what, signal));
    return { status, headers, text };
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    if (isKubeError(thrown)) throw thrown;
    throw new KubeError('Unavailable', `${what}: no answer (${codeOf(thrown)})`, { cause: thrown });
  }
}

/** Nothing where it breaks off or does not end: the status says enough. */
async function readRefusal(body: Body, what: string, signal: AbortSignal): Promise<string> {
  const timer = setTimeout(() => body.destroy(), refusalMs);
  try {
    return await readBounded(body, what, signal);
  } catch {
    signal.throwIfAborted();
    return '';
  } finally {
    clearTimeout(timer);
  }
}
