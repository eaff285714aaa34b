import { Octokit } from '@octokit/core';
import { restEndpointMethods } from '@octokit/plugin-rest-endpoint-methods';
import { z, type ZodType } from 'zod';
import { withDeadline } from '../deadline.ts';
import { ForgeError, isForgeError } from '../errors.ts';
import type { Answer, AnswerHeaders, Connection } from '../connection.ts';
import type { Call, Repository } from '../forge.ts';
import { quote } from '../quote.ts';
import { readBody } from '../read-body.ts';
import { unreachable } from '../unreachable.ts';
import { retryWhileFresh } from './fresh-token.ts';
import { errorOf, wordsOf, type Errand, type Refusal } from './refusal.ts';

/** Whose word requests carry. */
export interface Bearer {
  readonly as: Errand['as'];
  /** What stands behind `Bearer`, for one request. @param clockSkewMs how far the forge's clock is ahead of ours */
  readonly token: (clockSkewMs: number) => string | Promise<string>;
  /** When it was minted, where it was: until it is known everywhere, 401 and 404 are tried again. */
  readonly mintedAt?: Date | undefined;
}

/** What one request is for and what may come of it. */
export interface Ask<T> {
  /** Completes "may not …": `open a pull request`. */
  readonly doing: string;
  /** Permissions that it takes, for the sentence when they are missing and the forge does not say. */
  readonly needs?: string;
  /** Turns a no into an answer where a no is ordinary; undefined leaves it an error. */
  readonly refused?: (refusal: Refusal) => T | undefined;
}

/** An ask whose answer is JSON: a REST answer as a whole, or a GraphQL answer's `data`. */
export interface JsonAsk<T> extends Ask<T> {
  readonly answer: ZodType<T>;
  /** What the answer may take, unpacked. */
  readonly maxBytes?: number;
  /** Instead of an error when it takes more. */
  readonly tooLarge?: () => T;
  /** What was answered last time, when it may still hold: GitHub says so in few bytes. */
  readonly known?: { readonly etag: string; readonly answer: T };
  /** Takes what the headers of a good answer tell. */
  readonly hear?: (headers: AnswerHeaders) => void;
  /** Takes what may be `known` next time. */
  readonly keep?: (etag: string, answer: T) => void;
}

/** What every REST call passes on to Octokit. */
export interface Passed {
  readonly request: object;
  readonly headers?: Record<string, string>;
}

/** GitHub's routes and nothing of what `@octokit/rest` adds to them: pages and a log of requests. */
const Routes = Octokit.plugin(restEndpointMethods);

type Send = (
  api: InstanceType<typeof Routes>['rest'],
  passed: Passed,
  /** For routes that only GitHub's Enterprise Cloud has. */
  request: InstanceType<typeof Routes>['request'],
) => Promise<unknown>;

interface Init {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** One attempt at one request. */
interface Attempt {
  readonly token: string;
  readonly signal: AbortSignal;
}

// Later versions drop fields that are used here; without the header the server chooses.
const apiVersion = '2022-11-28';
const userAgent = 'lockkeeper';
const maxAnswerBytes = 4 * 1024 * 1024;
const maxErrorBytes = 64 * 1024;
/** Clocks that differ by less do not make an App's JWT invalid: it is dated back by a minute, and ends in nine of ten. */
const toleratedSkewMs = 50_000;
/** In the connection's memory: how far this forge's clock was ahead of ours when that mattered. */
const skewKey = 'clock skew';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const graphqlAnswer = z.object({
  data: z.unknown().optional(),
  errors: z.array(z.object({ message: z.string(), type: z.string().optional() })).optional(),
});

/**
 * One bearer at one endpoint: the only place that sends to GitHub's API. Octokit gives routes their types and URLs and nothing
 * else: it never sees a token (its errors keep the request), parses no answer (its parser takes ten times as long), repeats
 * nothing and logs nothing. Every method has a deadline of its own and rejects with a ForgeError or the signal's reason alone.
 */
export class GithubApi {
  readonly #connection: Connection;
  readonly #bearer: Bearer;
  readonly #repository: string | undefined;
  readonly #octokit: InstanceType<typeof Routes>;

  /** @param repository that requests are about; absent where they are about the bearer itself */
  constructor(connection: Connection, bearer: Bearer, repository?: Repository) {
    this.#connection = connection;
    this.#bearer = bearer;
    this.#repository = repository === undefined ? undefined : `${repository.owner}/${repository.name}`;
    this.#octokit = new Routes({ baseUrl: connection.endpoint.apiUrl, userAgent, log: silent });
  }

