import { z } from 'zod';
import { identityOf, writeCommit } from '../commits.ts';
import { type Exchange, actorOf, bodyOf, json, raw } from '../exchange.ts';
import { editTree, type TreeChange } from '../git/trees.ts';
import { isTree, kindOfMode } from '../git/objects.ts';
import { GithubError, notFound } from '../github-error.ts';
import { resolveRevision } from '../graphql/expression.ts';
import { fullNameOf } from '../repositories.ts';
import { type Route, repositoryRoute } from '../router.ts';
import { presentGitCommit } from './present.ts';
import type { Repository } from '../repository.ts';

const reads = [{ contents: 'read' as const }];
const writes = [{ contents: 'write' as const }];

const newTree = z.object({
  base_tree: z.string().optional(),
  tree: z
    .array(
      z.object({
        path: z.string(),
        mode: z.enum(['100644', '100755', '040000', '160000', '120000']),
        type: z.enum(['blob', 'tree', 'commit']).optional(),
        sha: z.string().nullish(),
        content: z.string().optional(),
      }),
    )
    .min(1),
});
const newBlob = z.object({ content: z.string(), encoding: z.enum(['utf-8', 'base64']).default('utf-8') });
const person = z.object({
  name: z.string(),
  email: z.string(),
  date: z.iso.datetime({ offset: true }).optional(),
});
const newCommit = z.object({
  message: z.string(),
  tree: z.string(),
  parents: z.array(z.string()).default([]),
  author: person.optional(),
  committer: person.optional(),
  signature: z.string().optional(),
});

/** Trees, blobs and commits as objects. A repository without any branch has none of them. */
export function gitRoutes(): Route[] {
  return [
    objectRoute('GET /repos/{owner}/{repo}/git/trees/{tree_sha}', reads, getTree),
    objectRoute('POST /repos/{owner}/{repo}/git/trees', writes, createTree),
    objectRoute('GET /repos/{owner}/{repo}/git/blobs/{file_sha}', reads, getBlob),
    objectRoute('POST /repos/{owner}/{repo}/git/blobs', writes, (exchange, repository) => {
      const { content, encoding } = bodyOf(exchange, newBlob);
      const sha = repository.git.store.write(
        'blob',
        Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8'),
      );
      return json({ sha, url: objectUrl(exchange, repository, 'blobs', sha) }, 201);
    }),
    objectRoute('GET /repos/{owner}/{repo}/git/commits/{commit_sha}', reads, async (exchange, repository) => {
      const sha = exchange.params['commit_sha'] ?? '';
      const commit = await repository.git.store.commit(sha);
      if (!commit) throw notFound();
      return json(presentGitCommit(exchange.world, repository, sha, commit));
    }),
    objectRoute('POST /repos/{owner}/{repo}/git/commits', writes, createCommit),
  ];
}

const objectRoute: typeof repositoryRoute = (line, permissions, run) =>
  repositoryRoute(line, permissions, (exchange, repository) => {
    if (repository.git.isEmpty) throw new GithubError(409, 'Git Repository is empty.');
    return run(exchange, repository);
  });

function objectUrl({ world }: Exchange, repository: Repository, kind: string, sha: string): string {
  return `${world.urls.api}/repos/${fullNameOf(repository)}/git/${kind}/${sha}`;
}

/** The tree of a tree's id, a commit's id or a ref. */
async function treeOf(exchange: Exchange, repository: Repository, name: string): Promise<string | undefined> {
  const oid = resolveRevision(exchange, repository, name);
  if (oid === undefined) return undefined;
  const { store } = repository.git;
  return (await store.commit(oid))?.tree ?? ((await store.tree(oid)) === undefined ? undefined : oid);
}

async function getTree(exchange: Exchange, repository: Repository) {
  const tree = await treeOf(exchange, repository, exchange.params['tree_sha'] ?? '');
  if (tree === undefined) throw notFound();
  const { treeEntries, treeBytes } = exchange.settings;
  const entries: Record<string, unknown>[] = [];
  let bytes = 0;
  let truncated = false;
  const walk = async (oid: string, prefix: string): Promise<void> => {
    for (const entry of (await repository.git.store.tree(oid)) ?? []) {
      if (truncated) return;
      const type = kindOfMode(entry.mode);
      const shown = {
        path: prefix + entry.name,
        mode: entry.mode,
        type,
        sha: entry.oid,
        ...(type === 'blob' ? { size: (await repository.git.store.blob(entry.oid))?.length ?? 0 } : {}),
        url: objectUrl(exchange, repository, type === 'tree' ? 'trees' : 'blobs', entry.oid),
      };
      bytes += JSON.stringify(shown).length + 1;
      if (entries.length >= treeEntries || bytes > treeBytes) {
        truncated = true;
        return;
      }
      entries.push(shown);
      if (exchange.query.get('recursive') !== null && isTree(entry))
        await walk(entry.oid, `${prefix}${entry.name}/`);
    }
  };
  await walk(tree, '');
  return json({ sha: tree, url: objectUrl(exchange, repository, 'trees', tree), tree: entries, truncated });
}

