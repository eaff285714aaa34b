import { z } from 'zod';
import type { Secret } from '../../base/secret.ts';
import type { Connection } from '../connection.ts';
import type { Call } from '../forge.ts';
import type { ScopeFacts, TokenFacts } from '../identity.ts';
import { keep, recall } from '../remember.ts';
import { ownRow, type Row } from './own-row.ts';
import { askGitea, type Bearer } from './request.ts';
import { scopeOf } from './scope.ts';

/** Of Gitea's pages "API" and "Access tokens": neither says whether a user is a bot. */
const user = z.object({ id: z.int(), login: z.string() });
type Owner = z.infer<typeof user>;

/**
 * See `ForgeIdentity.describeToken`. One request in the steady state: the list of its owner's tokens where that is shown (it has the
 * scopes and the last use), else the owner. What the server does not tell of a token is said to be unknown.
 */
export async function describeToken(connection: Connection, token: Secret, call: Call): Promise<TokenFacts> {
  const bearer: Bearer = { connection, token };
  const ownerKey = `gitea owner ${token.fingerprint()}`;
  const hiddenKey = `gitea list ${token.fingerprint()}`;
  // A token of OAuth's is in no list.
  let hidden = isOAuth(token)
    ? `${connection.endpoint.host} does not tell what a token of OAuth's may do`
    : recall(connection, hiddenKey, z.string());
  let owner = hidden === undefined ? recall(connection, ownerKey, user) : undefined;
  const wasKnown = owner !== undefined;
  if (owner === undefined) {
    const answer = await askOwner(bearer, call);
    if ('lacking' in answer) return factsOf(token, { login: '(not told)', type: 'Unknown' }, answer);
    owner = answer;
    keep(connection, ownerKey, owner);
  }
  const row = hidden ?? (await ownRow(bearer, owner.login, call));
  if (typeof row === 'string') {
    hidden = row;
    keep(connection, hiddenKey, hidden);
    // Perhaps it was refused because the token is dead.
    const answer = wasKnown ? await askOwner(bearer, call) : owner;
    if ('lacking' in answer) return factsOf(token, { login: owner.login, type: 'Unknown' }, answer);
    return factsOf(token, ownerFacts(answer), unknownScope(hidden));
  }
  return { ...factsOf(token, ownerFacts(owner), scopeFacts(row)), ...lastUsedOf(row) };
}

/** Whose the token is; or what it may do, where that is too little to ask. */
async function askOwner(bearer: Bearer, call: Call): Promise<Owner | ScopeFacts> {
  const { answer } = await askGitea<Owner | ScopeFacts>(
    bearer,
    {
      path: '/user',
      doing: 'tell whose token it is',
      answer: user,
      refused: ({ status, words }) =>
        status === 403 && /required scope/.test(words) ? ownScopes(words) : undefined,
    },
    call,
  );
  return answer;
}

/** Gitea names what the token has (`required=[read:user], token scope=write:repository`), Forgejo only what it lacks. */
function ownScopes(words: string): ScopeFacts {
  const [, list] = /token scope=([\w:,-]+)/.exec(words) ?? [];
  if (list !== undefined) return scopeOf(list.split(','));
  return {
    verdict: 'Insufficient',
    granted: [],
    surplus: [],
    lacking: ['read:user'],
    message:
      'it lacks read:user, so that it cannot be told whose it is and what else it may do; make a token with that',
  };
}

function scopeFacts({ scopes }: Row): ScopeFacts {
  return scopes ? scopeOf(scopes) : unknownScope('the list of tokens does not tell what they may do');
}

function unknownScope(message: string): ScopeFacts {
  return { verdict: 'Unknown', granted: [], surplus: [], lacking: [], message };
}

function ownerFacts({ login, id }: Owner): TokenFacts['owner'] {
  return { login, type: 'Unknown', id: String(id) };
}

function factsOf(token: Secret, owner: TokenFacts['owner'], scope: ScopeFacts): TokenFacts {
  return {
    kind: isOAuth(token) ? 'OAuthUser' : 'PersonalAccessToken',
    owner,
    expiry: isOAuth(token)
      ? { kind: 'unknown', why: "the forge does not tell when a token of OAuth's ends" }
      : { kind: 'never', instead: 'such tokens have no end there, so replace it by hand from time to time' },
    scope,
    isUnguessable: true,
  };
}

/** Access tokens are 40 hex digits; those of OAuth's are signed and have two dots. */
function isOAuth(token: Secret): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token.expose());
}

/** Gitea writes it down at most every 30 s; a token that was never used has the zero of its clock, or nothing. */
function lastUsedOf({ last_used_at: told }: Row): Pick<TokenFacts, 'lastUsed'> {
  const time = new Date(told ?? NaN);
  return time.getTime() > 0 ? { lastUsed: { time, precision: '±30 s' } } : {};
}
