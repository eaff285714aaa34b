export interface RequestInfo {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
  /** The plural, and the subresource behind it: `pipelines/status`; `other` for what is no path of an object or a collection. */
  readonly resource: string;
}

const other = 'other';
const verbs = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const;
/** Subresources of a namespace; what else stands behind its name is a collection in it. */
const ofNamespaces: ReadonlySet<string> = new Set(['status', 'finalize']);

/**
 * What a request does to what, for metrics: only words of the API, never a name or a namespace of somebody, so that there are no more
 * values than there are kinds.
 */
export function requestInfo(request: {
  readonly method: 'GET' | keyof typeof verbs;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
}): RequestInfo {
  const { resource, isNamed } = target(request.path);
  const { method, query } = request;
  if (method !== 'GET') return { verb: verbs[method], resource };
  if (isNamed || resource === other) return { verb: 'get', resource };
  const isWatch = query?.['watch'] === 'true' || query?.['watch'] === '1';
  return { verb: isWatch ? 'watch' : 'list', resource };
}

function target(path: string): { readonly resource: string; readonly isNamed: boolean } {
  const [root, base, ...after] = path.split('/');
  const parts = base === 'api' ? after.slice(1) : base === 'apis' ? after.slice(2) : [];
  // In a namespace, `namespaces/<its name>` goes before.
  const [, , inside] = parts;
  const isInside = parts[0] === 'namespaces' && inside !== undefined && !ofNamespaces.has(inside);
  const [plural = '', name, subresource, ...more] = isInside ? parts.slice(2) : parts;
  const isUnknown =
    root !== '' ||
    name === '' ||
    more.length > 0 ||
    !isWord(plural) ||
    isPrefix(plural) ||
    (subresource !== undefined && !isWord(subresource));
  if (isUnknown) return { resource: other, isNamed: false };
  return {
    resource: subresource === undefined ? plural : `${plural}/${subresource}`,
    isNamed: name !== undefined,
  };
}

function isWord(text: string): boolean {
  return /^[a-z][a-z0-9-]{0,62}$/.test(text);
}

/** Not a plural, but what old paths put before the namespace. */
function isPrefix(text: string): boolean {
  return text === 'watch' || text === 'proxy';
}
