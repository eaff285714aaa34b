import type { z } from 'zod';
import type { Account } from './accounts.ts';
import { type Caller, accountOf } from './caller.ts';
import { GithubError } from './github-error.ts';
import { byId } from './repository-address.ts';
import type { World } from './world.ts';
import type { Repository } from './repository.ts';

/** One request, read and authenticated, while it is being answered. */
export interface Exchange {
  readonly world: World;
  readonly caller: Caller;
  readonly method: string;
  /** Decoded, from the route's template. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
  /** What follows `application/vnd.github.` in the Accept header: `raw`, `sha`, `diff`; `json` for everything else. */
  readonly media: string;
  /** A reader whose replica lags sees refs as they were before their last move. */
  readonly stale: boolean;
  /** Path and query as sent. */
  readonly url: string;
  readonly settings: ReadSettings;
}

/** How much one answer may hold. */
export interface ReadSettings {
  readonly treeEntries: number;
  readonly treeBytes: number;
  readonly compareFiles: number;
  /** Minutes that a link to an archive is valid. */
  readonly archiveLinkMinutes: number;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is; its type stands in the headers. */
  readonly bytes?: Buffer;
  /** The ETag without its quotes, where it is not a hash of token and body. */
  readonly etag?: string;
}

export function json(body: unknown, status = 200): Answer {
  return { status, json: body };
}

export const noContent: Answer = { status: 204 };

export function raw(bytes: Buffer, media: string): Answer {
  return {
    status: 200,
    bytes,
    headers: { 'content-type': `application/vnd.github.${media}; charset=utf-8` },
  };
}

/** The body in the shape of `schema`, or GitHub's 422 that names the first thing wrong with it. */
export function bodyOf<T>(exchange: Exchange, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(exchange.body ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.join('/') ?? '';
  const missing = issue?.code === 'invalid_type' && issue.message.endsWith('undefined');
  const detail = missing
    ? `"${path}" wasn't supplied.`
    : `For 'properties/${path}', ${issue?.message ?? ''}.`;
  throw new GithubError(422, `Invalid request.\n\n${detail}`);
}

/** The account that acts. Routes that anonymous callers may use never ask. */
export function actorOf(exchange: Exchange): Account {
  const account = accountOf(exchange.caller);
  if (!account) throw new GithubError(401, 'Requires authentication');
  return account;
}

/** A ref as this exchange sees it. */
export function readRef(exchange: Exchange, repository: Repository, name: string): string | undefined {
  return exchange.stale ? repository.git.formerRef(name) : repository.git.ref(name);
}

/** One page of a list, with the `link` header that leads to the others. */
export function page<T>(exchange: Exchange, items: readonly T[], present: (item: T) => unknown): Answer {
  const { shown, headers } = cutPage(exchange, items);
  return { status: 200, json: shown.map(present), headers };
}

export function cutPage<T>(
  exchange: Exchange,
  items: readonly T[],
): { readonly shown: readonly T[]; readonly headers: Record<string, string>; readonly number: number } {
  const perPage = Math.min(Math.max(1, Number(exchange.query.get('per_page') ?? 30) || 30), 100);
  const number = Math.max(1, Number(exchange.query.get('page') ?? 1) || 1);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  // Within a repository GitHub leads on by its id.
  const { owner = '', repo = '' } = exchange.params;
  const found = exchange.world.repositories.find(owner, repo);
  const here = found ? byId(exchange.url, found.repository) : exchange.url;
  const link = (to: number, rel: string): string => {
    const url = new URL(`${exchange.world.urls.api}${here}`);
    url.searchParams.set('page', `${to}`);
    return `<${url.href}>; rel="${rel}"`;
  };
  const links: string[] = [];
  if (number > 1) links.push(link(number - 1, 'prev'));
  if (number < last) links.push(link(number + 1, 'next'), link(last, 'last'));
  if (number > 1) links.push(link(1, 'first'));
  const shown = items.slice((number - 1) * perPage, number * perPage);
  return { shown, number, headers: links.length > 0 ? { link: links.join(', ') } : {} };
}
