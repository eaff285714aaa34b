import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** What an API server was asked. */
export interface Asked {
  readonly verb: Verb;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
}

const verbs: Readonly<Record<string, Verb>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Paths of groups and of discovery count as `get`. */
export function askedBy({ method = 'GET', url = '/', headers }: IncomingMessage): Asked {
  const { pathname, searchParams } = new URL(url, 'https://api');
  const query = Object.fromEntries(searchParams);
  const reading =
    query['watch'] === 'true' || query['watch'] === '1' ? 'watch' : isCollection(pathname) ? 'list' : 'get';
  return { verb: verbs[method] ?? reading, path: pathname, query, headers };
}

function isCollection(path: string): boolean {
  return /^\/(api|apis\/[^/]+)\/[^/]+\/(namespaces\/[^/]+\/)?[^/]+$/.test(path);
}

export function isList({ verb }: Asked): boolean {
  return verb === 'list';
}

/** Any page of a list but its first. */
export function isNextPage({ verb, query }: Asked): boolean {
  return verb === 'list' && query['continue'] !== undefined;
}

export function isWatch({ verb }: Asked): boolean {
  return verb === 'watch';
}

/** All that tells of a kind what there is, by either way: a list, or a watch that begins with all objects. */
export function isWhole(asked: Asked): boolean {
  return (isList(asked) && asked.query['limit'] !== '1') || asked.query['sendInitialEvents'] === 'true';
}

/** A watch that tells only of what changes from now on. */
export function isFollowing(asked: Asked): boolean {
  return isWatch(asked) && !isWhole(asked);
}
