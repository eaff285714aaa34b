import { createHash } from 'node:crypto';
import type { Answer, Exchange } from './exchange.ts';

/** ETags are per token, as GitHub's are: a new token finds nothing unchanged. */
export function withEtag(answer: Answer, exchange: Exchange, token: string | undefined): Answer {
  if (exchange.method !== 'GET' || answer.status !== 200 || answer.stream) return answer;
  const bytes = answer.bytes ?? Buffer.from(JSON.stringify(answer.json));
  const hash = createHash('sha256')
    .update(token ?? '')
    .update('\0')
    .update(bytes)
    .digest('hex');
  const etag = answer.etag === undefined ? `W/"${hash}"` : `"${answer.etag}"`;
  const headers = {
    ...(answer.bytes ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...answer.headers,
    etag,
    'cache-control': 'private, max-age=60, s-maxage=60',
    vary: 'Accept, Authorization, Cookie, X-GitHub-OTP',
  };
  const asked = exchange.headers['if-none-match'];
  const known = typeof asked === 'string' && asked.split(/\s*,\s*/).some((one) => bare(one) === bare(etag));
  return known ? { status: 304, headers: { ...headers } } : { status: 200, bytes, headers };
}

function bare(etag: string): string {
  return etag.replace(/^W\//, '').replaceAll('"', '');
}
