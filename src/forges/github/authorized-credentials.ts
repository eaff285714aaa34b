import { z } from 'zod';
import type { Call } from '../forge.ts';
import type { ObservedToken, Sighting } from '../identity.ts';
import { listed } from './listed.ts';
import type { GithubApi } from './request.ts';

const authorization = z.object({
  login: z.string(),
  credential_type: z.string(),
  token_last_eight: z.string().optional(),
  credential_accessed_at: z.string().nullable(),
});

/** A token in the list of what is authorized for an organization's single sign-on; its last eight characters stand there. */
export async function authorizedCredentials(
  api: GithubApi,
  { token, owner, organization }: ObservedToken,
  call: Call,
): Promise<Sighting> {
  const found = await listed(
    api,
    {
      route: '/orgs/{org}/credential-authorizations',
      organization,
      query: { login: owner },
      row: authorization,
      hidden: `${organization} shows when tokens were used only where it has single sign-on, and to a token of an owner with read:org; put one into the Secret of lastUsedFrom`,
    },
    call,
  );
  if (found.kind === 'unknown') return found;
  const lastEight = token.expose().slice(-8);
  const rows = found.rows.filter(
    (row) => row.token_last_eight === lastEight && row.login.toLowerCase() === owner.toLowerCase(),
  );
  const [row, ...others] = rows;
  if (row === undefined || others.length > 0) {
    const how = row === undefined ? 'no such token' : 'more than one such token';
    return {
      kind: 'unknown',
      why: `${organization} lists ${how} of ${owner} as authorized for its single sign-on`,
    };
  }
  const time = new Date(row.credential_accessed_at ?? Number.NaN);
  if (Number.isNaN(time.getTime())) return { kind: 'found' };
  return { kind: 'found', lastUsed: { time, precision: "the forge's own, which it does not tell" } };
}
