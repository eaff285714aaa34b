import { toTimestamp } from '../../../../src/base/time.ts';
import type { Account } from '../accounts.ts';
import type { App, Installation } from '../credentials.ts';
import { compareHistories } from '../git/history.ts';
import type { CommitData } from '../git/objects.ts';
import { diffTrees, patchOf } from '../git/tree-diff.ts';
import { fullNameOf } from '../repositories.ts';
import type { World } from '../world.ts';
import type { Comment, Label, PullRequest, Repository } from '../repository.ts';

type Fields = Record<string, unknown>;

/** GitHub's templated links. */
function links(api: string, names: Readonly<Record<string, string>>): Fields {
  return Object.fromEntries(Object.entries(names).map(([name, path]) => [name, `${api}${path}`]));
}

export function presentAccount({ urls }: World, account: Account): Fields {
  const { login, id, nodeId, type } = account;
  return {
    login,
    id,
    node_id: nodeId,
    avatar_url: `${urls.web}/avatars/${id}`,
    gravatar_id: '',
    // A bot's page is its App's.
    html_url: `${urls.web}/${type === 'Bot' ? `apps/${login.replace('[bot]', '')}` : login}`,
    ...links(`${urls.api}/users/${encodeURIComponent(login)}`, {
      url: '',
      followers_url: '/followers',
      following_url: '/following{/other_user}',
      gists_url: '/gists{/gist_id}',
      starred_url: '/starred{/owner}{/repo}',
      subscriptions_url: '/subscriptions',
      organizations_url: '/orgs',
      repos_url: '/repos',
      events_url: '/events{/privacy}',
      received_events_url: '/received_events',
    }),
    type,
    site_admin: false,
    user_view_type: 'public',
  };
}

const repositoryLinks = {
  url: '',
  archive_url: '/{archive_format}{/ref}',
  assignees_url: '/assignees{/user}',
  blobs_url: '/git/blobs{/sha}',
  branches_url: '/branches{/branch}',
  collaborators_url: '/collaborators{/collaborator}',
  comments_url: '/comments{/number}',
  commits_url: '/commits{/sha}',
  compare_url: '/compare/{base}...{head}',
  contents_url: '/contents/{+path}',
  contributors_url: '/contributors',
  deployments_url: '/deployments',
  downloads_url: '/downloads',
  events_url: '/events',
  forks_url: '/forks',
  git_commits_url: '/git/commits{/sha}',
  git_refs_url: '/git/refs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  issue_comment_url: '/issues/comments{/number}',
  issue_events_url: '/issues/events{/number}',
  issues_url: '/issues{/number}',
  keys_url: '/keys{/key_id}',
  labels_url: '/labels{/name}',
  languages_url: '/languages',
  merges_url: '/merges',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  pulls_url: '/pulls{/number}',
  releases_url: '/releases{/id}',
  stargazers_url: '/stargazers',
  statuses_url: '/statuses/{sha}',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  tags_url: '/tags',
  teams_url: '/teams',
  trees_url: '/git/trees{/sha}',
  hooks_url: '/hooks',
};

export function presentRepository(world: World, repository: Repository): Fields {
  const { urls } = world;
  const fullName = fullNameOf(repository);
  const web = `${urls.web}/${fullName}`;
  return {
    id: repository.id,
    node_id: repository.nodeId,
    name: repository.name,
    full_name: fullName,
    owner: presentAccount(world, repository.owner),
    private: repository.isPrivate,
    html_url: web,
    description: repository.description,
    fork: false,
    ...links(`${urls.api}/repos/${fullName}`, repositoryLinks),
    git_url: `git:${web.replace(/^https?:/, '')}.git`,
    ssh_url: `git@sandbox:${fullName}.git`,
    clone_url: `${web}.git`,
    svn_url: web,
    mirror_url: null,
    homepage: null,
    language: null,
    forks_count: 0,
    stargazers_count: 0,
    watchers_count: 0,
    size: 1,
    default_branch: repository.defaultBranch,
    open_issues_count: 0,
    topics: [],
    has_issues: true,
    has_projects: false,
    has_wiki: false,
    has_pages: false,
    has_downloads: true,
    has_discussions: false,
    archived: repository.archived,
    disabled: false,
    visibility: repository.isPrivate ? 'private' : 'public',
    pushed_at: toTimestamp(repository.pushedAt),
    created_at: toTimestamp(repository.createdAt),
    updated_at: toTimestamp(repository.updatedAt),
    license: null,
    forks: 0,
    open_issues: 0,
    watchers: 0,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
  };
}

