import { createHash } from 'node:crypto';
import type { Answer, Exchange } from './exchange.ts';

/**
 * Names what was read or written. ETags are per token, as GitHub's are: a new token finds nothing unchanged. What was made has an
 * address too.
 */
export function withEtag(answer: Answer, exchange: Exchange, token: string | undefined): Answer {
  const { status, json } = answer;
  if (status !== 200 && status !== 201) return answer;
  const bytes = answer.bytes ?? Buffer.from(JSON.stringify(json));
  const hash = createHash('sha256')
    .update(token ?? '')
    .update('\0')
    .update(bytes)
    .digest('hex');
  const etag = answer.etag === undefined ? `W/"${hash}"` : `"${answer.etag}"`;
  const headers = {
    ...(answer.bytes ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...(status === 201 ? locationOf(json) : {}),
    ...answer.headers,
    etag,
    'cache-control': `${token === undefined ? 'public' : 'private'}, max-age=60, s-maxage=60`,
    vary: 'Accept, Authorization, Cookie, X-GitHub-OTP',
  };
  const asked = exchange.method === 'GET' ? exchange.headers['if-none-match'] : undefined;
  const known = typeof asked === 'string' && asked.split(/\s*,\s*/).some((one) => bare(one) === bare(etag));
  return known ? { status: 304, headers } : { status, bytes, headers };
}

function locationOf(made: unknown): { location?: string } {
  const isAddressed = typeof made === 'object' && made !== null && 'url' in made;
  return isAddressed && typeof made.url === 'string' ? { location: made.url } : {};
}

function bare(etag: string): string {
  return etag.replace(/^W\//, '').replaceAll('"', '');
}
