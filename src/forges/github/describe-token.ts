import { z } from 'zod';
import type { Secret } from '../../base/secret.ts';
import type { AnswerHeaders, Call, Connection, TokenFacts } from '../forge.ts';
import { GithubApi } from './request.ts';

/** See `ForgeIdentity.describeToken`. One request; two for an App's token, which may not ask who it is by REST. */
export async function describeToken(connection: Connection, token: Secret, call: Call): Promise<TokenFacts> {
  const api = new GithubApi(connection, { as: 'stored token', token: () => token.expose() });
  const heard: { headers?: AnswerHeaders } = {};
  const owner = await api.rest<TokenFacts['owner'] | null>(
    {
      doing: 'ask whose token it is',
      answer: user.transform(({ login, id, type }) => ({ login, type: kindOfOwner(type), id: String(id) })),
      hear: (headers) => (heard.headers = headers),
      refused: ({ status, words }) => (status === 403 && /by integration/i.test(words) ? null : undefined),
    },
    (rest, passed) => rest.users.getAuthenticated({ ...passed }),
    call,
  );
  if (owner === null || heard.headers === undefined) return await describeInstallationToken(api, call);
  return {
    kind: kindOf(token.expose()),
    owner,
    expiry: expiryOf(heard.headers.get('github-authentication-token-expiration'), connection.now()),
    scope: scopeOf(heard.headers.get('x-oauth-scopes')),
    isUnguessable: true,
  };
}

/** Only classic tokens and OAuth's are told their own scopes. */
function scopeOf(header: string | null): TokenFacts['scope'] {
  const granted = (header ?? '').split(',').flatMap((scope) => scope.trim() || []);
  if (header === null) return unknownScope('the forge does not tell such a token what it may do', granted);
  if (!granted.includes('repo')) return unknownScope('it is not known whether that is enough', granted);
  return {
    verdict: 'Broad',
    granted,
    surplus: granted,
    lacking: [],
    message: 'scope repo opens every repository that its owner may write to',
  };
}

function unknownScope(message: string, granted: readonly string[]): TokenFacts['scope'] {
  return { verdict: 'Unknown', granted, surplus: [], lacking: [], message };
}

const user = z.object({ login: z.string(), id: z.int(), type: z.string() });

function kindOfOwner(type: string): TokenFacts['owner']['type'] {
  return type === 'User' || type === 'Bot' ? type : 'Unknown';
}

/** By the prefixes of "About authentication to GitHub"; 40 hex digits are a classic token from before there were prefixes. */
function kindOf(token: string): TokenFacts['kind'] {
  if (/^(ghp_|github_pat_|[0-9a-f]{40}$)/.test(token)) return 'PersonalAccessToken';
  return /^gh[ou]_/.test(token) ? 'OAuthUser' : 'Unknown';
}

/** A fine-grained token has been seen to be told the current time as its end. */
const nowMs = 120_000;

/** GitHub writes `2022-11-12 10:31:26 UTC` or, in the owner's time zone, `2025-09-05 17:55:53 +0500`. */
export function expiryOf(header: string | null, now: Date): TokenFacts['expiry'] {
  if (header === null) return { kind: 'never or not reported' };
  const [, day, time, sign, hours, minutes] =
    /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) (?:UTC|([+-])(\d{2})(\d{2}))$/.exec(header.trim()) ?? [];
  const expiry = new Date(`${day}T${time}${sign ?? '+'}${hours ?? '00'}:${minutes ?? '00'}`);
  if (Number.isNaN(expiry.getTime())) {
    return { kind: 'unknown', why: 'the forge writes the date in a way that is not known' };
  }
  if (Math.abs(expiry.getTime() - now.getTime()) < nowMs) {
    return {
      kind: 'unknown',
      why: 'the forge reports the present moment, which it does by mistake for some tokens',
    };
  }
  return { kind: 'at', time: expiry };
}

async function describeInstallationToken(api: GithubApi, call: Call): Promise<TokenFacts> {
  const { viewer } = await api.graphql(
    { doing: 'ask whose token it is', answer: z.object({ viewer: z.object({ login: z.string() }) }) },
    { query: 'query Viewer { viewer { login } }', variables: {} },
    call,
  );
  return {
    kind: 'InstallationToken',
    owner: { login: viewer.login, type: 'Bot' },
    expiry: { kind: 'unknown', why: "an App's token is not told when it ends: within the hour" },
    scope: unknownScope("an App's token is not told what it may do", []),
    isUnguessable: true,
  };
}