/** A repository by itself. */
export function presentWholeRepository(world: World, repository: Repository): Fields {
  const { merges } = repository;
  return {
    ...presentRepository(world, repository),
    network_count: 0,
    subscribers_count: 0,
    allow_merge_commit: merges.mergeCommit,
    allow_squash_merge: merges.squash,
    allow_rebase_merge: merges.rebase,
    allow_auto_merge: merges.autoMerge,
    delete_branch_on_merge: merges.deleteBranchOnMerge,
  };
}

export function presentLabel(
  { urls }: World,
  repository: Repository,
  { id, name, color, description }: Label,
): Fields {
  return {
    id,
    node_id: `LA_${id}`,
    url: `${urls.api}/repos/${fullNameOf(repository)}/labels/${encodeURIComponent(name)}`,
    name,
    color,
    default: false,
    description,
  };
}

/** As the list has it; one by itself has more. */
export function presentPullRequest(world: World, pullRequest: PullRequest): Fields {
  const { repository, number } = pullRequest;
  const { urls } = world;
  const fullName = fullNameOf(repository);
  const api = `${urls.api}/repos/${fullName}/pulls/${number}`;
  const issue = `${urls.api}/repos/${fullName}/issues/${number}`;
  const web = `${urls.web}/${fullName}/pull/${number}`;
  const end = (branch: string, sha: string): Fields => ({
    label: `${repository.owner.login}:${branch}`,
    ref: branch,
    sha,
    user: presentAccount(world, repository.owner),
    repo: presentRepository(world, repository),
  });
  const statuses = `${urls.api}/repos/${fullName}/statuses/${pullRequest.headOid}`;
  const { mergeability } = pullRequest;
  const href = (url: string): Fields => ({ href: url });
  return {
    url: api,
    id: pullRequest.id,
    node_id: pullRequest.nodeId,
    html_url: web,
    diff_url: `${web}.diff`,
    patch_url: `${web}.patch`,
    issue_url: issue,
    commits_url: `${api}/commits`,
    review_comments_url: `${api}/comments`,
    review_comment_url: `${urls.api}/repos/${fullName}/pulls/comments{/number}`,
    comments_url: `${issue}/comments`,
    statuses_url: statuses,
    number,
    state: pullRequest.state === 'open' ? 'open' : 'closed',
    locked: false,
    title: pullRequest.title,
    user: presentAccount(world, pullRequest.author),
    body: pullRequest.body,
    // Here GitHub's description has a text where its description of labels by themselves has null too.
    labels: pullRequest.labels.map((label) =>
      presentLabel(world, repository, { ...label, description: label.description ?? '' }),
    ),
    milestone: null,
    active_lock_reason: null,
    created_at: toTimestamp(pullRequest.createdAt),
    updated_at: toTimestamp(pullRequest.updatedAt),
    closed_at: pullRequest.closedAt === undefined ? null : toTimestamp(pullRequest.closedAt),
    merged_at: pullRequest.mergedAt === undefined ? null : toTimestamp(pullRequest.mergedAt),
    merge_commit_sha: pullRequest.mergeCommit ?? mergeability?.testMerge ?? null,
    assignee: null,
    assignees: pullRequest.assignees.map((account) => presentAccount(world, account)),
    requested_reviewers: pullRequest.reviewers.map((account) => presentAccount(world, account)),
    requested_teams: [],
    head: end(pullRequest.headBranch, pullRequest.headOid),
    base: end(pullRequest.baseBranch, pullRequest.baseOid),
    _links: {
      self: href(api),
      html: href(web),
      issue: href(issue),
      comments: href(`${issue}/comments`),
      review_comments: href(`${api}/comments`),
      review_comment: href(`${urls.api}/repos/${fullName}/pulls/comments{/number}`),
      commits: href(`${api}/commits`),
      statuses: href(statuses),
    },
    author_association: 'CONTRIBUTOR',
    auto_merge: null,
    draft: pullRequest.draft,
  };
}

/** One pull request by itself. */
export async function presentWholePullRequest(world: World, pullRequest: PullRequest): Promise<Fields> {
  const { mergeability, state, mergedBy } = pullRequest;
  const known = mergeability?.headOid === pullRequest.headOid ? mergeability : undefined;
  const mergeable = state === 'open' ? (known === undefined ? null : known.testMerge !== undefined) : null;
  return {
    ...presentPullRequest(world, pullRequest),
    merged: state === 'merged',
    mergeable,
    rebaseable: mergeable,
    mergeable_state: mergeable === null ? 'unknown' : mergeable ? 'clean' : 'dirty',
    merged_by: mergedBy === undefined ? null : presentAccount(world, mergedBy),
    comments: pullRequest.comments.length,
    review_comments: 0,
    maintainer_can_modify: pullRequest.maintainerCanModify,
    ...(await sizeOf(pullRequest)),
  };
}

