import { type Exchange, json, readRef } from '../exchange.ts';
import { compareHistories, type LoggedCommit } from '../git/history.ts';
import { diffTrees, patchOf, type FileChange } from '../git/tree-diff.ts';
import type { Caller } from '../caller.ts';
import { notFound } from '../github-error.ts';
import { roleOf } from '../permissions.ts';
import { resolveRevision } from '../graphql/expression.ts';
import { fullNameOf } from '../repositories.ts';
import { type Route, repositoryRoute } from '../router.ts';
import type { ArchiveLinks } from '../archive.ts';
import {
  presentAccount,
  presentGitCommit,
  presentSignature,
  presentVerification,
  presentWholeRepository,
} from './present.ts';
import type { Repository, Role } from '../repository.ts';

const reads = [{ contents: 'read' as const }];

/** A repository, its refs, comparisons and archives. */
export function repositoryRoutes(links: ArchiveLinks): Route[] {
  return [
    repositoryRoute('GET /repos/{owner}/{repo}', [{ metadata: 'read' }], ({ world, caller }, repository) =>
      json({ ...presentWholeRepository(world, repository), ...roles(caller, repository) }),
    ),
    repositoryRoute('GET /repos/{owner}/{repo}/git/ref/{ref+}', reads, (exchange, repository) => {
      const ref = `refs/${exchange.params['ref'] ?? ''}`;
      const sha = readRef(exchange, repository, ref);
      if (sha === undefined) throw notFound();
      const api = `${exchange.world.urls.api}/repos/${fullNameOf(repository)}/git`;
      return json({
        ref,
        node_id: `REF_${sha}`,
        url: `${api}/${ref}`,
        object: { sha, type: 'commit', url: `${api}/commits/${sha}` },
      });
    }),
    repositoryRoute('GET /repos/{owner}/{repo}/commits/{ref+}', reads, async (exchange, repository) => {
      const oid = resolveRevision(exchange, repository, exchange.params['ref'] ?? '');
      if (oid === undefined) throw notFound();
      if (exchange.media === 'sha') {
        return {
          status: 200,
          bytes: Buffer.from(oid),
          headers: { 'content-type': 'application/vnd.github.sha; charset=utf-8' },
          etag: oid,
        };
      }
      const commit = await repository.git.store.commit(oid);
      if (!commit) throw notFound();
      return json(await presentWholeCommit(exchange, repository, { ...commit, oid }));
    }),
    repositoryRoute('GET /repos/{owner}/{repo}/compare/{basehead}', reads, compare),
    repositoryRoute('GET /repos/{owner}/{repo}/tarball/{ref+}', reads, (exchange, repository) => {
      const oid = resolveRevision(exchange, repository, exchange.params['ref'] ?? '');
      if (oid === undefined) throw notFound();
      const location = links.make({
        repository: fullNameOf(repository),
        commit: oid,
        minutes: exchange.settings.archiveLinkMinutes,
      });
      return { status: 302, headers: { location } };
    }),
  ];
}

/** What the account may do, whatever its token is for; GitHub does not say what Apps are told here, and so they are told nothing. */
function roles(caller: Caller, repository: Repository): Record<string, unknown> {
  if (!('token' in caller) || !('owner' in caller.token)) return {};
  const role = roleOf(caller.token.owner, repository) ?? 'read';
  const order: readonly Role[] = ['read', 'triage', 'write', 'maintain', 'admin'];
  const atLeast = (wanted: Role): boolean => order.indexOf(role) >= order.indexOf(wanted);
  return {
    permissions: {
      pull: true,
      triage: atLeast('triage'),
      push: atLeast('write'),
      maintain: atLeast('maintain'),
      admin: atLeast('admin'),
    },
  };
}

function presentCommit(
  { world }: Exchange,
  repository: Repository,
  commit: LoggedCommit,
): Record<string, unknown> {
  const whole = presentGitCommit(world, repository, commit.oid, commit);
  const by = (email: string): unknown => {
    const account = world.accounts.byEmail(email);
    return account === undefined ? null : presentAccount(world, account);
  };
  const url = `${world.urls.api}/repos/${fullNameOf(repository)}/commits/${commit.oid}`;
  return {
    sha: commit.oid,
    node_id: `C_${commit.oid}`,
    commit: {
      author: presentSignature(commit.author),
      committer: presentSignature(commit.committer),
      message: commit.message,
      tree: whole['tree'],
      url: whole['url'],
      comment_count: 0,
      verification: presentVerification(world, commit),
    },
    url,
    html_url: whole['html_url'],
    comments_url: `${url}/comments`,
    author: by(commit.author.email),
    committer: by(commit.committer.email),
    parents: whole['parents'],
  };
}

