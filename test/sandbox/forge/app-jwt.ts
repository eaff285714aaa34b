import { type KeyObject, randomBytes, verify } from 'node:crypto';
import { GithubError } from './github-error.ts';

interface Claims {
  readonly iss?: unknown;
  readonly iat?: unknown;
  readonly exp?: unknown;
}

/** From now. A client whose clock is ahead is refused: GitHub's advice is to say that the token was made a minute ago. */
const longestSeconds = 600;
const advisedSeconds = 60;

/**
 * Checks the JWT with which an App shows who it is, by the rules and with the words of "Generating a JSON Web Token (JWT) for a
 * GitHub App": RS256, issued not in the future, expiring within ten minutes, issuer an app id or client id. Throws GitHub's 401.
 */
export function checkAppJwt<App extends { readonly publicKeys: readonly KeyObject[] }>(
  jwt: string,
  options: { readonly now: Date; readonly findApp: (issuer: string) => App | undefined },
): App {
  const [head = '', body = '', signature = '', ...more] = jwt.split('.');
  const header = decode(head);
  const claims: Claims | undefined = decode(body);
  if (!claims || header?.['alg'] !== 'RS256' || signature === '' || more.length > 0) throw undecodable();
  const app = findIssuer(claims.iss, options.findApp);
  const signed = Buffer.from(`${head}.${body}`);
  const proof = Buffer.from(signature, 'base64url');
  if (!app.publicKeys.some((key) => verify('RSA-SHA256', signed, key, proof))) throw undecodable();
  checkTimes(claims, Math.floor(options.now.getTime() / 1000));
  return app;
}

function findIssuer<App>(issuer: unknown, findApp: (issuer: string) => App | undefined): App {
  const text = typeof issuer === 'number' ? `${issuer}` : issuer;
  if (typeof text !== 'string' || !/^(\d+|Iv[\w.]+)$/.test(text)) {
    throw new GithubError(401, "'Issuer' claim ('iss') must be an Integer");
  }
  const app = findApp(text);
  if (!app) throw new GithubError(404, 'Integration not found');
  return app;
}

function checkTimes({ iat, exp }: Claims, now: number): void {
  if (typeof exp !== 'number' || exp <= now) {
    throw new GithubError(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (exp > now + longestSeconds) {
    throw new GithubError(401, "'Expiration time' claim ('exp') is too far in the future");
  }
  if (typeof iat !== 'number' || iat > now || exp - iat > longestSeconds + advisedSeconds) {
    throw new GithubError(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  }
}

function undecodable(): GithubError {
  return new GithubError(401, 'A JSON web token could not be decoded');
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined; // not JSON: no token of an App
  }
}

/** An installation token in the format of 2026: `ghs_<app id>_<jwt>`, about 520 characters with two dots. Nobody reads its parts. */
export function newInstallationToken(appId: number, installationId: number, now: Date): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const issuedAt = Math.floor(now.getTime() / 1000);
  const header = part({ alg: 'RS256', typ: 'JWT' });
  const body = part({
    iss: 'github',
    sub: installationId,
    iat: issuedAt,
    jti: randomBytes(12).toString('hex'),
  });
  return `ghs_${appId}_${header}.${body}.${randomBytes(256).toString('base64url')}`;
}