/** How much a pull request proposes. */
async function sizeOf({ repository, baseOid, headOid }: PullRequest): Promise<Fields> {
  const { store } = repository.git;
  const { mergeBase, ahead } = await compareHistories(store, baseOid, headOid);
  const [base, head] = await Promise.all([store.commit(mergeBase ?? ''), store.commit(headOid)]);
  const changes = await diffTrees(store, base?.tree, head?.tree);
  const patches = await Promise.all(changes.map((each) => patchOf(store, each)));
  return {
    commits: ahead.length,
    additions: patches.reduce((total, { additions }) => total + additions, 0),
    deletions: patches.reduce((total, { deletions }) => total + deletions, 0),
    changed_files: changes.length,
  };
}

export function presentComment(
  world: World,
  pullRequest: PullRequest,
  { id, author, body, createdAt }: Comment,
): Fields {
  const { repository, number } = pullRequest;
  const issue = `${world.urls.api}/repos/${fullNameOf(repository)}/issues`;
  return {
    id,
    node_id: `IC_${id}`,
    url: `${issue}/comments/${id}`,
    html_url: `${world.urls.web}/${fullNameOf(repository)}/pull/${number}#issuecomment-${id}`,
    issue_url: `${issue}/${number}`,
    body,
    user: presentAccount(world, author),
    created_at: toTimestamp(createdAt),
    updated_at: toTimestamp(createdAt),
    author_association: 'CONTRIBUTOR',
  };
}

/** A commit as the git data routes have it. */
export function presentGitCommit(
  world: World,
  repository: Repository,
  oid: string,
  commit: CommitData,
): Fields {
  const { urls } = world;
  const fullName = fullNameOf(repository);
  const api = `${urls.api}/repos/${fullName}/git`;
  const web = `${urls.web}/${fullName}`;
  return {
    sha: oid,
    node_id: `C_${oid}`,
    url: `${api}/commits/${oid}`,
    html_url: `${web}/commit/${oid}`,
    author: presentSignature(commit.author),
    committer: presentSignature(commit.committer),
    tree: { sha: commit.tree, url: `${api}/trees/${commit.tree}` },
    message: commit.message,
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${api}/commits/${sha}`,
      html_url: `${web}/commit/${sha}`,
    })),
    verification: presentVerification(world, commit),
  };
}

export function presentSignature({ name, email, date }: CommitData['author']): Fields {
  return { name, email, date: toTimestamp(date) };
}

export function presentVerification(world: World, commit: CommitData): Fields {
  const { verified, reason, signature, payload } = world.signer.verify(commit);
  return {
    verified,
    reason,
    signature,
    payload,
    verified_at: verified ? toTimestamp(commit.committer.date) : null,
  };
}

export function presentApp(world: World, app: App): Fields {
  return {
    id: app.id,
    client_id: app.clientId,
    slug: app.slug,
    node_id: `A_${app.id}`,
    owner: presentAccount(world, app.owner),
    name: app.name,
    description: null,
    external_url: world.urls.web,
    html_url: `${world.urls.web}/apps/${app.slug}`,
    created_at: toTimestamp(app.createdAt),
    updated_at: toTimestamp(app.createdAt),
    permissions: app.permissions,
    events: [],
  };
}

export function presentInstallation(world: World, installation: Installation): Fields {
  const { id, app, account, permissions, repositories, suspendedAt, suspendedBy, createdAt, updatedAt } =
    installation;
  const { urls } = world;
  return {
    id,
    account: presentAccount(world, account),
    repository_selection: repositories === undefined ? 'all' : 'selected',
    access_tokens_url: `${urls.api}/app/installations/${id}/access_tokens`,
    repositories_url: `${urls.api}/installation/repositories`,
    html_url: `${urls.web}/organizations/${account.login}/settings/installations/${id}`,
    app_id: app.id,
    client_id: app.clientId,
    target_id: account.id,
    target_type: account.type,
    permissions,
    events: [],
    created_at: toTimestamp(createdAt),
    updated_at: toTimestamp(updatedAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    app_slug: app.slug,
    suspended_at: suspendedAt === undefined ? null : toTimestamp(suspendedAt),
    suspended_by: suspendedBy === undefined ? null : presentAccount(world, suspendedBy),
  };
}