async function presentWholeCommit(
  exchange: Exchange,
  repository: Repository,
  commit: LoggedCommit,
): Promise<Record<string, unknown>> {
  const { store } = repository.git;
  const parent = await store.commit(commit.parents[0] ?? '');
  const changes = await diffTrees(store, parent?.tree, commit.tree);
  const files = await Promise.all(
    changes.map((each) => presentChange(exchange, repository, commit.oid, each)),
  );
  const sum = (key: 'additions' | 'deletions'): number => files.reduce((total, file) => total + file[key], 0);
  const [additions, deletions] = [sum('additions'), sum('deletions')];
  return {
    ...presentCommit(exchange, repository, commit),
    files: files.slice(0, exchange.settings.compareFiles),
    stats: { total: additions + deletions, additions, deletions },
  };
}

async function compare(exchange: Exchange, repository: Repository) {
  const [left = '', right = ''] = (exchange.params['basehead'] ?? '').split('...');
  const base = resolveRevision(exchange, repository, left);
  const head = resolveRevision(exchange, repository, right);
  const { store } = repository.git;
  const baseCommit = base === undefined ? undefined : await store.commit(base);
  const headCommit = head === undefined ? undefined : await store.commit(head);
  if (base === undefined || head === undefined || !baseCommit || !headCommit) throw notFound();
  const { mergeBase, ahead, behind } = await compareHistories(store, base, head);
  const common = mergeBase === undefined ? undefined : await store.commit(mergeBase);
  if (mergeBase === undefined || !common) throw notFound();
  const changes = await diffTrees(store, common.tree, headCommit.tree);
  const number = Number(exchange.query.get('page') ?? 1);
  const perPage = Math.min(250, Number(exchange.query.get('per_page') ?? 250));
  const files = await Promise.all(
    // All files stand on the first page, and on no other.
    (number > 1 ? [] : changes.slice(0, exchange.settings.compareFiles)).map((each) =>
      presentChange(exchange, repository, head, each),
    ),
  );
  const web = `${exchange.world.urls.web}/${fullNameOf(repository)}/compare/${base}...${head}`;
  const status =
    ahead.length > 0 && behind > 0
      ? 'diverged'
      : ahead.length > 0
        ? 'ahead'
        : behind > 0
          ? 'behind'
          : 'identical';
  return json({
    url: `${exchange.world.urls.api}/repos/${fullNameOf(repository)}/compare/${base}...${head}`,
    html_url: web,
    permalink_url: web,
    diff_url: `${web}.diff`,
    patch_url: `${web}.patch`,
    base_commit: presentCommit(exchange, repository, { ...baseCommit, oid: base }),
    merge_base_commit: presentCommit(exchange, repository, { ...common, oid: mergeBase }),
    status,
    ahead_by: ahead.length,
    behind_by: behind,
    total_commits: ahead.length,
    commits: ahead
      .toReversed()
      .slice((number - 1) * perPage, number * perPage)
      .map((each) => presentCommit(exchange, repository, each)),
    files,
  });
}

async function presentChange(
  { world }: Exchange,
  repository: Repository,
  head: string,
  change: FileChange,
): Promise<Record<string, unknown> & { readonly additions: number; readonly deletions: number }> {
  const { path, before, after, previousPath } = change;
  const name = fullNameOf(repository);
  const patch = await patchOf(repository.git.store, change);
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return {
    sha: (after ?? before)?.oid ?? null,
    filename: path,
    status: previousPath !== undefined ? 'renamed' : !before ? 'added' : !after ? 'removed' : 'modified',
    additions: patch.additions,
    deletions: patch.deletions,
    changes: patch.additions + patch.deletions,
    blob_url: `${world.urls.web}/${name}/blob/${head}/${encoded}`,
    raw_url: `${world.urls.web}/${name}/raw/${head}/${encoded}`,
    contents_url: `${world.urls.api}/repos/${name}/contents/${encoded}?ref=${head}`,
    ...(patch.text === '' ? {} : { patch: patch.text }),
    ...(previousPath === undefined ? {} : { previous_filename: previousPath }),
  };
}
