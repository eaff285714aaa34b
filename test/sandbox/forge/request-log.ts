import { createHash } from 'node:crypto';
import type { Caller } from './caller.ts';

export interface LoggedRequest {
  /** As in the `x-github-request-id` header. */
  readonly id: string;
  readonly origin: 'api' | 'web' | 'codeload';
  readonly method: string;
  /** `GET /repos/{owner}/{repo}`; for GraphQL the route and then the fields asked for: `POST /graphql updateRefs`. */
  readonly route: string;
  /** Path and query as sent. A signed link is cut before its signature. */
  readonly url: string;
  readonly credential: Caller['kind'] | 'refused';
  /** Login of the credential's owner. */
  readonly owner: string | undefined;
  /** SHA-256 of the token, in hex: which token it was, without holding it. */
  readonly tokenFingerprint: string | undefined;
  /** 0: the answer was lost. */
  readonly status: number;
  /** Of bodies. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Milliseconds since the epoch, with fractions; comparable between processes of one machine. */
  readonly startMs: number;
  readonly endMs: number;
  /** Kind of the injected fault that this request met. */
  readonly fault: string | undefined;
}

/** The last requests, oldest first. */
export class RequestLog {
  readonly #limit: number;
  readonly #listeners = new Set<(entry: LoggedRequest) => void>();
  #entries: LoggedRequest[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(entry: LoggedRequest): void {
    this.#entries.push(entry);
    // Dropped in large pieces, so that a full log costs nothing per request.
    if (this.#entries.length > 1.25 * this.#limit) this.#entries = this.#entries.slice(-this.#limit);
    for (const listener of this.#listeners) listener(entry);
  }

  /** Calls `listener` after each request has been answered; gives what ends that. */
  onAdd(listener: (entry: LoggedRequest) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  entries(): readonly LoggedRequest[] {
    return this.#entries.slice(-this.#limit);
  }

  /** How often each route was called. */
  byRoute(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { route } of this.entries()) counts[route] = (counts[route] ?? 0) + 1;
    return counts;
  }

  clear(): void {
    this.#entries = [];
  }
}

export function fingerprintOf(token: string | undefined): string | undefined {
  return token === undefined ? undefined : createHash('sha256').update(token).digest('hex');
}

/** Milliseconds since the epoch with fractions. */
export function preciseNowMs(): number {
  return performance.timeOrigin + performance.now();
}
