import type { Caller } from './caller.ts';
import { zeroOid } from './git/objects.ts';
import { diffTrees } from './git/tree-diff.ts';
import { entryAt } from './graphql/expression.ts';
import { levelOf } from './permissions.ts';
import type { Repository } from './repository.ts';

const folder = '.github/workflows';

/**
 * Why this caller may not move a branch to that commit: it changes a workflow, and that takes a permission of its own. A new
 * branch is compared with the default one; any may be deleted. Undefined when it may.
 */
export async function workflowBlock(
  caller: Caller,
  repository: Repository,
  { before, after }: { readonly before: string | undefined; readonly after: string },
): Promise<string | undefined> {
  const words = wanting(caller, repository);
  if (words === undefined || after === zeroOid) return undefined;
  const { git, defaultBranch } = repository;
  const base = before ?? git.ref(`refs/heads/${defaultBranch}`) ?? '';
  const [old, next] = await Promise.all([base, after].map((commit) => treeOfWorkflows(repository, commit)));
  const [changed] = old === next ? [] : await diffTrees(git.store, old, next);
  if (!changed) return undefined;
  return `refusing to allow ${words.who} to create or update workflow \`${folder}/${changed.path}\` without ${words.what}`;
}

async function treeOfWorkflows(repository: Repository, commit: string): Promise<string | undefined> {
  const data = await repository.git.store.commit(commit);
  return data && (await entryAt(repository, data.tree, folder));
}

function wanting(caller: Caller, repository: Repository): { who: string; what: string } | undefined {
  switch (caller.kind) {
    case 'installation':
    case 'appUser':
      if (levelOf(caller, repository, 'workflows') === 'write') return undefined;
      return { who: 'a GitHub App', what: '`workflows` permission' };
    case 'fineGrained':
      if (levelOf(caller, repository, 'workflows') === 'write') return undefined;
      return { who: 'a Personal Access Token', what: '`workflows` permission' };
    case 'classic':
      if (caller.token.scopes.includes('workflow')) return undefined;
      return { who: 'a Personal Access Token', what: '`workflow` scope' };
    case 'anonymous':
    case 'app':
      return undefined; // they may move nothing
    default:
      return caller satisfies never;
  }
}
