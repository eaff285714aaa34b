import { codeOf } from '../../base/error.ts';
import type { Secret } from '../../base/secret.ts';
import { jittered, sleep } from '../../base/time.ts';
import { jsonOf, refusalOf } from './api-status.ts';
import { bytesOf } from './body.ts';
import { CallLimit } from './call-limit.ts';
import type { Ask, Connection } from './connection.ts';
import { isKubeError, KubeError } from '../errors.ts';
import { RenewedPools, type Pools } from './pools.ts';
import { requestInfo, type RequestInfo } from './request-info.ts';
import { send, type Attempt, type Outcome, type Request } from './send.ts';

export type { Request };

/** One attempt that is over: of a call with its last byte, of a watch with the head of its answer. */
export interface EndedCall extends RequestInfo {
  /** The HTTP status; without an answer the code of the KubeError, or `Aborted` when the caller stopped it. */
  readonly code: string;
  /** Since it was sent. */
  readonly milliseconds: number;
}

export interface TransportOptions {
  /**
   * Calls that begin in a second, on average: 100 unless said otherwise. Priority and fairness on the server's side keep others safe
   * from us; this keeps them safe from a mistake that makes us write in circles. 5 (client-go) would need half an hour for a status of
   * each of 10,000 Pipelines, 100 need 100 s.
   */
  readonly callsPerSecond?: number;
  /** Calls that may begin at once after a quiet time: 100 unless said otherwise, which are the pages of a start with 50,000 objects. */
  readonly burst?: number;
  /** A watch that has no head of its answer for so long is given up: 30 s unless said otherwise. An API server sends it at once. */
  readonly watchHeadMs?: number;
  /** Called once for each attempt. May not throw. */
  readonly onCall?: (ended: EndedCall) => void;
}

const known: Ask = { fresh: false };
const anew: Ask = { fresh: true };
const defaultTimeoutMs = 15_000;
const maxAttempts = 4;
/** RFC 9110, 9.2.2: doing it twice is meant to be as doing it once. */
const repeatable: ReadonlySet<string> = new Set(['GET', 'PUT', 'DELETE']);
/** What Node says of a server whose certificate is of none of the authorities, as after they were replaced. */
const distrusted: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_HAS_EXPIRED',
  'INVALID_CA',
]);

/** HTTP to one API server: one pool for calls, one for watches, renewed with its TLS material; a deadline on everything. */
export class Transport {
  readonly #connection: Connection;
  readonly #pools: RenewedPools;
  readonly #limit: CallLimit;
  readonly #onCall: TransportOptions['onCall'];
  readonly #closing = new AbortController();

  constructor(connection: Connection, options: TransportOptions = {}) {
    const { callsPerSecond = 100, burst = 100, watchHeadMs, onCall } = options;
    this.#connection = connection;
    this.#pools = new RenewedPools(connection.server, connection.tls(known), watchHeadMs);
    this.#limit = new CallLimit({ perSecond: callsPerSecond, burst });
    this.#onCall = onCall;
  }

