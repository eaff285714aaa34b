import type { Secret } from '../../base/secret.ts';
import { ForgeError } from '../../forges/errors.ts';
import type { Call } from '../../forges/forge.ts';
import type { Subject, TokenFacts } from '../../forges/identity.ts';
import type { ListedForge } from '../listed-forge.ts';

/** So many characters of a token in a row are no accident. */
const telltaleCharacters = 12;

/**
 * What the forge tells of a stored token. Malformed where that repeats a piece of it: names and scopes are shown in a status as they are,
 * to whoever may read that. What may be a password has words in common with names, so of that the whole counts alone.
 */
export async function describedToken(
  { connection, provider }: Pick<ListedForge, 'connection' | 'provider'>,
  token: Secret,
  subject: Subject,
  call: Call,
): Promise<TokenFacts> {
  const facts = await provider.identity(connection).describeToken(token, subject, call);
  if (repeats(JSON.stringify(facts), token.expose(), facts.isUnguessable)) {
    const { host } = connection.endpoint;
    throw new ForgeError(
      'Malformed',
      `${host} repeats the token in what it tells of it, so nothing of that is shown; see what answers there`,
    );
  }
  return facts;
}

function repeats(told: string, token: string, isUnguessable: boolean): boolean {
  const length = isUnguessable ? Math.min(telltaleCharacters, token.length) : token.length;
  for (let start = 0; start + length <= token.length; start += 1) {
    if (told.includes(token.slice(start, start + length))) return true;
  }
  return false;
}
