import type { AnswerHeaders } from '../connection.ts';
import type { RateFacts } from '../identity.ts';

/** What an answer tells of the primary limit: REST and GraphQL have one each where the forge has both. */
export interface HeardRate extends RateFacts {
  /** `core`, `graphql`, … */
  readonly resource: string;
}

/**
 * GitHub's `x-ratelimit-*` and GitLab's `ratelimit-*`; undefined when the forge tells nothing. The reset is on the forge's clock, and so
 * is the Date header: their difference is right whatever ours says.
 */
export function rateIn(headers: AnswerHeaders, now: Date): HeardRate | undefined {
  const read = (name: string): number | undefined => {
    const text = headers.get(`x-ratelimit-${name}`) ?? headers.get(`ratelimit-${name}`) ?? '';
    return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
  };
  const [limit, remaining, reset] = [read('limit'), read('remaining'), read('reset')];
  if (limit === undefined || remaining === undefined || reset === undefined) return undefined;
  const resource = headers.get('x-ratelimit-resource') ?? 'core';
  const waitMs = reset * 1_000 - theirNow(headers, now);
  return {
    resource: /^[a-z_]{1,40}$/.test(resource) ? resource : 'core',
    limit,
    remaining,
    resetAt: new Date(now.getTime() + Math.max(0, waitMs)),
  };
}

/** How long `Retry-After` asks to wait, in seconds or until an HTTP date (RFC 9110, 10.2.3); undefined when it says nothing. */
export function retryAfterMs(headers: AnswerHeaders, now: Date): number | undefined {
  const text = (headers.get('retry-after') ?? '').trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  // A number of another kind would be read as a year.
  const at = /^[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - theirNow(headers, now));
}

function theirNow(headers: AnswerHeaders, now: Date): number {
  const theirs = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(theirs) ? now.getTime() : theirs;
}
