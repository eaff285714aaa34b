import type { IncomingMessage, ServerResponse } from 'node:http';
import { forVersion, versionOf } from './api-version.ts';
import { authenticate, tokenOf } from './authenticate.ts';
import { type Caller, accountOf } from './caller.ts';
import { withEtag } from './etag.ts';
import type { Answer, Exchange, ReadSettings } from './exchange.ts';
import type { FaultEffect, Faults } from './faults.ts';
import { GithubError, isGithubError, notFound } from './github-error.ts';
import type { GraphqlService } from './graphql/service.ts';
import type { Cost, Limits, Resource } from './limits.ts';
import type { Oracle } from './oracle.ts';
import { acceptedHeader, canSee, checkPermissions } from './permissions.ts';
import { moved } from './redirect.ts';
import { nameOfId } from './repository-address.ts';
import { checkSingleSignOn } from './single-sign-on.ts';
import { type RequestLog, fingerprintOf, preciseNowMs } from './request-log.ts';
import type { Match, Router } from './router.ts';
import { tokenHeaders } from './token-headers.ts';
import type { World } from './world.ts';

export interface ApiParts {
  readonly world: World;
  readonly router: Router;
  readonly graphql: GraphqlService;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly settings: ReadSettings;
  /** Undefined: answers are not judged. */
  readonly oracle: Oracle | undefined;
  /** An answer that GitHub could not give becomes a 500. */
  readonly strict: boolean;
  readonly violations: string[];
}

const maxBodyBytes = 60_000_000;

/** What is known of a request while it is being answered, for the log and the headers. */
interface Progress {
  caller: Caller | undefined;
  match: Match | undefined;
  route: string;
  bytesIn: number;
  effects: FaultEffect[];
}

