import { Agent, fetch, type Response } from 'undici';
import { z } from 'zod';
import { codeOf } from '../base/error.ts';
import type { Secret } from '../base/secret.ts';
import { jittered, sleep } from '../base/time.ts';
import { KubeError, type KubeErrorCode } from './errors.ts';

/** How one cluster is reached. */
export interface Connection {
  /** `https://host:port` */
  readonly server: string;
  /** PEM; the only authority that its certificate may be signed by. */
  readonly ca: string;
  /** Asked for each request; `fresh` after the server refused the last one. */
  readonly token: (ask: { readonly fresh: boolean }) => Secret | undefined;
  readonly clientCertificate?: { readonly cert: string; readonly key: Secret };
  readonly serverName?: string;
}

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
const apiStatus = z.object({
  message: z.string().optional(),
  reason: z.string().optional(),
  details: z.object({ retryAfterSeconds: z.number().optional() }).optional(),
});

/** HTTP to one API server: one pool for calls, one for watches, a deadline on everything. */
export class Transport {
  readonly #connection: Connection;
  readonly #calls: Agent;
  readonly #watches: Agent;

  constructor(connection: Connection) {
    this.#connection = connection;
    const { ca, clientCertificate, serverName } = connection;
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
   */
  async call(request: Request): Promise<unknown> {
    const deadline = AbortSignal.timeout(request.timeoutMs ?? defaultTimeoutMs);
    const signal = AbortSignal.any([request.signal, deadline]);
    const idempotent = request.method === 'GET';
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#exchange(request, signal);
      } catch (thrown) {
        if (request.signal.aborted) throw request.signal.reason;
        const error = deadline.aborted ? this.#late(request) : thrown;
        const transient =
          error instanceof KubeError && (error.code === 'Unavailable' || error.code === 'TooManyRequests');
        if (!transient || !idempotent || attempt === maxAttempts) throw error;
        await sleep(error.retryAfterMs ?? jittered(100 * 2 ** attempt), signal).catch(() => {
          throw request.signal.aborted ? request.signal.reason : error;
        });
      }
    }
  }

  /** An open watch: its lines, in order, as they come. Ends when the server ends it. */
  async watch(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#send({ method: 'GET', path, query, signal }, signal, this.#watches);
    if (response.status !== 200) throw await this.#refusal({ method: 'GET', path }, response);
    if (response.body === null) throw new KubeError('Malformed', `watch ${path}: no body`);
    return response.body;
  }

  async close(): Promise<void> {
    await Promise.all([this.#calls.destroy(), this.#watches.destroy()]);
  }

  async #exchange(request: Request, signal: AbortSignal): Promise<unknown> {
    const response = await this.#send(request, signal, this.#calls);
    if (response.status >= 300) throw await this.#refusal(request, response);
    const text = await readBounded(response, request.path);
    try {
      return text === '' ? undefined : JSON.parse(text);
    } catch (cause) {
      throw new KubeError('Malformed', `${request.method} ${request.path}: the answer is not JSON`, {
        cause,
      });
    }
  }

  async #send(request: Request, signal: AbortSignal, dispatcher: Agent): Promise<Response> {
    const url = new URL(request.path, this.#connection.server);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    for (const fresh of [false, true]) {
      const token = this.#connection.token({ fresh });
      let response: Response;
      try {
        response = await fetch(url, {
          method: request.method,
          dispatcher,
          signal,
          redirect: 'error',
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
      if (response.status !== 401 || fresh) return response;
      await response.body?.cancel();
    }
    throw new KubeError('Unauthorized', `${request.method} ${request.path}: refused`);
  }

  async #refusal(request: Pick<Request, 'method' | 'path'>, response: Response): Promise<KubeError> {
    const said = apiStatus.safeParse(parsed(await readBounded(response, request.path).catch(() => '')));
    const { message = `answered ${response.status}`, reason, details } = said.data ?? {};
    const header = Number(response.headers.get('retry-after'));
    const retryAfter = Number.isFinite(header) && header > 0 ? header : details?.retryAfterSeconds;
    return new KubeError(
      codeFor(response.status, reason),
      `${request.method} ${request.path}: ${message.slice(0, 500)}`,
      { status: response.status, ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter * 1000 }) },
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

async function readBounded(response: Response, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array> /* undici types it as any */) {
    bytes += chunk.byteLength;
    if (bytes > maxBodyBytes)
      throw new KubeError('Malformed', `${path}: the answer is larger than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