  /** One REST call, whose answer is JSON. */
  async rest<T>(ask: JsonAsk<T>, send: Send, call: Call): Promise<T> {
    const { known } = ask;
    const read = async (response: Answer): Promise<T> => {
      if (response.status === 304 && known !== undefined) {
        await response.discard();
        return known.answer;
      }
      const answer = await this.#read(ask, response);
      ask.hear?.(response.headers);
      const etag = response.headers.get('etag');
      if (etag !== null) ask.keep?.(etag, answer);
      return answer;
    };
    const conditional: Send = (api, passed, request) =>
      send(
        api,
        known === undefined ? passed : { ...passed, headers: { 'if-none-match': known.etag } },
        request,
      );
    return await this.stream(ask, conditional, read, call);
  }

  /** One REST call, whose answer `read` takes as it comes: a 2xx or a 304. */
  async stream<T>(ask: Ask<T>, send: Send, read: (response: Answer) => Promise<T>, call: Call): Promise<T> {
    return await this.#carryOut(ask, call, async (attempt) => {
      let response: Answer | undefined;
      const fetch = async (url: string, init: Init): Promise<Answer> => {
        response = await this.#exchange(url, init, attempt);
        return response;
      };
      try {
        const request = { fetch, parseSuccessResponseBody: false, log: silent };
        await send(this.#octokit.rest, { request }, this.#octokit.request);
      } catch (thrown) {
        // Octokit throws an answer of 304, and wraps what our own fetch throws.
        if (response === undefined) throw causeOf(thrown);
      }
      if (response === undefined) throw new ForgeError('Malformed', `nothing was sent to ${ask.doing}`);
      return await read(response);
    });
  }