/** Answers REST and GraphQL as api.github.com does. */
export class ApiServer {
  readonly #parts: ApiParts;
  #serial = 0;

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startMs = preciseNowMs();
    const id = `${(this.#serial += 1).toString(16).toUpperCase().padStart(4, '0')}:SANDBOX`;
    const progress: Progress = { caller: undefined, match: undefined, route: '', bytesIn: 0, effects: [] };
    const url = this.#belowRoot(request.url ?? '/');
    const path = nameOfId(this.#parts.world, url.split('?')[0] ?? '/');
    progress.route = `${request.method ?? 'GET'} ${path}`;
    let sent = { status: 0, bytes: 0 };
    try {
      const answer = await this.#answer(request, url, path, progress);
      if (progress.effects.some(({ kind }) => kind === 'lostAnswer' || kind === 'lostRequest')) {
        response.destroy();
      } else {
        sent = await send(response, request, answer, {
          'x-github-request-id': id,
          date: this.#parts.world.now().toUTCString(),
        });
      }
    } catch {
      response.destroy(); // the client has gone
    } finally {
      this.#parts.log.add({
        id,
        origin: 'api',
        method: request.method ?? 'GET',
        route: progress.route,
        url,
        credential: progress.caller?.kind ?? 'refused',
        owner: progress.caller && accountOf(progress.caller)?.login,
        tokenFingerprint: fingerprintOf(tokenOf(request.headers.authorization)),
        status: sent.status,
        bytesIn: progress.bytesIn,
        bytesOut: sent.bytes,
        startMs,
        endMs: preciseNowMs(),
        fault: progress.effects[0]?.kind,
      });
    }
  }

  /** A path as github.com has it, wherever this forge has its API; what is outside of that leads nowhere. */
  #belowRoot(url: string): string {
    const { restPath, graphqlPath } = this.#parts.world.profile;
    if (url === graphqlPath) return '/graphql';
    if (restPath === '') return url;
    const isBelow = url.startsWith(`${restPath}/`) && url !== `${restPath}/graphql`;
    return isBelow ? url.slice(restPath.length) : `/outside${url}`;
  }

  async #answer(request: IncomingMessage, url: string, path: string, progress: Progress): Promise<Answer> {
    const { world, router, graphql, faults } = this.#parts;
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
    const body = await readBody(request);
    progress.bytesIn = body.length;
    const isGraphql = path === '/graphql' && method === 'POST';
    const match = isGraphql ? undefined : router.find(method, path);
    if (match) {
      progress.match = match;
      progress.route = `${method} ${match.route.template}`;
    }
    let parsed: unknown;
    try {
      progress.caller = authenticate(world, request.headers.authorization);
      parsed = parseBody(body);
      const fields = isGraphql ? graphql.fieldsOf(parsed) : [];
      if (isGraphql) progress.route = ['POST /graphql', ...fields].join(' ');
      const base = isGraphql ? 'POST /graphql' : progress.route;
      const subject = { route: base, graphqlFields: fields, credential: progress.caller.kind };
      progress.effects = faults.take(subject);
    } catch (error) {
      return this.#refused(error, progress);
    }
    const faulted = await this.#meetBefore(progress.effects);
    if (faulted) return faulted;
    const answer = await this.#admit({ request, url, progress, method, parsed, isGraphql, path });
    for (const effect of progress.effects) {
      if (effect.kind === 'delayAnswer') await wait(effect.ms);
      if (effect.kind === 'holdAnswer') await effect.until();
    }
    return answer;
  }

  /** Effects that stand in the way of the request itself. */
  async #meetBefore(effects: readonly FaultEffect[]): Promise<Answer | undefined> {
    for (const effect of effects) {
      if (effect.kind === 'delay') await wait(effect.ms);
      if (effect.kind === 'hold') await effect.until();
      if (effect.kind === 'lostRequest') return { status: 0 };
      if (effect.kind === 'status') {
        const message = effect.message ?? 'Injected by the sandbox';
        return { status: effect.status, json: { message }, headers: effect.headers ?? {} };
      }
    }
    return undefined;
  }

  /** Counts the request against the limits, answers it, and lets the oracle judge. */
  async #admit(step: {
    readonly request: IncomingMessage;
    readonly url: string;
    readonly path: string;
    readonly method: string;
    readonly parsed: unknown;
    readonly isGraphql: boolean;
    readonly progress: Progress;
  }): Promise<Answer> {
    const { limits, graphql, settings, world } = this.#parts;
    const { request, progress, parsed, isGraphql, method } = step;
    const { caller, match } = progress;
    if (!caller) throw new Error('a request is admitted after its caller is known');
    const mutates = isGraphql ? graphql.isMutation(parsed) : method !== 'GET';
    const cost: Cost = {
      resource: isGraphql ? 'graphql' : 'core',
      points: mutates ? 5 : 1,
      createsContent: isGraphql ? mutates : (match?.route.createsContent ?? false),
    };
    let entered;
    try {
      entered = limits.enter(caller, cost);
    } catch (error) {
      if (isGraphql && isGithubError(error) && !('retry-after' in error.headers)) {
        // Of GraphQL's primary limit the headers tell, and not the status.
        return {
          status: 200,
          json: { errors: [{ type: 'RATE_LIMITED', message: error.message }] },
          headers: this.#headers(progress, cost.resource, ''),
        };
      }
      return this.#refused(error, progress, cost.resource);
    }
    try {
      const exchange: Exchange = {
        world,
        caller,
        method,
        params: match?.params ?? {},
        query: new URL(step.url, 'http://sandbox').searchParams,
        headers: request.headers,
        body: parsed,
        media: mediaOf(request.headers.accept),
        stale: progress.effects.some(({ kind }) => kind === 'staleRead'),
        url: step.url,
        settings,
      };
      const apiVersion = versionOf(request);
      const answer = isGraphql
        ? await graphql.answer(exchange)
        : await this.#run(exchange, step.path, apiVersion, progress);
      const tagged = isGraphql ? answer : withEtag(answer, exchange, tokenOf(request.headers.authorization));
      if (tagged.status === 304 && caller.kind !== 'anonymous') entered.refund();
      return {
        ...tagged,
        headers: { ...this.#headers(progress, cost.resource, apiVersion), ...tagged.headers },
      };
    } catch (error) {
      return this.#refused(error, progress, cost.resource);
    } finally {
      entered.release();
    }
  }

  async #run(exchange: Exchange, path: string, apiVersion: string, progress: Progress): Promise<Answer> {
    const { match } = progress;
    if (!match) return this.#unknownRoute(exchange.method, path);
    const { route } = match;
    let answer: Answer;
    try {
      answer = await this.#dispatch(exchange, match);
    } catch (error) {
      if (!isGithubError(error)) throw error;
      answer = errorAnswer(error);
    }
    const tampered = progress.effects.find((effect) => effect.kind === 'tamper');
    if (tampered) answer = { ...answer, json: tampered.json };
    const { json } = answer;
    const shown =
      json === undefined ? answer : { ...answer, json: forVersion(json, route.template, apiVersion) };
    return this.#judge(exchange, shown, route.template, apiVersion);
  }

  async #dispatch(exchange: Exchange, { route, params }: Match): Promise<Answer> {
    const { access } = route;
    const { caller, world } = exchange;
    switch (access.kind) {
      case 'anyone':
        return access.run(exchange);
      case 'app':
        if (caller.kind === 'app') return access.run(exchange);
        throw new GithubError(401, 'A JSON web token could not be decoded');
      case 'installation':
        if (caller.kind === 'installation') return access.run(exchange);
        throw new GithubError(caller.kind === 'anonymous' ? 401 : 403, 'Requires authentication');
      case 'user':
        if (caller.kind === 'anonymous') throw new GithubError(401, 'Requires authentication');
        if (isPerson(caller)) return access.run(exchange);
        throw new GithubError(403, 'Resource not accessible by integration');
      case 'repository': {
        const found = world.repositories.find(params['owner'] ?? '', params['repo'] ?? '');
        if (!found || !canSee(caller, found.repository)) throw notFound();
        if (found.repository.isPrivate) checkSingleSignOn(world, caller, found.repository.owner);
        if (found.renamed) return moved(exchange, found.repository);
        checkPermissions(caller, found.repository, access.permissions);
        return access.run(exchange, found.repository);
      }
      default:
        return access satisfies never;
    }
  }

  #unknownRoute(method: string, path: string): Answer {
    if (this.#parts.oracle?.knows(method, path) === false) return errorAnswer(notFound());
    const message = `the sandbox does not implement ${method} ${path}`;
    this.#parts.violations.push(message);
    return { status: 501, json: { message } };
  }

  #judge(exchange: Exchange, answer: Answer, template: string, apiVersion: string): Answer {
    const { oracle, strict, violations } = this.#parts;
    if (!oracle) return answer;
    const { method, body } = exchange;
    const problems = [
      oracle.judge({
        method,
        template,
        apiVersion,
        status: answer.status,
        json: answer.json,
        hasJson: answer.json !== undefined,
      }),
      // What GitHub's description forbids must not have worked here.
      answer.status < 300 && method !== 'GET'
        ? oracle.judgeRequest({ method, template, apiVersion, body })
        : undefined,
    ].filter((problem) => problem !== undefined);
    if (problems.length === 0) return answer;
    violations.push(...problems);
    return strict ? { status: 500, json: { message: `sandbox: ${problems.join('; ')}` } } : answer;
  }

  #refused(error: unknown, progress: Progress, resource: Resource = 'core'): Answer {
    if (isGithubError(error)) {
      const answer = errorAnswer(error);
      return { ...answer, headers: { ...this.#headers(progress, resource, ''), ...answer.headers } };
    }
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#parts.violations.push(`the sandbox failed: ${message}`);
    return { status: 500, json: { message: `sandbox: ${message}` } };
  }

  #headers(progress: Progress, resource: Resource, apiVersion: string): Record<string, string> {
    const { caller, match } = progress;
    const { world } = this.#parts;
    const { version } = world.profile;
    const product = version === undefined ? {} : { 'x-github-enterprise-version': version };
    if (!caller) return product;
    const access = match?.route.access;
    const acceptedScopes = access?.kind === 'repository' || resource === 'graphql' ? 'repo' : '';
    return {
      ...product,
      ...tokenHeaders(caller, { acceptedScopes, now: world.now() }),
      ...(access?.kind === 'repository'
        ? { 'x-accepted-github-permissions': acceptedHeader(access.permissions) }
        : {}),
      ...(apiVersion === '' ? {} : { 'x-github-api-version-selected': apiVersion }),
      ...this.#parts.limits.headers(caller, resource),
    };
  }
}

