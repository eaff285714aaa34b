import { z } from 'zod';
import type { Secret } from '../../base/secret.ts';
import { addMs } from '../../base/time.ts';
import { isForgeError } from '../errors.ts';
import type { AnswerHeaders, Connection } from '../connection.ts';
import type { Call } from '../forge.ts';
import type { TokenFacts } from '../identity.ts';
import { kindOf, ownerFacts, ownerOf } from './owner.ts';
import { refuseDead } from './refusal.ts';
import { askGitlab, type Bearer } from './request.ts';
import { granularScope, scopeOf, unknownScope } from './scope.ts';

/**
 * See `ForgeIdentity.describeToken`. One request in the steady state, and one more an hour for the owner; two for a token of OAuth's.
 * Rules: GitLab's pages "Personal access tokens API" (from 15.5), "Users API" and "OAuth 2.0 identity provider API".
 */
export async function describeToken(connection: Connection, token: Secret, call: Call): Promise<TokenFacts> {
  const bearer: Bearer = { connection, token };
  const { answer: self, headers } = await askGitlab<Self | null>(
    bearer,
    {
      url: `${connection.endpoint.apiUrl}/personal_access_tokens/self`,
      doing: 'tell about the token',
      answer: selfAnswer,
      // Tokens of OAuth's are told about elsewhere.
      refused: ({ status, words }) =>
        status === 400 && /personal access token/i.test(words) ? null : undefined,
    },
    call,
  );
  if (self === null) return await describeOAuthToken(bearer, call);
  refuseDead(connection.endpoint.host, self);
  const owner = await ownerOf(bearer, call);
  const isGranular = self.granular === true;
  const kind = kindOf(owner, isGranular);
  return {
    kind,
    owner: ownerFacts(owner, self.user_id),
    expiry: expiryOf(self.expires_at),
    scope: isGranular ? granularScope(self.granular_scopes) : scopeOf(kind, self.scopes ?? []),
    ...rateOf(headers),
    ...lastUsedOf(self.last_used_at),
    isUnguessable: true,
  };
}

type Self = z.infer<typeof selfAnswer>;

/** Null before the first use, and where there is no end; what is granular is absent before 18.10. */
const selfAnswer = z.object({
  active: z.boolean().optional(),
  revoked: z.boolean().optional(),
  scopes: z.array(z.string()).nullish(),
  user_id: z.int().nullish(),
  expires_at: z.string().nullish(),
  last_used_at: z.string().nullish(),
  granular: z.boolean().nullish(),
  granular_scopes: z.unknown().optional(),
});

/** A token dies at the first moment of the day (UTC) that it is told to expire on. */
function expiryOf(day: string | null | undefined): TokenFacts['expiry'] {
  if (day === undefined) return { kind: 'never or not reported' };
  if (day === null) return { kind: 'never' };
  const time = new Date(/^\d{4}-\d{2}-\d{2}$/.test(day) ? `${day}T00:00:00Z` : NaN);
  return Number.isNaN(time.getTime())
    ? { kind: 'unknown', why: 'the forge writes the date in a way that is not known' }
    : { kind: 'at', time };
}

/** GitLab writes it down at most every ten minutes (from 16.1). */
function lastUsedOf(time: string | null | undefined): Pick<TokenFacts, 'lastUsed'> {
  const used = new Date(time ?? NaN);
  return Number.isNaN(used.getTime()) ? {} : { lastUsed: { time: used, precision: '±10 min' } };
}

/** Absent where the server limits nothing, or keeps it to itself. */
function rateOf(headers: AnswerHeaders): Pick<TokenFacts, 'rate'> {
  const read = (name: string): number => {
    const value = headers.get(`ratelimit-${name}`) ?? '';
    return /^\d{1,12}$/.test(value) ? Number(value) : NaN;
  };
  const [limit, remaining, reset] = [read('limit'), read('remaining'), read('reset')];
  if ([limit, remaining, reset].some(Number.isNaN)) return {};
  return { rate: { limit, remaining, resetAt: new Date(reset * 1_000) } };
}

const oauthAnswer = z.object({
  scope: z.array(z.string()).nullish(),
  expires_in_seconds: z.int().nullish(),
  resource_owner_id: z.int().nullish(),
});

async function describeOAuthToken(bearer: Bearer, call: Call): Promise<TokenFacts> {
  const { endpoint, now } = bearer.connection;
  const info = await oauthInfo(bearer, call);
  const owner = await ownerOf(bearer, call);
  const seconds = info?.expires_in_seconds;
  return {
    kind: 'OAuthUser',
    owner: ownerFacts(owner, info?.resource_owner_id),
    expiry:
      typeof seconds === 'number'
        ? { kind: 'at', time: addMs(now(), seconds * 1_000) }
        : { kind: 'unknown', why: `${endpoint.host} does not tell when this token of OAuth's ends` },
    scope: info?.scope
      ? scopeOf('OAuthUser', info.scope)
      : unknownScope(`${endpoint.host} does not tell what this token of OAuth's may do`),
    isUnguessable: true,
  };
}

/** Undefined where the server does not tell. */
async function oauthInfo(bearer: Bearer, call: Call): Promise<z.infer<typeof oauthAnswer> | undefined> {
  const root = bearer.connection.endpoint.apiUrl.replace(/\/api\/v4$/, '');
  try {
    const url = `${root}/oauth/token/info`;
    const doing = "tell about the token of OAuth's";
    const { answer } = await askGitlab(
      bearer,
      { url, doing, answer: oauthAnswer, refused: () => undefined },
      call,
    );
    return answer;
  } catch (thrown) {
    // It is no part of the API, and may be closed where that is open.
    if (isForgeError(thrown) && thrown.code === 'Malformed') return undefined;
    throw thrown;
  }
}
