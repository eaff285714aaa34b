import { checkAppJwt } from './app-jwt.ts';
import type { Caller } from './caller.ts';
import type { Token } from './credentials.ts';
import { GithubError } from './github-error.ts';
import type { World } from './world.ts';

const anonymous: Caller = { kind: 'anonymous' };

/** The token of an `Authorization` header: `Bearer x`, `token x`, or the password of Basic. */
export function tokenOf(authorization: string | undefined): string | undefined {
  const match = /^(bearer|token|basic)\s+(\S+)$/i.exec(authorization?.trim() ?? '');
  if (!match?.[2]) return undefined;
  if (match[1]?.toLowerCase() !== 'basic') return match[2];
  const [user = '', ...password] = Buffer.from(match[2], 'base64').toString('utf8').split(':');
  const secret = password.join(':');
  // GitHub takes a token in either place of Basic.
  return secret === '' || secret === 'x-oauth-basic' ? user : secret;
}

/** Who sends the request, or GitHub's 401 when the credential is unknown, expired, revoked or not known here yet. */
export function authenticate(world: World, authorization: string | undefined): Caller {
  if (authorization === undefined) return anonymous;
  const value = tokenOf(authorization);
  if (value === undefined) throw badCredentials();
  const token = world.credentials.token(value);
  if (token) return callerOf(world, token);
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(value) || !value.startsWith('ey')) throw badCredentials();
  const { credentials } = world;
  const app = checkAppJwt(value, { now: world.now(), findApp: (issuer) => credentials.findApp(issuer) });
  app.jwts.add(value);
  return { kind: 'app', app };
}

function callerOf(world: World, token: Token): Caller {
  if (!world.credentials.isValid(token)) throw badCredentials();
  token.uses += 1;
  const { unknown } = token;
  if (unknown && (token.uses <= unknown.uses || Date.now() < unknown.untilMs)) {
    throw unknown.status === 401 ? badCredentials() : new GithubError(404, 'Not Found');
  }
  token.lastUsedAt = world.now();
  if (token.kind === 'installation') {
    if (token.installation.suspendedAt) throw new GithubError(403, 'This installation has been suspended');
    return { kind: 'installation', token };
  }
  if (token.kind === 'appUser') return { kind: 'appUser', token };
  return token.kind === 'classic' ? { kind: 'classic', token } : { kind: 'fineGrained', token };
}

function badCredentials(): GithubError {
  return new GithubError(401, 'Bad credentials');
}
