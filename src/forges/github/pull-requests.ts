import { z } from 'zod';
import { addMs, jittered, sleep } from '../../base/time.ts';
import type { Call, NewPullRequest, PullRequest, PullRequestChange } from '../forge.ts';
import { inRoute, type Place } from './place.ts';
import { restPullRequest } from './read-pull-request.ts';
import type { Refusal } from './refusal.ts';

const needs = 'pull_requests:write';

/** Before each further attempt: a branch that was just moved may not be seen everywhere yet. */
const waitsMs = [200, 500, 1_200];

/** See `ForgeWriter.openPullRequest`. */
export async function openPullRequest(
  place: Place,
  wanted: NewPullRequest,
  call: Call,
): Promise<PullRequest> {
  for (let attempt = 0; ; attempt += 1) {
    const opened = await create(place, wanted, call);
    if (opened.kind === 'opened') return opened.pullRequest;
    const { refusal } = opened;
    // GitHub answers 422, not 409, when these two branches have an open pull request.
    if (/pull request already exists/i.test(refusal.words)) {
      const found = await findOpen(place, wanted, call);
      if (found !== undefined) return found;
    }
    const waitMs = waitsMs[attempt];
    if (waitMs === undefined) throw place.api.errorOf(refusal, { doing: 'open a pull request', needs });
    await sleep(jittered(waitMs, 0.3), call.signal);
  }
}

type Opened =
  | { readonly kind: 'opened'; readonly pullRequest: PullRequest }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

async function create(
  place: Place,
  { headBranch, baseBranch, title, body, draft }: NewPullRequest,
  call: Call,
): Promise<Opened> {
  return await place.api.rest<Opened>(
    {
      doing: 'open a pull request',
      needs,
      answer: restPullRequest.transform(({ pullRequest }) => ({ kind: 'opened' as const, pullRequest })),
      refused: (refusal) => (isAboutBranches(refusal) ? { kind: 'refused' as const, refusal } : undefined),
    },
    (rest, passed) =>
      rest.pulls.create({
        ...inRoute(place),
        title,
        body,
        head: headBranch,
        base: baseBranch,
        draft,
        ...passed,
      }),
    call,
  );
}

/** It exists, or the branches look empty or absent, which is so for a moment after a move. */
function isAboutBranches({ status, words }: Refusal): boolean {
  return status === 422 && /already exists|no commits between|\b(head|base) (is )?invalid/i.test(words);
}

async function findOpen(
  place: Place,
  { headBranch, baseBranch }: NewPullRequest,
  call: Call,
): Promise<PullRequest | undefined> {
  const listed = await place.api.rest(
    { doing: 'list pull requests', needs: 'pull_requests:read', answer: z.array(restPullRequest) },
    (rest, passed) =>
      rest.pulls.list({
        ...inRoute(place),
        // Without the owner GitHub silently ignores the filter.
        head: `${place.repository.owner}:${headBranch}`,
        base: baseBranch,
        state: 'open',
        sort: 'created',
        direction: 'asc',
        per_page: 20,
        ...passed,
      }),
    call,
  );
  return listed.find(({ isOfThisRepository }) => isOfThisRepository)?.pullRequest;
}

/** See `ForgeWriter.updatePullRequest`. */
export async function updatePullRequest(
  place: Place,
  { number, title, body, baseBranch }: PullRequestChange,
  call: Call,
): Promise<PullRequest> {
  const { pullRequest } = await place.api.rest(
    { doing: `change pull request ${number}`, needs, answer: restPullRequest },
    (rest, passed) =>
      rest.pulls.update({
        ...inRoute(place),
        pull_number: number,
        title,
        body,
        ...(baseBranch === undefined ? {} : { base: baseBranch }),
        ...passed,
      }),
    call,
  );
  return pullRequest;
}

/** See `ForgeWriter.closePullRequest`. */
export async function closePullRequest(
  place: Place,
  { number, comment }: { readonly number: number; readonly comment: string },
  call: Call,
): Promise<PullRequest> {
  await say(place, { number, comment }, call);
  const { pullRequest } = await place.api.rest(
    { doing: `close pull request ${number}`, needs, answer: restPullRequest },
    (rest, passed) =>
      rest.pulls.update({ ...inRoute(place), pull_number: number, state: 'closed', ...passed }),
    call,
  );
  return pullRequest;
}

const hourMs = 3_600_000;

/** Comments, unless the same was said within the hour: closing may have failed after the comment. */
async function say(
  place: Place,
  { number, comment }: { readonly number: number; readonly comment: string },
  call: Call,
): Promise<void> {
  const since = addMs(place.connection.now(), -hourMs).toISOString();
  const recent = await place.api.rest(
    {
      doing: `read pull request ${number}`,
      needs,
      answer: z.array(z.object({ body: z.string().nullish() })),
    },
    (rest, passed) =>
      rest.issues.listComments({ ...inRoute(place), issue_number: number, since, per_page: 100, ...passed }),
    call,
  );
  if (recent.some(({ body }) => body === comment)) return;
  await place.api.rest(
    { doing: `comment on pull request ${number}`, needs, answer: z.unknown() },
    (rest, passed) =>
      rest.issues.createComment({ ...inRoute(place), issue_number: number, body: comment, ...passed }),
    call,
  );
}
