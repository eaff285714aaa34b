import { type Exchange, readRef } from '../exchange.ts';
import { isOid, isTree } from '../git/objects.ts';
import type { Repository } from '../repository.ts';

/** What `<rev>` or `<rev>:<path>` names, as git reads it; undefined when it names nothing. */
export async function resolveExpression(
  exchange: Exchange,
  repository: Repository,
  expression: string,
): Promise<string | undefined> {
  const colon = expression.indexOf(':');
  const rev = colon < 0 ? expression : expression.slice(0, colon);
  const commit = resolveRevision(exchange, repository, rev);
  if (commit === undefined || colon < 0) return commit;
  const data = await repository.git.store.commit(commit);
  return data === undefined ? undefined : await entryAt(repository, data.tree, expression.slice(colon + 1));
}

/** A commit by full id, branch, tag or full ref name. */
export function resolveRevision(exchange: Exchange, repository: Repository, rev: string): string | undefined {
  if (isOid(rev)) return rev;
  const name = rev === 'HEAD' ? `refs/heads/${repository.defaultBranch}` : rev;
  return [name, `refs/heads/${name}`, `refs/tags/${name}`]
    .map((candidate) => readRef(exchange, repository, candidate))
    .find((oid) => oid !== undefined);
}

/** The object at a path below a tree; the tree itself for an empty path. */
export async function entryAt(
  repository: Repository,
  tree: string,
  path: string,
): Promise<string | undefined> {
  let at = tree;
  const parts = path.split('/').filter((part) => part !== '');
  for (const [index, part] of parts.entries()) {
    const entry = (await repository.git.store.tree(at))?.find(({ name }) => name === part);
    if (entry === undefined || (index < parts.length - 1 && !isTree(entry))) return undefined;
    at = entry.oid;
  }
  return at;
}
