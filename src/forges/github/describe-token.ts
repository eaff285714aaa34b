import { z } from 'zod';
import type { Secret } from '../../base/secret.ts';
import type { AnswerHeaders, Connection } from '../connection.ts';
import type { Call, Repository } from '../forge.ts';
import type { ScopeFacts, Subject, TokenFacts } from '../identity.ts';
import { fallsShort, scopeOfScopes, scopesOf, type Held } from './classic-scopes.ts';
import { rateOf } from './rate.ts';
import { GithubApi } from './request.ts';
import { unknownScope } from './scope.ts';
import { expiryHeader, expiryOf } from './token-expiry.ts';
import { kindOf } from './token-kind.ts';
import { tokenOwner } from './token-owner.ts';

const repositoryAnswer = z.object({
  private: z.boolean().optional(),
  // Of the account whose token it is, and not of the token.
  permissions: z.object({ push: z.boolean() }).optional(),
});

/** What a token is shown of a repository. */
interface Shown {
  /** Absent when it is shown none. */
  readonly repository?: z.infer<typeof repositoryAnswer>;
  readonly headers: AnswerHeaders;
}

/** See `ForgeIdentity.describeToken`. */
export async function describeToken(
  connection: Connection,
  token: Secret,
  { repository, alsoNeeds = [], observes }: Subject,
  call: Call,
): Promise<TokenFacts> {
  const kind = kindOf(token);
  const bearer = { as: 'stored token' as const, token: () => token.expose() };
  const owner = await tokenOwner(connection, { token, kind, api: new GithubApi(connection, bearer) }, call);
  const shown = await ask(new GithubApi(connection, bearer, repository), repository, call);
  const where = `${repository.owner}/${repository.name}`;
  const scope = scopeOf(kind, shown, { owner: owner.login, where, alsoNeeds, observes });
  const rate = rateOf(shown.headers);
  return {
    kind,
    owner,
    expiry: rememberedExpiry(connection, token, kind, shown.headers),
    scope,
    ...(rate === undefined ? {} : { rate }),
    isUnguessable: kind !== 'Unknown',
  };
}

/** The one request that proves most: validity, the end, scopes, what is left of the limit, single sign-on, and that the repository is there. */
async function ask(api: GithubApi, { owner, name }: Repository, call: Call): Promise<Shown> {
  const heard: { headers?: AnswerHeaders } = {};
  const seen = await api.rest(
    {
      doing: 'see the repository',
      answer: repositoryAnswer.nullable(),
      hear: (headers) => (heard.headers = headers),
      refused: ({ status, headers }) => {
        if (status !== 404 || headers.get('x-github-sso') !== null) return undefined;
        heard.headers = headers;
        return null;
      },
    },
    (rest, passed) => rest.repos.get({ owner, repo: name, ...passed }),
    call,
  );
  return { ...(seen === null ? {} : { repository: seen }), headers: heard.headers ?? new Headers() };
}

function scopeOf(
  kind: TokenFacts['kind'],
  { repository, headers }: Shown,
  about: Pick<Held, 'owner' | 'where' | 'alsoNeeds' | 'observes'>,
): ScopeFacts {
  const isApp = kind === 'InstallationToken';
  // What an App may do there is not told this way.
  const mayPush = isApp ? undefined : repository?.permissions?.push;
  const held = { ...about, shown: repository && { private: repository.private, mayPush } };
  // Tokens of Apps have the header too, and nothing in it.
  const hasScopes = kind === 'PersonalAccessToken' || kind === 'OAuthUser' || kind === 'Unknown';
  const granted = hasScopes ? scopesOf(headers.get('x-oauth-scopes')) : undefined;
  if (granted !== undefined) return scopeOfScopes(granted, held);
  const why = untold[kind] ?? 'the forge does not tell such a token what it may do';
  return fallsShort(held) ?? unknownScope(`${why}; a call that is refused tells what it lacks`);
}

const untold: Partial<Record<TokenFacts['kind'], string>> = {
  FineGrainedToken: 'GitHub does not tell a fine-grained token what it may do',
  InstallationToken: "an App's token is not told what it may do",
};

function rememberedExpiry(
  { memory, now }: Connection,
  token: Secret,
  kind: TokenFacts['kind'],
  headers: AnswerHeaders,
): TokenFacts['expiry'] {
  const key = `expiry ${token.fingerprint()}`;
  const expiry = expiryOf(headers, { kind, now: now(), toldBefore: memory.get(key) });
  const header = expiryHeader(headers);
  if (expiry.kind === 'at' && header !== null) memory.set(key, header);
  return expiry;
}
