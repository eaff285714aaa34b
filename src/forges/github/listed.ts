import { z, type ZodType } from 'zod';
import { isForgeError, type ForgeError } from '../errors.ts';
import type { AnswerHeaders } from '../connection.ts';
import type { Call } from '../forge.ts';
import type { GithubApi } from './request.ts';

/** Together 300 rows: more of one person's tokens is a list that nobody looks through. */
const maxPages = 3;
const perPage = 100;

/** What an organization lists, or why it lists nothing. */
export type Listed<T> =
  { readonly kind: 'rows'; readonly rows: readonly T[] } | { readonly kind: 'unknown'; readonly why: string };

/**
 * All rows of one of an organization's lists, at most three pages of them.
 * @param route with `{org}` in it
 * @param query beside the page
 * @param hidden why it would not be shown, with the next step
 */
export async function listed<T>(
  api: GithubApi,
  {
    route,
    organization,
    query,
    row,
    hidden,
  }: {
    readonly route: string;
    readonly organization: string;
    readonly query: Readonly<Record<string, string>>;
    readonly row: ZodType<T>;
    readonly hidden: string;
  },
  call: Call,
): Promise<Listed<T>> {
  const rows: T[] = [];
  for (let page = 1; page <= maxPages; page += 1) {
    const heard: { headers?: AnswerHeaders } = {};
    let answer: T[];
    try {
      answer = await api.rest(
        {
          doing: `see the tokens of ${organization}`,
          answer: z.array(row),
          hear: (headers) => (heard.headers = headers),
        },
        (_, passed, request) =>
          request(`GET ${route}`, { org: organization, per_page: perPage, page, ...query, ...passed }),
        call,
      );
    } catch (thrown) {
      if (isForgeError(thrown) && isHidden(thrown)) return { kind: 'unknown', why: hidden };
      throw thrown;
    }
    rows.push(...answer);
    const hasMore = /rel="next"/.test(heard.headers?.get('link') ?? '') || answer.length >= perPage;
    if (!hasMore) return { kind: 'rows', rows };
  }
  return { kind: 'unknown', why: `${organization} lists more than ${maxPages * perPage} tokens` };
}

function isHidden({ code }: ForgeError): boolean {
  return code === 'PermissionsMissing' || code === 'NotFound' || code === 'SSORequired';
}
