import { z } from 'zod';
import type { Call } from '../forge.ts';
import { askGitea, type Bearer } from './request.ts';

/** What the list of a user's tokens has of one; `last_used_at` from Gitea 1.24, never at Forgejo. */
const row = z.object({
  token_last_eight: z.string(),
  scopes: z.array(z.string()).nullish(),
  last_used_at: z.string().nullish(),
});

export type Row = z.infer<typeof row>;

const pageSize = 50;
const maxPages = 4;

/** What the list of its owner's tokens says of a token, by its end; else why it says nothing. One request for 50 tokens. */
export async function ownRow(bearer: Bearer, login: string, call: Call): Promise<Row | string> {
  const { host } = bearer.connection.endpoint;
  const lastEight = bearer.token.expose().slice(-8);
  for (let page = 1; page <= maxPages; page += 1) {
    const { answer: rows } = await askGitea<Row[] | null>(
      bearer,
      {
        path: `/users/${encodeURIComponent(login)}/tokens?limit=${pageSize}&page=${page}`,
        login,
        doing: "list the owner's tokens",
        answer: z.array(row),
        // A token is let through as a password by Gitea, and may be refused by others: then its owner's password alone would do.
        refused: ({ status }) => ([401, 403, 404].includes(status) ? null : undefined),
      },
      call,
    );
    if (rows === null) return `${host} does not show this token the list of its owner's tokens`;
    const own = rows.filter((each) => each.token_last_eight === lastEight);
    const [only] = own;
    if (own.length > 1) return `two tokens of its owner at ${host} end alike`;
    if (only !== undefined) return only;
    if (rows.length < pageSize) break;
  }
  return `the list of its owner's tokens at ${host} does not have it`;
}