/** Throws GitHub's 422 for an entry that would make a tree which git refuses. */
async function checkEntry(
  repository: Repository,
  { path, mode, sha, content }: z.infer<typeof newTree>['tree'][number],
): Promise<void> {
  if (path.split('/').some((part) => ['', '.', '..'].includes(part) || part.toLowerCase() === '.git')) {
    throw new GithubError(422, 'tree.path contains a malformed path component');
  }
  if ((sha === undefined) === (content === undefined)) {
    throw new GithubError(422, 'Must supply either tree.sha or tree.content');
  }
  const kind = kindOfMode(mode);
  if (typeof sha !== 'string' || kind === 'commit') return;
  if ((await repository.git.store.kindOf(sha)) === kind) return;
  throw new GithubError(422, `tree.sha ${sha} is not a valid ${kind}`);
}

async function createTree(exchange: Exchange, repository: Repository) {
  const wanted = bodyOf(exchange, newTree);
  const { store } = repository.git;
  const base =
    wanted.base_tree === undefined ? undefined : await treeOf(exchange, repository, wanted.base_tree);
  if (wanted.base_tree !== undefined && base === undefined)
    throw new GithubError(422, 'base_tree is not a valid tree oid');
  for (const entry of wanted.tree) await checkEntry(repository, entry);
  const changes = wanted.tree.map(({ path, mode, sha, content }): TreeChange => {
    if (content !== undefined) return { path, mode, oid: store.write('blob', Buffer.from(content)) };
    return typeof sha === 'string' ? { path, mode, oid: sha } : { path, mode };
  });
  const edited = await editTree(store, base, changes);
  if (edited.kind === 'absent') throw new GithubError(422, 'GitRPC::BadObjectState');
  const entries = (await store.tree(edited.tree)) ?? [];
  return json(
    {
      sha: edited.tree,
      url: objectUrl(exchange, repository, 'trees', edited.tree),
      tree: entries.map(({ name, mode, oid }) => ({
        path: name,
        mode,
        type: kindOfMode(mode),
        sha: oid,
        url: objectUrl(exchange, repository, mode === '040000' ? 'trees' : 'blobs', oid),
      })),
      truncated: false,
    },
    201,
  );
}

async function getBlob(exchange: Exchange, repository: Repository) {
  const sha = exchange.params['file_sha'] ?? '';
  const content = await repository.git.store.blob(sha);
  if (!content) throw notFound();
  if (exchange.media === 'raw') return raw(content, 'raw');
  return json({
    sha,
    node_id: `B_${sha}`,
    size: content.length,
    url: objectUrl(exchange, repository, 'blobs', sha),
    content: content.toString('base64'),
    encoding: 'base64',
  });
}

async function createCommit(exchange: Exchange, repository: Repository) {
  const { world, caller } = exchange;
  const wanted = bodyOf(exchange, newCommit);
  const { store } = repository.git;
  if ((await store.tree(wanted.tree)) === undefined) throw new GithubError(422, 'Tree SHA does not exist');
  for (const parent of wanted.parents) {
    if ((await store.commit(parent)) === undefined)
      throw new GithubError(422, 'Parent SHA does not exist or is not a commit object');
  }
  const now = new Date(Math.floor(world.now().getTime() / 1000) * 1000);
  const own = identityOf(actorOf(exchange), now);
  const given = ({ name, email, date }: z.infer<typeof person>) => ({
    name,
    email,
    date: date === undefined ? now : new Date(date),
  });
  const author = wanted.author === undefined ? own : given(wanted.author);
  // Only what an App commits without naming anybody is signed for it.
  const signed = caller.kind === 'installation' && !wanted.author && !wanted.committer && !wanted.signature;
  const sha = writeCommit(store, world.signer, {
    tree: wanted.tree,
    parents: wanted.parents,
    message: wanted.message,
    author,
    committer: signed
      ? { ...own, name: 'GitHub', email: world.accounts.webFlow.email }
      : wanted.committer
        ? given(wanted.committer)
        : author,
    ...(wanted.signature === undefined ? {} : { signature: wanted.signature }),
    signed,
  });
  const commit = await store.commit(sha);
  if (!commit) throw notFound();
  return json(presentGitCommit(world, repository, sha, commit), 201);
}
