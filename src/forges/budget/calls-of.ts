import type { Request } from '../connection.ts';
import type { Plan, PlannedWrite } from '../plan.ts';

/** The most requests that create content each write takes, at whichever forge: what is not needed is given back. */
const callsOfWrite = {
  createCommit: 2, // a tree and a commit
  moveBranch: 1,
  deleteBranch: 1,
  openPullRequest: 1,
  updatePullRequest: 1,
  closePullRequest: 2, // a comment and the closing
  label: 1,
  askReviewers: 1,
} as const satisfies Record<PlannedWrite, number>;

/** What a promotion takes at most. */
const wholePromotion: readonly PlannedWrite[] = [
  'createCommit',
  'moveBranch',
  'openPullRequest',
  'label',
  'askReviewers',
];

/** How many calls that create content an act is to reserve. */
export function callsOf({ writes = wholePromotion }: Plan): number {
  return writes.reduce((sum, write) => sum + callsOfWrite[write], 0);
}

/**
 * Whether a request of a writing method creates content, as forges count that: everything but reading, and deleting. GraphQL reads by
 * POST too, and says so by its first word.
 */
export function createsContent(url: string, { method, body = '' }: Request): boolean {
  if (method === 'GET' || method === 'HEAD' || method === 'DELETE') return false;
  return !(url.endsWith('/graphql') && /^\s*\{\s*"query"\s*:\s*"\s*(query\b|\{)/.test(body));
}
