import type { AnswerHeaders } from '../connection.ts';
import type { TokenFacts } from '../identity.ts';

type Expiry = TokenFacts['expiry'];

/** A fine-grained token has been seen to be told the current time as its end. */
const nowMs = 120_000;

/**
 * When a token ends, by the header that comes with every answer to a token that does.
 * @param toldBefore the header as it was last time: the current time is never told twice
 */
export function expiryOf(
  headers: AnswerHeaders,
  {
    kind,
    now,
    toldBefore,
  }: { readonly kind: TokenFacts['kind']; readonly now: Date; readonly toldBefore?: string | undefined },
): Expiry {
  const header = expiryHeader(headers);
  if (header === null) return untold[kind] ?? { kind: 'never or not reported' };
  const time = parse(header);
  if (time === undefined)
    return { kind: 'unknown', why: 'the forge writes the date in a way that is not known' };
  const theirs = Date.parse(headers.get('date') ?? '');
  const isNow = Math.abs(time.getTime() - (Number.isNaN(theirs) ? now.getTime() : theirs)) < nowMs;
  if (isNow && kind !== 'PersonalAccessToken' && header !== toldBefore) {
    return {
      kind: 'unknown',
      why: 'the forge reports the present moment, which it does by mistake for some tokens',
    };
  }
  return { kind: 'at', time };
}

export function expiryHeader(headers: AnswerHeaders): string | null {
  return headers.get('github-authentication-token-expiration');
}

/** GitHub writes `2022-11-12 10:31:26 UTC` or, in the owner's time zone, `2025-09-05 17:55:53 +0500`. */
function parse(header: string): Date | undefined {
  const [, day, time, sign, hours, minutes] =
    /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) (?:UTC|([+-])(\d{2})(\d{2}))$/.exec(header.trim()) ?? [];
  const expiry = new Date(`${day}T${time}${sign ?? '+'}${hours ?? '00'}:${minutes ?? '00'}`);
  return Number.isNaN(expiry.getTime()) ? undefined : expiry;
}

const inAnHour = "an App's token is not told when it ends: within the hour";
const inEightHours =
  "an App's token for a user ends after eight hours, unless the App has opted out; the forge does not say";

/** What it means that no end is told. Every answer to a classic token that ends says when; OAuth's do not end. */
const untold: Partial<Record<TokenFacts['kind'], Expiry>> = {
  PersonalAccessToken: { kind: 'never' },
  OAuthUser: { kind: 'never', instead: 'tokens of OAuth apps have no end, so use a GitHub App' },
  AppUser: { kind: 'unknown', why: inEightHours },
  InstallationToken: { kind: 'unknown', why: inAnHour },
};
