import { toTimestamp } from '../../../../src/base/time.ts';
import { accountOf } from '../caller.ts';
import { type Exchange, readRef } from '../exchange.ts';
import { canSee, covers, levelOf } from '../permissions.ts';
import { checkSingleSignOn } from '../single-sign-on.ts';
import { fullNameOf } from '../repositories.ts';
import { resolveExpression } from './expression.ts';
import { TypedError } from './typed-error.ts';
import type { PullRequest, Repository } from '../repository.ts';

type Fields = Record<string, unknown>;

/** The root of queries. */
export function queriesOf(exchange: Exchange): Fields {
  return {
    viewer: () => accountFields(exchange),
    repository: ({ owner, name, followRenames }: { owner: string; name: string; followRenames?: boolean }) =>
      repositoryFields(exchange, visible(exchange, owner, name, followRenames !== false)),
  };
}

function visible(exchange: Exchange, owner: string, name: string, followRenames: boolean): Repository {
  const found = exchange.world.repositories.find(owner, name);
  if (!found || (found.renamed && !followRenames) || !canSee(exchange.caller, found.repository)) {
    throw new TypedError('NOT_FOUND', `Could not resolve to a Repository with the name '${owner}/${name}'.`);
  }
  if (found.repository.isPrivate) checkSingleSignOn(exchange.world, exchange.caller, found.repository.owner);
  return found.repository;
}

function accountFields(exchange: Exchange): Fields {
  const account = accountOf(exchange.caller);
  return {
    __typename: 'User',
    login: account?.login ?? '',
    id: account?.nodeId ?? '',
    databaseId: account?.id ?? 0,
    name: account?.name ?? null,
    email: '',
  };
}

/** FORBIDDEN unless the caller has the permission on the repository, as GitHub words it. */
export function demand(
  exchange: Exchange,
  repository: Repository,
  permission: string,
  level: 'read' | 'write',
): void {
  const { caller } = exchange;
  if (!covers(levelOf(caller, repository, permission), level)) {
    const isPersonal = caller.kind === 'fineGrained' || caller.kind === 'classic';
    const by = isPersonal ? 'personal access token' : 'integration';
    throw new TypedError('FORBIDDEN', `Resource not accessible by ${by}`);
  }
  if (level === 'write' && repository.archived) {
    throw new TypedError('FORBIDDEN', 'Repository was archived so is read-only.');
  }
}

function repositoryFields(exchange: Exchange, repository: Repository): Fields {
  const { world } = exchange;
  return {
    __typename: 'Repository',
    id: repository.nodeId,
    databaseId: repository.id,
    name: repository.name,
    nameWithOwner: fullNameOf(repository),
    url: `${world.urls.web}/${fullNameOf(repository)}`,
    isArchived: repository.archived,
    isPrivate: repository.isPrivate,
    mergeCommitAllowed: repository.merges.mergeCommit,
    squashMergeAllowed: repository.merges.squash,
    rebaseMergeAllowed: repository.merges.rebase,
    autoMergeAllowed: repository.merges.autoMerge,
    deleteBranchOnMerge: repository.merges.deleteBranchOnMerge,
    viewerPermission: levelOf(exchange.caller, repository, 'contents')?.toUpperCase() ?? 'READ',
    defaultBranchRef: () => refFields(exchange, repository, `refs/heads/${repository.defaultBranch}`),
    ref: ({ qualifiedName }: { qualifiedName: string }) => {
      demand(exchange, repository, 'contents', 'read');
      const name = qualifiedName.startsWith('refs/') ? qualifiedName : `refs/heads/${qualifiedName}`;
      return refFields(exchange, repository, name);
    },
    object: async ({ oid, expression }: { oid?: string; expression?: string }) => {
      demand(exchange, repository, 'contents', 'read');
      const found = oid ?? (await resolveExpression(exchange, repository, expression ?? ''));
      return found === undefined ? null : await objectFields(exchange, repository, found);
    },
    pullRequest: ({ number }: { number: number }) => {
      demand(exchange, repository, 'pull_requests', 'read');
      const found = repository.pullRequests.get(number);
      if (!found)
        throw new TypedError('NOT_FOUND', `Could not resolve to a PullRequest with the number of ${number}.`);
      return pullRequestFields(exchange, found);
    },
    pullRequests: (given: PullRequestFilter) => {
      demand(exchange, repository, 'pull_requests', 'read');
      return connection([...repository.pullRequests.values()].filter(matching(given)), given, (each) =>
        pullRequestFields(exchange, each),
      );
    },
  };
}