  /**
   * One call; gives the answer's JSON. GET, PUT and DELETE are repeated on 429, 5xx and lost connections within the deadline, honouring
   * Retry-After; so a PUT may find its own first attempt (Conflict), and a DELETE may find nothing (NotFound). POST and PATCH are sent
   * once. Each is sent once more, with token and TLS material read anew, after a 401 and to a server that our authorities do not know.
   * Rejects with a KubeError, or with the signal's reason once that is aborted.
   */
  async call(request: Request): Promise<unknown> {
    const { timeoutMs = defaultTimeoutMs } = request;
    request.signal.throwIfAborted();
    // Taken down when the call ends: AbortSignal.timeout would hold what hangs on it until its time has come.
    const ours = new AbortController();
    const timer = setTimeout(() => ours.abort(late(request)), timeoutMs);
    const onAbort = (): void => ours.abort(request.signal.reason);
    request.signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.#attempts(request, performance.now() + timeoutMs, ours.signal);
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener('abort', onAbort);
    }
  }

  /** An open watch: its bytes as they come. Ends when the server ends it; rejects as `call` does, and is never repeated. */
  async watch(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    signal.throwIfAborted();
    const request: Request = { method: 'GET', path, query, signal };
    const { stream, ...answer } = await this.#twice({ request, signal, isWatch: true });
    if (stream === undefined) throw refusalOf(`GET ${path}`, answer);
    return bytesOf(stream, `watch ${path}`, signal);
  }

  /**
   * Ends whatever runs, which rejects with Unavailable, as does what is asked from then on; what waits to be sent again rejects with why
   * it has to be. Doing it twice is doing it once.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    const closed = this.#pools.close();
    this.#limit.close();
    await closed;
  }

  /** @param signal aborted with what is to be thrown then */
  async #attempts(request: Request, endsAt: number, signal: AbortSignal): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (request.priority !== 'high') await this.#turn(request, endsAt, signal);
        return await this.#exchange(request, signal);
      } catch (thrown) {
        if (signal.aborted) throw signal.reason;
        const transient = isKubeError(thrown, 'Unavailable') || isKubeError(thrown, 'TooManyRequests');
        if (!transient || !repeatable.has(request.method) || attempt === maxAttempts) throw thrown;
        const waitMs = thrown.retryAfterMs ?? jittered(100 * 2 ** attempt);
        const heldMs = request.priority === 'high' ? 0 : this.#limit.waitMs();
        // Nothing comes of waiting beyond the deadline, so the caller hears of it now.
        if (performance.now() + Math.max(waitMs, heldMs) > endsAt) throw thrown;
        await sleep(waitMs, AbortSignal.any([signal, this.#closing.signal])).catch(() => {
          throw request.signal.aborted ? request.signal.reason : thrown;
        });
      }
    }
  }

  /** Waits for our own limit; not at all where that would take longer than there is time. */
  #turn(request: Request, endsAt: number, signal: AbortSignal): Promise<void> | undefined {
    const waitMs = this.#limit.waitMs();
    if (waitMs === 0 || performance.now() + waitMs <= endsAt) return this.#limit.turn(signal);
    const { method, path, timeoutMs = defaultTimeoutMs } = request;
    throw new KubeError(
      'Timeout',
      `${method} ${path}: not sent, as our own limit of calls would hold it back for ${Math.ceil(waitMs)} ms, longer than its ${timeoutMs} ms`,
    );
  }

  async #exchange(request: Request, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#twice({ request, signal, isWatch: false });
    const what = `${request.method} ${request.path}`;
    if (answer.status >= 300) throw refusalOf(what, answer);
    if (answer.text === '') return undefined;
    const value = jsonOf(answer.text);
    // Without the parser's error as its cause: that quotes the body.
    if (value === undefined) throw new KubeError('Malformed', `${what}: the answer is not JSON`);
    return value;
  }

  /** One attempt, and another one with everything read anew where the server refused who we are, or we could not believe who it is. */
  async #twice(attempt: Attempt): Promise<Outcome> {
    const pools = this.#pools.for(this.#connection.tls(known));
    let failure: KubeError | undefined;
    try {
      const outcome = await this.#once(attempt, pools, this.#connection.token(known));
      if (outcome.status !== 401) return outcome;
    } catch (thrown) {
      if (!isDistrust(thrown)) throw thrown;
      failure = thrown;
    }
    const renewed = this.#pools.for(this.#connection.tls(anew));
    // With the authorities that we had it would end in the same way.
    if (failure !== undefined && renewed === pools) throw failure;
    return this.#once(attempt, renewed, this.#connection.token(anew));
  }

  async #once(attempt: Attempt, pools: Pools, token: Secret | undefined): Promise<Outcome> {
    if (this.#onCall === undefined) return send(attempt, pools, token);
    const begun = performance.now();
    let code = 'Aborted';
    try {
      const outcome = await send(attempt, pools, token);
      code = String(outcome.status);
      return outcome;
    } catch (thrown) {
      if (isKubeError(thrown)) code = thrown.code;
      throw thrown;
    } finally {
      const { verb, resource } = requestInfo(attempt.request);
      this.#onCall({ verb, resource, code, milliseconds: performance.now() - begun });
    }
  }
}

function isDistrust(thrown: unknown): thrown is KubeError {
  return isKubeError(thrown, 'Unavailable') && distrusted.has(codeOf(thrown.cause));
}

function late({ method, path, timeoutMs = defaultTimeoutMs }: Request): KubeError {
  return new KubeError('Timeout', `${method} ${path}: no answer within ${timeoutMs} ms`);
}