function isPerson({ kind }: Caller): boolean {
  return kind === 'classic' || kind === 'fineGrained' || kind === 'appUser';
}

function errorAnswer(error: GithubError): Answer {
  const { status, message, errors } = error;
  return {
    status,
    json: {
      message,
      ...(errors === undefined ? {} : { errors }),
      documentation_url: 'https://docs.github.com/rest',
      status: `${status}`,
    },
    headers: error.headers,
  };
}

function mediaOf(accept: string | undefined): string {
  const match = /application\/vnd\.github(?:\.v3)?(?:\.(raw|sha|diff|patch|object|html|text|full))?/.exec(
    accept ?? '',
  );
  return match?.[1] ?? 'json';
}

function parseBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    return parsed;
  } catch {
    throw new GithubError(400, 'Problems parsing JSON');
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer> /* no encoding is set, so chunks are buffers */) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function send(
  response: ServerResponse,
  request: IncomingMessage,
  answer: Answer,
  extra: Record<string, string>,
): Promise<{ status: number; bytes: number }> {
  const { status } = answer;
  const text = answer.json === undefined ? undefined : Buffer.from(JSON.stringify(answer.json));
  const bytes = answer.bytes ?? text ?? Buffer.alloc(0);
  const headers: Record<string, string> = {
    'x-github-media-type': 'github.v3; format=json',
    ...extra,
    ...(text ? { 'content-type': 'application/json; charset=utf-8' } : {}),
    ...answer.headers,
  };
  const bare = status === 204 || status === 304;
  if (!bare) headers['content-length'] = `${bytes.length}`;
  response.writeHead(status, headers);
  const body = bare || request.method === 'HEAD' ? undefined : bytes;
  await new Promise<void>((resolve) => {
    // A client that has gone, or goes now, takes no answer, and then `end` never calls back.
    if (response.destroyed) resolve();
    response.once('close', resolve);
    response.end(body, () => resolve());
  });
  return { status, bytes: body?.length ?? 0 };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
