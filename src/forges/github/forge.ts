import type { Connection } from '../connection.ts';
import type { Forge, Repository } from '../forge.ts';
import type { ForgeToken, Provider } from '../provider.ts';
import { streamArchive } from './archive.ts';
import { readBlobs } from './blobs.ts';
import { deleteBranch, moveBranch } from './branches.ts';
import { changes } from './changes.ts';
import { createCommit } from './commits.ts';
import { decorate } from './decorate.ts';
import { looksForeign } from './foreign-token.ts';
import { githubIdentity } from './identity.ts';
import { look } from './look.ts';
import { permissions, permissionsFor } from './permissions.ts';
import type { Place } from './place.ts';
import { closePullRequest, openPullRequest, updatePullRequest } from './pull-requests.ts';
import { readPullRequest } from './read-pull-request.ts';
import { GithubApi } from './request.ts';
import { listFiles } from './trees.ts';

/** GitHub, GitHub Enterprise Server and ghe.com. */
export const github: Provider = {
  identity: githubIdentity,
  open: openRepository,
  permissions,
  permissionsFor,
  looksForeign,
};

function openRepository(
  connection: Connection,
  repository: Repository,
  { value, mintedAt }: ForgeToken,
): Forge {
  const api = new GithubApi(
    connection,
    { as: mintedAt === undefined ? 'stored token' : 'App token', token: () => value.expose(), mintedAt },
    repository,
  );
  const place: Place = { api, connection, repository, tokenFingerprint: value.fingerprint() };
  return {
    repository,
    supports: { casMove: true, signsCommits: mintedAt !== undefined },
    look: (query, call) => look(place, query, call),
    changes: (range, call) => changes(place, range, call),
    listFiles: (query, call) => listFiles(place, query, call),
    readBlobs: (blobs, call) => readBlobs(place, blobs, call),
    streamArchive: (query, call) => streamArchive(place, query, call),
    pullRequest: (number, call) => readPullRequest(place, number, call),
    createCommit: (commit, call) => createCommit(place, commit, call),
    moveBranch: (move, call) => moveBranch(place, move, call),
    deleteBranch: (branch, call) => deleteBranch(place, branch, call),
    openPullRequest: (wanted, call) => openPullRequest(place, wanted, call),
    updatePullRequest: (change, call) => updatePullRequest(place, change, call),
    closePullRequest: (close, call) => closePullRequest(place, close, call),
    decorate: (request, call) => decorate(place, request, call),
  };
}
