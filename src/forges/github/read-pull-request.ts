import { z } from 'zod';
import type { Call, PullRequest } from '../forge.ts';
import { oid } from './oid.ts';
import { inRoute, type Place } from './place.ts';

/** A pull request as REST has it. */
export const restPullRequest = z
  .object({
    number: z.int(),
    html_url: z.string(),
    state: z.enum(['open', 'closed']),
    merged_at: z.string().nullish(),
    title: z.string(),
    body: z.string().nullish(),
    head: z.object({ ref: z.string(), sha: oid, repo: z.object({ id: z.int() }).nullish() }),
    base: z.object({ ref: z.string(), repo: z.object({ id: z.int() }) }),
    // null while GitHub tries the merge, which the question itself sets off.
    mergeable: z.boolean().nullish(),
  })
  .transform(({ number, html_url: url, state, merged_at: mergedAt, title, body, head, base, mergeable }) => ({
    isOfThisRepository: isSame(head, base),
    pullRequest: {
      number,
      url,
      state: stateOf(state, mergedAt),
      title,
      body: body ?? '',
      headCommit: head.sha,
      headBranch: isSame(head, base) ? head.ref : undefined,
      baseBranch: base.ref,
      ...(state === 'open' && mergeable === false ? { conflicts: true as const } : {}),
    } satisfies PullRequest,
  }));

interface Side {
  readonly repo?: { readonly id: number } | null | undefined;
}

function isSame(head: Side, base: Side): boolean {
  return head.repo?.id === base.repo?.id;
}

function stateOf(state: 'open' | 'closed', mergedAt: string | null | undefined): PullRequest['state'] {
  if (state === 'open') return 'Open';
  return typeof mergedAt === 'string' ? 'Merged' : 'Closed';
}

const kept = z.object({
  etag: z.string(),
  pullRequest: z.object({
    number: z.int(),
    url: z.string(),
    state: z.enum(['Open', 'Merged', 'Closed']),
    title: z.string(),
    body: z.string(),
    headCommit: oid,
    headBranch: z.string().optional(),
    baseBranch: z.string(),
    conflicts: z.literal(true).optional(),
  }),
});

/** See `ForgeReader.pullRequest`. An unchanged one costs nothing of the rate limit, as long as the token is the same: tags are the token's. */
export async function readPullRequest(place: Place, number: number, call: Call): Promise<PullRequest> {
  const { api, connection, tokenFingerprint } = place;
  const { owner, repo } = inRoute(place);
  const key = `pull request ${tokenFingerprint} ${owner}/${repo} ${number}`;
  const stored = connection.memory.get(key);
  const known = stored === undefined ? undefined : kept.safeParse(JSON.parse(stored)).data;
  return await api.rest(
    {
      doing: `read pull request ${number}`,
      needs: 'pull_requests:read',
      answer: restPullRequest.transform(({ pullRequest }) => pullRequest),
      ...(known === undefined ? {} : { known: { etag: known.etag, answer: known.pullRequest } }),
      keep: (etag, pullRequest) => connection.memory.set(key, JSON.stringify({ etag, pullRequest })),
    },
    (rest, passed) => rest.pulls.get({ owner, repo, pull_number: number, ...passed }),
    call,
  );
}
