import { Agent, request as send, type Dispatcher } from 'undici';
import { z } from 'zod';
import { codeOf } from '../base/error.ts';
import { sentence } from '../base/sentence.ts';
import { jittered, sleep } from '../base/time.ts';
import type { Connection } from './connection.ts';
import { KubeError, type KubeErrorCode } from './errors.ts';

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal: AbortSignal;
  /** In all, retries included; 15 s unless said otherwise. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 15_000;
const maxAttempts = 4;
const maxBodyBytes = 64 * 1024 * 1024;
const maxMessageBytes = 500;
const apiStatus = z.object({
  message: z.string().optional(),
  reason: z.string().optional(),
  details: z.object({ retryAfterSeconds: z.number().optional() }).optional(),
});

type Response = Dispatcher.ResponseData;

/** HTTP to one API server: one pool for calls, one for watches, a deadline on everything. */
export class Transport {
  readonly #connection: Connection;
  readonly #calls: Agent;
  readonly #watches: Agent;

  constructor(connection: Connection) {
    this.#connection = connection;
    const { ca, clientCertificate, serverName } = connection.tls();
    const connect = {
      ca,
      timeout: 10_000,
      ...(clientCertificate === undefined
        ? {}
        : { cert: clientCertificate.cert, key: clientCertificate.key.expose() }),
      ...(serverName === undefined ? {} : { servername: serverName }),
    };
    this.#calls = new Agent({ connect, allowH2: false, connections: 16 });
    // A watch that is silent is not broken: its reader has a limit of its own.
    this.#watches = new Agent({ connect, allowH2: false, bodyTimeout: 0, headersTimeout: 30_000 });
  }

  /**
   * One call; gives the answer's JSON. Reads are repeated on 429, 5xx and lost connections within the deadline, honouring
   * Retry-After; writes are sent once, but for a 401, which is tried again with the token read anew.
   * Rejects with a KubeError, or with the signal's reason once that is aborted.
   */
  async call(request: Request): Promise<unknown> {
    const { timeoutMs = defaultTimeoutMs } = request;
    request.signal.throwIfAborted();
    // Taken down when the call ends: AbortSignal.timeout would hold what hangs on it until its time has come.
    const ours = new AbortController();
    const timer = setTimeout(() => ours.abort(this.#late(request)), timeoutMs);
    const onAbort = (): void => ours.abort(request.signal.reason);
    request.signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.#attempts(request, performance.now() + timeoutMs, ours.signal);
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener('abort', onAbort);
    }
  }

  /** @param signal aborted with what is to be thrown then */
  async #attempts(request: Request, endsAt: number, signal: AbortSignal): Promise<unknown> {
    const idempotent = request.method === 'GET';
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#exchange(request, signal);
      } catch (thrown) {
        if (signal.aborted) throw signal.reason;
        const transient =
          thrown instanceof KubeError && (thrown.code === 'Unavailable' || thrown.code === 'TooManyRequests');
        if (!transient || !idempotent || attempt === maxAttempts) throw thrown;
        const waitMs = thrown.retryAfterMs ?? jittered(100 * 2 ** attempt);
        // Nothing comes of waiting beyond the deadline, so the caller hears of it now.
        if (performance.now() + waitMs > endsAt) throw thrown;
        await sleep(waitMs, signal).catch(() => {
          throw request.signal.aborted ? request.signal.reason : thrown;
        });
      }
    }
  }

  /** An open watch: its bytes as they come. Ends when the server ends it; rejects as `call` does, and is never repeated. */
  async watch(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#send({ method: 'GET', path, query, signal }, signal, this.#watches);
    if (response.statusCode !== 200) throw await this.#refusal({ method: 'GET', path, signal }, response);
    return bytesOf(response, `watch ${path}`, signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.#calls.destroy(), this.#watches.destroy()]);
  }

  async #exchange(request: Request, signal: AbortSignal): Promise<unknown> {
    const response = await this.#send(request, signal, this.#calls);
    const what = `${request.method} ${request.path}`;
    if (response.statusCode >= 300) throw await this.#refusal({ ...request, signal }, response);
    const text = await readBounded(response, what, signal);
    if (text === '') return undefined;
    const answer = parsed(text);
    // Without the parser's error as its cause: that quotes the body.
    if (answer === undefined) throw new KubeError('Malformed', `${what}: the answer is not JSON`);
    return answer;
  }

  async #send(request: Request, signal: AbortSignal, dispatcher: Agent): Promise<Response> {
    const url = new URL(request.path, this.#connection.server);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    for (const fresh of [false, true]) {
      const token = this.#connection.token({ fresh });
      let response: Response;
      try {
        // Follows no redirect: the token would go along.
        response = await send(url, {
          method: request.method,
          dispatcher,
          signal,
          headers: {
            accept: 'application/json',
            'user-agent': 'lockkeeper',
            ...(token === undefined ? {} : { authorization: `Bearer ${token.expose()}` }),
            ...(request.body === undefined
              ? {}
              : { 'content-type': request.contentType ?? 'application/json' }),
          },
          ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        });
      } catch (thrown) {
        if (signal.aborted) throw signal.reason;
        throw new KubeError(
          'Unavailable',
          `${request.method} ${request.path}: no answer (${codeOf(thrown)})`,
          { cause: thrown },
        );
      }
      if (response.statusCode !== 401 || fresh) return response;
      await response.body.dump();
    }
    throw new KubeError('Unauthorized', `${request.method} ${request.path}: refused`);
  }

  async #refusal(
    { method, path, signal }: Pick<Request, 'method' | 'path' | 'signal'>,
    response: Response,
  ): Promise<KubeError> {
    const what = `${method} ${path}`;
    const body = await readBounded(response, what, signal).catch(() => '');
    const said = apiStatus.safeParse(parsed(body));
    const { message = `answered ${response.statusCode}`, reason, details } = said.data ?? {};
    const header = Number(response.headers['retry-after']);
    const retryAfter = Number.isFinite(header) && header > 0 ? header : details?.retryAfterSeconds;
    return new KubeError(
      codeFor(response.statusCode, reason),
      `${what}: ${sentence(message, maxMessageBytes)}`,
      {
        status: response.statusCode,
        ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter * 1000 }),
      },
    );
  }

  #late({ method, path, timeoutMs = defaultTimeoutMs }: Request): KubeError {
    return new KubeError('Timeout', `${method} ${path}: no answer within ${timeoutMs} ms`);
  }
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

async function readBounded(response: Response, what: string, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of bytesOf(response, what, signal)) {
    bytes += chunk.byteLength;
    if (bytes > maxBodyBytes)
      throw new KubeError('Malformed', `${what}: the answer is larger than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The body as it comes. A connection that breaks in the middle is as unavailable as one that broke before. */
async function* bytesOf(
  response: Response,
  what: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* response.body as AsyncIterable<Uint8Array>; /* undici types its chunks as any */
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    throw new KubeError('Unavailable', `${what}: the answer broke off (${codeOf(thrown)})`, {
      cause: thrown,
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