  /** One GraphQL call. */
  async graphql<T>(
    ask: JsonAsk<T>,
    document: { readonly query: string; readonly variables: Readonly<Record<string, unknown>> },
    call: Call,
  ): Promise<T> {
    const init = {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify(document),
    };
    return await this.#carryOut(ask, call, async (attempt) => {
      const response = await this.#exchange(graphqlUrl(this.#connection.endpoint.apiUrl), init, attempt);
      const { doing, maxBytes } = ask;
      const read = await this.#read(
        {
          doing,
          ...(maxBytes === undefined ? {} : { maxBytes }),
          answer: graphqlAnswer.optional(),
          tooLarge: () => undefined,
        },
        response,
      );
      if (read === undefined) return this.#overflow(ask);
      const error = read.errors?.[0];
      if (error === undefined) return this.#parse(ask, ask.answer, read.data);
      throw this.#refused(response, attempt, {
        words: quote(error.message, [attempt.token]),
        type: error.type,
      });
    });
  }

  /** The error that a refusal is where it is no answer. */
  errorOf(refusal: Refusal, ask: Pick<Ask<unknown>, 'doing' | 'needs'>): ForgeError {
    return errorOf(refusal, this.#errand(ask));
  }

  async #carryOut<T>(ask: Ask<T>, { signal }: Call, work: (attempt: Attempt) => Promise<T>): Promise<T> {
    const { mintedAt } = this.#bearer;
    const { now } = this.#connection;
    const skewMs = this.#bearer.as === 'App key' ? Number(this.#connection.memory.get(skewKey) ?? 0) : 0;
    return await retryWhileFresh({ mintedAt, now, signal }, () =>
      this.#once(ask, { signal }, work, { skewMs, isLast: false }),
    );
  }

  async #once<T>(
    ask: Ask<T>,
    call: Call,
    work: (attempt: Attempt) => Promise<T>,
    clock: { readonly skewMs: number; readonly isLast: boolean },
  ): Promise<T> {
    const ms = this.#connection.deadlineMs;
    const late = (): ForgeError =>
      new ForgeError(
        'Unavailable',
        `${this.#host} did not ${ask.doing} within ${ms / 1_000} s; it is tried again`,
      );
    try {
      return await withDeadline(call, { ms, late }, async (signal) => {
        return await work({ token: await this.#bearer.token(clock.skewMs), signal });
      });
    } catch (thrown) {
      if (call.signal.aborted) throw thrown;
      if (!isRefused(thrown)) throw isForgeError(thrown) ? thrown : unreachable(thrown, this.#errand(ask));
      const { refusal } = thrown;
      const skewMs = this.#clockSkewMs(refusal);
      if (!clock.isLast && skewMs !== undefined && Math.abs(skewMs - clock.skewMs) > toleratedSkewMs) {
        const answer = await this.#once(ask, call, work, { skewMs, isLast: true });
        this.#connection.memory.set(skewKey, String(skewMs));
        return answer;
      }
      const answer = ask.refused?.(refusal);
      if (answer !== undefined) return answer;
      throw this.errorOf(refusal, ask);
    }
  }

  /** How far the forge's clock is ahead, as far as that can be why it refused the bearer: only an App's JWT depends on it. */
  #clockSkewMs({ status, headers, now }: Refusal): number | undefined {
    if (status !== 401 || this.#bearer.as !== 'App key') return undefined;
    const theirs = Date.parse(headers.get('date') ?? '');
    return Number.isNaN(theirs) ? undefined : theirs - now.getTime();
  }

  /** Sends to the endpoint's own origin and gives a 2xx or 304; rejects with Refused for every other answer. */
  async #exchange(url: string, init: Init, { token, signal }: Attempt): Promise<Answer> {
    const response = await this.#connection.send(url, {
      method: init.method ?? 'GET',
      ...(init.body === undefined ? {} : { body: init.body }),
      headers: {
        ...init.headers,
        authorization: `Bearer ${token}`,
        'user-agent': userAgent,
        'x-github-api-version': apiVersion,
      },
      signal,
    });
    if ((response.status >= 200 && response.status < 300) || response.status === 304) return response;
    const body = await readBody(response.body, maxErrorBytes);
    const words = wordsOf(body?.toString('utf8') ?? '', [token]);
    throw this.#refused(response, { token }, { words });
  }

  #refused(
    { status, headers }: Answer,
    { token }: Pick<Attempt, 'token'>,
    { words, type }: { readonly words: string; readonly type?: string | undefined },
  ): Refused {
    return new Refused({
      status,
      words,
      headers,
      shown: (header) => quote(headers.get(header) ?? '', [token]),
      ...(type === undefined ? {} : { type }),
      now: this.#connection.now(),
    });
  }

  async #read<T>(ask: JsonAsk<T>, response: Answer): Promise<T> {
    const body = await readBody(response.body, ask.maxBytes ?? maxAnswerBytes);
    if (body === undefined) return this.#overflow(ask);
    // 204 and 205 have nothing to say.
    const text = body.length === 0 ? 'null' : body.toString('utf8');
    let read: unknown;
    try {
      read = JSON.parse(text);
    } catch {
      throw this.#malformed(ask, 'it is no JSON');
    }
    return this.#parse(ask, ask.answer, read);
  }

  #parse<T>(ask: Ask<unknown>, schema: ZodType<T>, read: unknown): T {
    const parsed = schema.safeParse(read);
    if (parsed.success) return parsed.data;
    const where = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
    throw this.#malformed(
      ask,
      where === '' ? 'it has another form' : `${where} is missing or of another kind`,
    );
  }

  #overflow<T>(ask: JsonAsk<T>): T {
    if (ask.tooLarge !== undefined) return ask.tooLarge();
    throw this.#malformed(ask, 'it is too large');
  }

  #malformed({ doing }: Ask<unknown>, why: string): ForgeError {
    return new ForgeError(
      'Malformed',
      `${this.#host} answered in a way that GitHub does not when asked to ${doing}: ${why}; is apiURL right, and no proxy in between?`,
    );
  }

  #errand({ doing, needs }: Pick<Ask<unknown>, 'doing' | 'needs'>): Errand {
    return {
      host: this.#host,
      ...(this.#repository === undefined ? {} : { repository: this.#repository }),
      ...(needs === undefined ? {} : { needs }),
      doing,
      as: this.#bearer.as,
    };
  }

  get #host(): string {
    return this.#connection.endpoint.host;
  }
}

/** A server of one's own has its REST API below /api/v3 and GraphQL beside it; github.com has both at one root. */
function graphqlUrl(apiUrl: string): string {
  return `${apiUrl.replace(/\/v3$/, '')}/graphql`;
}

/** An answer that is neither 2xx nor 304, on its way to where it is judged. */
class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(`refused with ${refusal.status}`);
    this.name = 'Refused';
    this.refusal = refusal;
  }
}

function isRefused(thrown: unknown): thrown is Refused {
  return thrown instanceof Refused; // made in this file alone: no other realm has one
}

function causeOf(thrown: unknown): unknown {
  return typeof thrown === 'object' && thrown !== null && 'cause' in thrown ? thrown.cause : thrown;
}