async function refFields(exchange: Exchange, repository: Repository, name: string): Promise<Fields | null> {
  const oid = readRef(exchange, repository, name);
  if (oid === undefined) return null;
  const branch = name.replace(/^refs\/heads\//, '');
  return {
    __typename: 'Ref',
    id: `REF_${Buffer.from(`${repository.id}:${name}`).toString('base64url')}`,
    name: branch,
    prefix: 'refs/heads/',
    target: await objectFields(exchange, repository, oid),
    associatedPullRequests: (given: PullRequestFilter) => {
      demand(exchange, repository, 'pull_requests', 'read');
      const from = [...repository.pullRequests.values()].filter(({ headBranch }) => headBranch === branch);
      return connection(from.filter(matching(given)), given, (each) => pullRequestFields(exchange, each));
    },
  };
}

async function objectFields(exchange: Exchange, repository: Repository, oid: string): Promise<Fields | null> {
  const { store } = repository.git;
  const common = {
    oid,
    id: `OBJ_${oid}`,
    abbreviatedOid: oid.slice(0, 7),
    repository: () => repositoryFields(exchange, repository),
  };
  switch (await store.kindOf(oid)) {
    case 'commit':
      return { ...common, __typename: 'Commit', ...(await commitFields(exchange, repository, oid)) };
    case 'tree':
      return {
        ...common,
        __typename: 'Tree',
        entries: async () => await treeEntries(exchange, repository, oid),
      };
    case 'blob': {
      const content = (await store.blob(oid)) ?? Buffer.alloc(0);
      const isBinary = content.subarray(0, 8000).includes(0);
      // GitHub shows half a megabyte of a blob.
      const isTruncated = content.length > 512_000;
      return {
        ...common,
        __typename: 'Blob',
        byteSize: content.length,
        isBinary,
        isTruncated,
        text: isBinary ? null : content.subarray(0, 512_000).toString('utf8'),
      };
    }
    case 'tag':
    case undefined:
      return null;
  }
}

async function treeEntries(exchange: Exchange, repository: Repository, tree: string): Promise<Fields[]> {
  const entries = (await repository.git.store.tree(tree)) ?? [];
  return entries.map(({ name, mode, oid }) => ({
    __typename: 'TreeEntry',
    name,
    mode: Number.parseInt(mode, 8),
    oid,
    type: mode === '040000' ? 'tree' : mode === '160000' ? 'commit' : 'blob',
    object: () => (mode === '160000' ? null : objectFields(exchange, repository, oid)),
  }));
}

async function commitFields(exchange: Exchange, repository: Repository, oid: string): Promise<Fields> {
  const { world } = exchange;
  const commit = await repository.git.store.commit(oid);
  if (!commit) return {};
  const verification = world.signer.verify(commit);
  const actor = (who: typeof commit.author): Fields => {
    const account = world.accounts.byEmail(who.email);
    return {
      __typename: 'GitActor',
      name: who.name,
      email: who.email,
      date: toTimestamp(who.date),
      // A bot is no User.
      user:
        account === undefined || account.type !== 'User'
          ? null
          : { __typename: 'User', login: account.login },
    };
  };
  return {
    tree: () => objectFields(exchange, repository, commit.tree),
    message: commit.message,
    messageHeadline: commit.message.split('\n')[0] ?? '',
    committedDate: toTimestamp(commit.committer.date),
    author: actor(commit.author),
    committer: actor(commit.committer),
    parents: ({ first }: { first?: number }) => {
      const shown = commit.parents.slice(0, first ?? 100);
      return {
        totalCount: commit.parents.length,
        nodes: shown.map((parent) => objectFields(exchange, repository, parent)),
      };
    },
    signature:
      verification.reason === 'unsigned'
        ? null
        : {
            __typename: 'GpgSignature',
            isValid: verification.verified,
            state: verification.verified ? 'VALID' : 'UNKNOWN_KEY',
            wasSignedByGitHub: verification.verified,
          },
  };
}

interface PullRequestFilter {
  readonly states?: readonly string[] | null;
  readonly headRefName?: string | null;
  readonly baseRefName?: string | null;
  readonly first?: number | null;
  readonly last?: number | null;
  readonly after?: string | null;
  readonly orderBy?: { readonly direction: 'ASC' | 'DESC' } | null;
}

function matching({ states, headRefName, baseRefName }: PullRequestFilter): (each: PullRequest) => boolean {
  return (each) =>
    (states?.includes(each.state.toUpperCase()) ?? true) &&
    (headRefName ?? each.headBranch) === each.headBranch &&
    (baseRefName ?? each.baseBranch) === each.baseBranch;
}

function connection<T>(
  items: readonly T[],
  { first, last, after, orderBy }: PullRequestFilter,
  fields: (item: T) => Fields,
): Fields {
  const ordered = orderBy?.direction === 'DESC' ? items.toReversed() : items;
  const rest = Math.max(0, Number(after ?? 0));
  const from = last === null || last === undefined ? rest : Math.max(rest, ordered.length - last);
  const shown = ordered.slice(from, from + (first ?? 100));
  const until = from + shown.length;
  return {
    totalCount: items.length,
    nodes: shown.map(fields),
    pageInfo: {
      hasNextPage: until < ordered.length,
      hasPreviousPage: from > 0,
      // A cursor is how many came before what follows it.
      endCursor: shown.length === 0 ? null : `${until}`,
      startCursor: shown.length === 0 ? null : `${from + 1}`,
    },
  };
}

function pullRequestFields(exchange: Exchange, pullRequest: PullRequest): Fields {
  const { repository, number, author } = pullRequest;
  return {
    __typename: 'PullRequest',
    id: pullRequest.nodeId,
    databaseId: pullRequest.id,
    number,
    url: `${exchange.world.urls.web}/${fullNameOf(repository)}/pull/${number}`,
    title: pullRequest.title,
    body: pullRequest.body ?? '',
    state: pullRequest.state.toUpperCase(),
    isDraft: pullRequest.draft,
    merged: pullRequest.state === 'merged',
    closed: pullRequest.state !== 'open',
    headRefName: pullRequest.headBranch,
    headRefOid: pullRequest.headOid,
    baseRefName: pullRequest.baseBranch,
    baseRefOid: pullRequest.baseOid,
    // Forks are not played here.
    isCrossRepository: false,
    createdAt: toTimestamp(pullRequest.createdAt),
    updatedAt: toTimestamp(pullRequest.updatedAt),
    mergedAt: pullRequest.mergedAt === undefined ? null : toTimestamp(pullRequest.mergedAt),
    author: {
      __typename: author.type === 'Bot' ? 'Bot' : 'User',
      login: author.login.replace(/\[bot\]$/, ''),
    },
    mergeCommit: () =>
      pullRequest.mergeCommit === undefined
        ? null
        : objectFields(exchange, repository, pullRequest.mergeCommit),
    repository: () => repositoryFields(exchange, repository),
  };
}
