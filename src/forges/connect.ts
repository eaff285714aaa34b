import type { LookupFunction } from 'node:net';
import { createSecureContext, getCACertificates } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Agent, request, type Dispatcher } from 'undici';
import { Connecting } from '../base/connecting.ts';
import { heeding } from '../base/heeding.ts';
import { type Clock, systemClock } from '../base/time.ts';
import { askedAtStart } from './asked-at-start.ts';
import type { Answer, AnswerHeaders, Connection, Endpoint, Memory } from './connection.ts';
import { addressRefusal, requestRefusal } from './outbound.ts';

/** A connection that its owner ends. */
export interface OpenConnection extends Connection {
  /** Ends all at once: whatever runs rejects. Doing it twice is doing it once. */
  readonly close: () => Promise<void>;
}

// GitHub allows 100 requests at once for all of an account's tokens.
const maxSockets = 32;
const connectTimeoutMs = 10_000;
const headersTimeoutMs = 15_000;
/** Between two pieces of a body. */
const bodyTimeoutMs = 30_000;
/** Of an answer, all together; GitHub's take 5 kB. */
const maxHeaderBytes = 32 * 1024;
const memoryBytes = 8 * 1024 * 1024;

const defaultDeadlineMs = 15_000;

/**
 * One endpoint with its pool of sockets, its certificate authority and its memory: the only way to a forge. Opens no socket before the
 * first request, never follows a redirect, keeps no cookies and takes nothing from the environment (no proxy). What may be asked
 * and which addresses may be connected to says `outbound.ts`.
 * @param options.resolve instead of the system's resolver
 */
export function connect(
  endpoint: Endpoint,
  {
    clock = systemClock,
    deadlineMs = defaultDeadlineMs,
    resolve,
  }: {
    readonly clock?: Clock;
    readonly deadlineMs?: number;
    readonly resolve?: LookupFunction;
  } = {},
): OpenConnection {
  const connecting = new Connecting();
  const agent = new Agent({
    connections: maxSockets,
    headersTimeout: headersTimeoutMs,
    bodyTimeout: bodyTimeoutMs,
    maxHeaderSize: maxHeaderBytes,
    // One stalled HTTP/2 session would stall every request of the endpoint.
    allowH2: false,
    connect: connecting.connector(
      { timeout: connectTimeoutMs, allowH2: false, ...trust(endpoint.ca) },
      { judge: (host, address) => addressRefusal(endpoint, host, address), resolve },
    ),
  });
  return {
    endpoint,
    // Not by fetch, which takes several times as long for the same request.
    send: async (url, { method, headers, body, signal, may }) => {
      const to = new URL(url);
      const refusal = requestRefusal(endpoint, to, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      if (refusal !== undefined) throw refusal;
      const requested = request(to, {
        method,
        headers: { 'accept-encoding': 'gzip', ...headers },
        signal,
        dispatcher: may === undefined ? agent : agent.compose(askedAtStart(may)),
        ...(body === undefined ? {} : { body }),
      });
      return answerOf(await heeding(signal, requested));
    },
    now: () => clock.now(),
    deadlineMs,
    memory: boundedMemory(),
    close: async () => {
      await agent.destroy();
      connecting.end();
    },
  };
}

/** The operator's authority beside the system's: archives may come from another host than the API. */
function trust(ca: string | undefined): object {
  if (ca === undefined) return {};
  return { secureContext: createSecureContext({ ca: [...getCACertificates('default'), ca] }) };
}

function answerOf({ statusCode, headers, body }: Dispatcher.ResponseData): Answer {
  return {
    status: statusCode,
    headers: new ReceivedHeaders(headers),
    body: headers['content-encoding'] === 'gzip' ? unzipped(body) : body,
    discard: () => body.dump(),
  };
}

/** What breaks the body breaks its reading, and who stops reading ends the body. */
function unzipped(body: Dispatcher.ResponseData['body']): AsyncIterable<Uint8Array> {
  return pipeline(body, createGunzip(), () => {});
}

class ReceivedHeaders implements AnswerHeaders {
  readonly #values: Dispatcher.ResponseData['headers'];

  constructor(values: Dispatcher.ResponseData['headers']) {
    this.#values = values;
  }

  get(name: string): string | null {
    const value = this.#values[name];
    return value === undefined ? null : String(value);
  }

  *[Symbol.iterator](): Iterator<readonly [string, string]> {
    for (const [name, value] of Object.entries(this.#values)) yield [name, String(value)];
  }
}

function boundedMemory(): Memory {
  const cache = new LRUCache<string, string>({
    maxSize: memoryBytes,
    maxEntrySize: memoryBytes / 16,
    // Two bytes a character, and what an entry costs beside.
    sizeCalculation: (value, key) => 200 + 2 * (key.length + value.length),
  });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => void cache.set(key, value),
    delete: (key) => void cache.delete(key),
  };
}
