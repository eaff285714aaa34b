import { z } from 'zod';
import { type Exchange, actorOf, bodyOf, json, page, readRef } from '../exchange.ts';
import { GithubError, invalid, notFound } from '../github-error.ts';
import { mergePullRequest } from '../merging.ts';
import {
  addComment,
  computeMergeability,
  labelsNamed,
  missing,
  openPullRequest,
  updatePullRequest,
} from '../pull-requests.ts';
import { roleOf } from '../permissions.ts';
import { type Route, repositoryRoute } from '../router.ts';
import { presentComment, presentLabel, presentPullRequest, presentWholePullRequest } from './present.ts';
import type { PullRequest, Repository } from '../repository.ts';

const reads = [{ pull_requests: 'read' as const }];
const writes = [{ pull_requests: 'write' as const }];
const issueReads = [{ issues: 'read' as const }, { pull_requests: 'read' as const }];
const issueWrites = [{ issues: 'write' as const }, { pull_requests: 'write' as const }];

const newPullRequest = z.object({
  title: z.string().optional(),
  body: z.string().optional(),
  head: z.string(),
  base: z.string(),
  draft: z.boolean().optional(),
  maintainer_can_modify: z.boolean().optional(),
});
const change = z.object({
  title: z.string().optional(),
  body: z.string().optional(),
  state: z.enum(['open', 'closed']).optional(),
  base: z.string().optional(),
  maintainer_can_modify: z.boolean().optional(),
});
const merge = z.object({
  commit_title: z.string().optional(),
  commit_message: z.string().optional(),
  sha: z.string().optional(),
  merge_method: z.enum(['merge', 'squash', 'rebase']).default('merge'),
});

/** Pull requests, and what hangs on them as issues. */
export function pullRoutes(): Route[] {
  const pulls = '/repos/{owner}/{repo}/pulls';
  const one = `${pulls}/{pull_number}`;
  const issue = '/repos/{owner}/{repo}/issues/{issue_number}';
  return [
    repositoryRoute(`GET ${pulls}`, reads, list),
    repositoryRoute(`POST ${pulls}`, writes, create),
    repositoryRoute(`GET ${one}`, reads, async (exchange, repository) => {
      const found = pullRequestOf(exchange, repository);
      // Before it is known: GitHub finds out after the first question, and the next one gets the answer.
      const shown = json(await presentWholePullRequest(exchange.world, found));
      await computeMergeability(exchange.world, found);
      return shown;
    }),
    repositoryRoute(`PATCH ${one}`, writes, async (exchange, repository) => {
      const found = pullRequestOf(exchange, repository);
      const wanted = bodyOf(exchange, change);
      const { title, body, state, base: baseBranch, maintainer_can_modify: maintainerCanModify } = wanted;
      await updatePullRequest(exchange.world, found, { title, body, state, baseBranch, maintainerCanModify });
      return json(await presentWholePullRequest(exchange.world, found));
    }),
    repositoryRoute(`PUT ${one}/merge`, [{ contents: 'write' }], async (exchange, repository) => {
      const {
        commit_title: title,
        commit_message: message,
        sha: headOid,
        merge_method: method,
      } = bodyOf(exchange, merge);
      const found = pullRequestOf(exchange, repository);
      const sha = await mergePullRequest(exchange.world, found, {
        by: actorOf(exchange),
        method,
        headOid,
        title,
        message,
      });
      return json({ sha, merged: true, message: 'Pull Request successfully merged' });
    }),
    repositoryRoute(`POST ${one}/requested_reviewers`, writes, (exchange, repository) => {
      const { reviewers } = bodyOf(exchange, z.object({ reviewers: z.array(z.string()).default([]) }));
      const found = pullRequestOf(exchange, repository);
      for (const login of reviewers) {
        const account = exchange.world.accounts.byLogin(login);
        if (account === found.author)
          throw new GithubError(422, 'Review cannot be requested from pull request author.');
        if (!account || !roleOf(account, repository))
          throw new GithubError(
            422,
            'Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the repository.',
          );
        if (!found.reviewers.includes(account)) found.reviewers.push(account);
      }
      return json(presentPullRequest(exchange.world, found), 201);
    }),
    repositoryRoute(`GET ${issue}/comments`, issueReads, (exchange, repository) => {
      const found = pullRequestOf(exchange, repository, 'issue_number');
      return page(exchange, found.comments, (comment) => presentComment(exchange.world, found, comment));
    }),
    repositoryRoute(`POST ${issue}/comments`, issueWrites, (exchange, repository) => {
      const { body } = bodyOf(exchange, z.object({ body: z.string() }));
      const found = pullRequestOf(exchange, repository, 'issue_number');
      const comment = addComment(exchange.world, found, { author: actorOf(exchange), body });
      return json(presentComment(exchange.world, found, comment), 201);
    }),
    repositoryRoute(`POST ${issue}/labels`, issueWrites, (exchange, repository) => {
      const { labels } = bodyOf(exchange, z.object({ labels: z.array(z.string()) }));
      const found = pullRequestOf(exchange, repository, 'issue_number');
      for (const label of labelsNamed(exchange.world, repository, labels)) {
        if (!found.labels.includes(label)) found.labels.push(label);
      }
      return json(found.labels.map((label) => presentLabel(exchange.world, repository, label)));
    }),
  ];
}

function pullRequestOf({ params }: Exchange, repository: Repository, name = 'pull_number'): PullRequest {
  const found = repository.pullRequests.get(Number(params[name]));
  if (!found) throw notFound();
  return found;
}

function list(exchange: Exchange, repository: Repository) {
  const { query } = exchange;
  const state = query.get('state') ?? 'open';
  const head = query.get('head');
  const base = query.get('base');
  const found = [...repository.pullRequests.values()].filter(
    (each) =>
      (state === 'all' || (each.state === 'open') === (state === 'open')) &&
      // A head without an owner filters nothing.
      (head?.includes(':') !== true ||
        head.toLowerCase() === `${repository.owner.login}:${each.headBranch}`.toLowerCase()) &&
      (base ?? each.baseBranch) === each.baseBranch,
  );
  const ordered = query.get('direction') === 'asc' ? found : found.toReversed();
  return page(exchange, ordered, (each) => presentPullRequest(exchange.world, each));
}

async function create(exchange: Exchange, repository: Repository) {
  const wanted = bodyOf(exchange, newPullRequest);
  if (wanted.title === undefined) throw invalid('PullRequest', 'title is missing', 'title');
  const [owner, head] = wanted.head.includes(':')
    ? [wanted.head.slice(0, wanted.head.indexOf(':')), wanted.head.slice(wanted.head.indexOf(':') + 1)]
    : [repository.owner.login, wanted.head];
  // There are no forks here to propose from.
  if (owner.toLowerCase() !== repository.owner.login.toLowerCase()) throw missing('head');
  const opened = await openPullRequest(exchange.world, repository, {
    title: wanted.title,
    body: wanted.body ?? null,
    headBranch: head,
    baseBranch: wanted.base,
    draft: wanted.draft ?? false,
    maintainerCanModify: wanted.maintainer_can_modify ?? true,
    author: actorOf(exchange),
    headSeen: readRef(exchange, repository, `refs/heads/${head}`),
  });
  return json(await presentWholePullRequest(exchange.world, opened), 201);
}
