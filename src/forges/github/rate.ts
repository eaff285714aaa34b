import type { AnswerHeaders } from '../connection.ts';
import type { RateFacts } from '../identity.ts';

/** What is left of the primary limit, by the headers that come with every answer; a server of one's own sends none while it does not limit. */
export function rateOf(headers: AnswerHeaders): RateFacts | undefined {
  const [limit, remaining, reset] = ['limit', 'remaining', 'reset'].map((name) =>
    numberOf(headers.get(`x-ratelimit-${name}`)),
  );
  if (limit === undefined || remaining === undefined || reset === undefined) return undefined;
  return { limit, remaining, resetAt: new Date(reset * 1_000) };
}

function numberOf(header: string | null | undefined): number | undefined {
  return /^\d{1,12}$/.test(header ?? '') ? Number(header) : undefined;
}
