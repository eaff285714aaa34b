import { addMs, toTimestamp } from '../../base/time.ts';
import type { Refusal } from '../ask.ts';
import { ForgeError } from '../errors.ts';

/** gitlab.com forbids an address for so long after failed log-ins; a server of one's own for up to an hour. */
const banMs = 15 * 60_000;

/** Throws what GitLab means by a refusal where that is more than any forge would mean by it. */
export function throwFitting({ host, status, words, isJson, now }: Refusal, token: string): void {
  if (status === 401) throw new ForgeError('Unauthorized', `${host} ${whyNot(words, token)}`, { status });
  if (status !== 403) return;
  // The ban has no form and no headers.
  if (!isJson && /^forbidden$/i.test(words)) {
    const retryAt = addMs(now, banMs);
    const why = `forbids this address everything, as it does for a while after failed log-ins; see which Secrets hold dead tokens; it is tried again at ${toTimestamp(retryAt)}`;
    throw new ForgeError('RateLimited', `${host} ${why}`, { status, retryAt });
  }
  if (/blocked|deactivated|locked|pending approval/i.test(words)) {
    const why = `does not let the token's owner in: ${words}; let them in there, or use another's token`;
    throw new ForgeError('Unauthorized', `${host} ${why}`, { status });
  }
}

function whyNot(words: string, token: string): string {
  if (token.startsWith('gldt-')) {
    return 'takes a deploy token for Git alone; use a project access token with scope api';
  }
  if (token.startsWith('glcbt-')) {
    return "takes a job's token while that job runs; use a project access token with scope api";
  }
  if (/expired/i.test(words)) return 'says that the token has expired; replace it';
  if (/revoked/i.test(words)) return 'says that the token was revoked; replace it';
  if (/impersonation/i.test(words)) return 'takes no impersonation tokens; use a project access token';
  return 'does not accept the token: it is wrong, expired or revoked; replace it';
}

/** Throws where GitLab describes a token that is none any more. */
export function refuseDead(
  host: string,
  { active, revoked }: { readonly active?: boolean | undefined; readonly revoked?: boolean | undefined },
): void {
  if (revoked === true)
    throw new ForgeError('Unauthorized', `${host} says that the token was revoked; replace it`);
  if (active === false)
    throw new ForgeError('Unauthorized', `${host} says that the token is not active; replace it`);
}
