/** Where one forge is: the operator's word, never a tenant's. */
export interface Endpoint {
  /** As people write it in URLs: `github.com`. */
  readonly host: string;
  readonly provider: ProviderName;
  /** Root of the API, without a slash at its end. */
  readonly apiUrl: string;
  /** PEM of the authority that signs its certificate, when the system does not know it. */
  readonly ca?: string;
  /** Whether it may be at an address that is not public. Cloud metadata stays closed even then. */
  readonly allowPrivateNetwork?: boolean;
}

export type ProviderName = 'github' | 'gitlab' | 'gitea';

/** One endpoint with its connections; lives as long as the process. */
export interface Connection {
  readonly endpoint: Endpoint;
  /** Sends through this endpoint's pool and authority, and follows no redirect. Rejects with AddressNotAllowed before a byte is sent where the outbound policy forbids it. */
  readonly send: (url: string, request: Request) => Promise<Answer>;
  readonly now: () => Date;
  /** What one request may take, answer included; an archive takes what it takes. */
  readonly deadlineMs: number;
  /**
   * What providers know of this endpoint between calls. Bounded; anything may be forgotten at any time. A key names whatever the
   * value depends on: what only one token may see is kept under that token's fingerprint.
   */
  readonly memory: Memory;
}

export interface Memory {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  delete(key: string): void;
}

export interface Request {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** Asked when there is a connection and before a byte is written; what it throws, sending rejects with. */
  readonly may?: () => void;
}

/** What came back. Its body is to be read to its end, left early or discarded: until then it holds a socket. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Unzipped, if the request did not ask for a coding of its own. Whoever stops reading closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly discard: () => Promise<void>;
}

export interface AnswerHeaders extends Iterable<readonly [string, string]> {
  /** By its name in lower case. */
  get(name: string): string | null;
}
