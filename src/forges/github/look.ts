import { z } from 'zod';
import type { Call, Head, Look, LookQuery, PullRequest } from '../forge.ts';
import { oid } from './oid.ts';
import { rememberRepositoryId } from './repository-id.ts';
import type { Place } from './place.ts';

const headCommit = z.object({
  oid,
  tree: z.object({ oid }),
  parents: z.object({ nodes: z.array(z.object({ oid })) }),
  message: z.string(),
  author: z
    .object({ email: z.string().nullable(), user: z.object({ login: z.string() }).nullable() })
    .nullable(),
  signature: z.object({ isValid: z.boolean(), wasSignedByGitHub: z.boolean() }).nullable(),
});

const openPullRequest = z.object({
  number: z.int(),
  url: z.string(),
  title: z.string(),
  body: z.string(),
  headRefOid: oid,
  baseRefName: z.string(),
  isCrossRepository: z.boolean(),
});

const entry = z.object({ __typename: z.string(), oid }).nullable();

const answer = z.object({
  repository: z
    .object({
      id: z.string(),
      base: z.object({ target: z.object({ oid, tree: z.object({ oid }) }) }).nullable(),
      head: z
        .object({
          target: headCommit,
          associatedPullRequests: z.object({ nodes: z.array(openPullRequest) }),
        })
        .nullable(),
    })
    .catchall(entry),
});

/**
 * One query, however large the repository. `base` stands first: should the branch move while GitHub answers, then the entries are
 * newer than the commit and not older, and an edit made from them takes nobody's change back.
 * A rename is not followed: the names that may be used are the ones that somebody wrote down.
 */
function document(paths: readonly string[]): string {
  const declared = paths.map((_, index) => `, $path${index}: String!`).join('');
  const entries = paths.map(
    (_, index) => `path${index}: object(expression: $path${index}) { __typename oid }`,
  );
  return `query Look($owner: String!, $name: String!, $base: String!, $head: String!${declared}) {
    repository(owner: $owner, name: $name, followRenames: false) {
      id
      base: ref(qualifiedName: $base) { target { oid ... on Commit { tree { oid } } } }
      ${entries.join('\n      ')}
      head: ref(qualifiedName: $head) {
        target {
          oid
          ... on Commit {
            tree { oid }
            parents(first: 10) { nodes { oid } }
            message
            author { email user { login } }
            signature { isValid wasSignedByGitHub }
          }
        }
        associatedPullRequests(states: OPEN, first: 20, orderBy: { field: CREATED_AT, direction: ASC }) {
          nodes { number url title body headRefOid baseRefName isCrossRepository }
        }
      }
    }
  }`;
}

/** See `ForgeReader.look`. */
export async function look(
  { api, connection, repository }: Place,
  query: LookQuery,
  call: Call,
): Promise<Look> {
  const paths = query.paths.map(withoutDots);
  // The root's entry comes with the commit.
  const below = [...new Set(paths.filter((path) => path !== ''))];
  const variables: Record<string, string> = {
    owner: repository.owner,
    name: repository.name,
    base: `refs/heads/${query.baseBranch}`,
    head: `refs/heads/${query.headBranch}`,
  };
  below.forEach((path, index) => (variables[`path${index}`] = `refs/heads/${query.baseBranch}:${path}`));
  const found = await api.graphql(
    { doing: 'look', needs: 'contents:read and pull_requests:read', answer },
    { query: document(below), variables },
    call,
  );
  const { id, base, head, ...rest } = found.repository;
  rememberRepositoryId(connection, repository, id);
  const entries = new Map(below.map((path, index) => [path, rest[`path${index}`]]));
  if (base !== null) entries.set('', { __typename: 'Tree', oid: base.target.tree.oid });
  return {
    ...(base === null ? {} : { base: { commit: base.target.oid, tree: base.target.tree.oid } }),
    paths: (paths.length === 0 ? [''] : paths).map((path) => ({ path, ...entryOf(entries.get(path)) })),
    ...(head === null ? {} : { head: headOf(head.target) }),
    pullRequests: (head?.associatedPullRequests.nodes ?? [])
      .filter(({ isCrossRepository }) => !isCrossRepository)
      .map((node) => ({ ...pullRequestOf(node), headBranch: query.headBranch })),
  };
}

/** A submodule has nothing to read and counts as nothing. */
function entryOf(at: z.infer<typeof entry> | undefined): Pick<Look['paths'][number], 'entry'> {
  if (at?.__typename === 'Tree') return { entry: { kind: 'tree', oid: at.oid } };
  if (at?.__typename === 'Blob') return { entry: { kind: 'blob', oid: at.oid } };
  return {};
}

function withoutDots(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function headOf({
  oid: commit,
  tree,
  parents,
  message,
  author,
  signature,
}: z.infer<typeof headCommit>): Head {
  const authorLogin = author?.user?.login ?? loginOf(author?.email ?? '');
  return {
    commit,
    tree: tree.oid,
    parents: parents.nodes.map((parent) => parent.oid),
    message,
    ...(authorLogin === undefined ? {} : { authorLogin }),
    verified: signature !== null && signature.isValid && signature.wasSignedByGitHub,
  };
}

/** Bots are no `User`; their commits carry the address that GitHub gives to an account: `ID+LOGIN@users.noreply.HOST`. */
function loginOf(email: string): string | undefined {
  return /^\d+\+([^@]+)@users\.noreply\./.exec(email)?.[1];
}

function pullRequestOf({
  number,
  url,
  title,
  body,
  headRefOid,
  baseRefName,
}: z.infer<typeof openPullRequest>): Omit<PullRequest, 'headBranch'> {
  return { number, url, state: 'Open', title, body, headCommit: headRefOid, baseBranch: baseRefName };
}
