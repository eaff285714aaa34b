import { z } from 'zod';
import type { Call } from '../forge.ts';
import type { ObservedToken, ScopeFacts, Sighting } from '../identity.ts';
import { listed } from './listed.ts';
import { permissionMap, permissionsOf } from './permissions.ts';
import type { GithubApi } from './request.ts';
import { scopeOfPermissions } from './scope.ts';

const grant = z.object({
  owner: z.object({ login: z.string() }),
  repository_selection: z.string(),
  permissions: z.object({
    organization: permissionMap.optional(),
    repository: permissionMap.optional(),
    other: permissionMap.optional(),
  }),
  token_expired: z.boolean(),
  token_expires_at: z.string().nullable(),
  token_last_used_at: z.string().nullable(),
});

type Grant = z.infer<typeof grant>;

/** Ends are told in whole seconds in one place, and in another perhaps not. */
const sameEndMs = 60_000;

/**
 * A fine-grained token in the list that an organization's Apps may see. Nothing in a row is of the token itself, so it is known by its
 * owner and its end; where that leaves two, nothing is said.
 */
export async function tokenGrants(
  api: GithubApi,
  { owner, expiresAt, organization, alsoNeeds = [] }: ObservedToken,
  call: Call,
): Promise<Sighting> {
  const found = await listed(
    api,
    {
      route: '/orgs/{org}/personal-access-tokens',
      organization,
      // An octokit of today writes a list as one value with commas, which GitHub does not split.
      query: { 'owner[]': owner },
      row: grant,
      hidden: `${organization} shows its fine-grained tokens only to a GitHub App that is installed there with organization_personal_access_tokens:read; grant that to the App of lastUsedFrom`,
    },
    call,
  );
  if (found.kind === 'unknown') return found;
  const own = found.rows.filter(
    (row) => row.owner.login.toLowerCase() === owner.toLowerCase() && !row.token_expired,
  );
  const rows = expiresAt === undefined ? own : own.filter((row) => endsAt(row, expiresAt));
  const [row, ...others] = rows;
  if (row === undefined) {
    return {
      kind: 'unknown',
      why: `${organization} lists no such token of ${owner}; it may be for another account, or not approved yet`,
    };
  }
  if (others.length > 0) {
    return {
      kind: 'unknown',
      why: `${organization} lists ${rows.length} tokens of ${owner} that look alike; give them different ends`,
    };
  }
  const time = new Date(row.token_last_used_at ?? Number.NaN);
  const precision =
    expiresAt === undefined
      ? "the forge's own; the only token of its owner"
      : "the forge's own, which it does not tell";
  return {
    kind: 'found',
    ...(Number.isNaN(time.getTime()) ? {} : { lastUsed: { time, precision } }),
    scope: scopeOf(row, organization, alsoNeeds),
  };
}

function endsAt({ token_expires_at: end }: Grant, expiresAt: Date): boolean {
  return end !== null && Math.abs(new Date(end).getTime() - expiresAt.getTime()) <= sameEndMs;
}

function scopeOf(
  { permissions, repository_selection: selection }: Grant,
  organization: string,
  alsoNeeds: readonly string[],
): ScopeFacts {
  const granted = permissionsOf({
    ...permissions.other,
    ...permissions.organization,
    ...permissions.repository,
  });
  const told = { who: 'the token', where: "on its page in its owner's settings" };
  const scope = scopeOfPermissions(granted, { alsoNeeds }, told);
  if (scope.verdict !== 'Least' || selection !== 'all') return scope;
  return {
    ...scope,
    verdict: 'Broad',
    message: `the token opens every repository of ${organization}; choose those that it is for`,
  };
}
