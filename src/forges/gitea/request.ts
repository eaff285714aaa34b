import type { Secret } from '../../base/secret.ts';
import { ask, type Question, type Refusal, type Told } from '../ask.ts';
import { ForgeError } from '../errors.ts';
import type { Connection } from '../connection.ts';
import type { Call } from '../forge.ts';

/** Whose word a question carries, and to whom. */
export interface Bearer {
  readonly connection: Connection;
  readonly token: Secret;
}

/**
 * One GET at the API of Gitea or Forgejo.
 * @param login goes with the token as its password where given: the list of tokens is told to nothing else
 */
export async function askGitea<T>(
  { connection, token }: Bearer,
  {
    path,
    login,
    ...question
  }: Pick<Question<T>, 'doing' | 'answer' | 'refused'> & {
    readonly path: string;
    readonly login?: string;
  },
  call: Call,
): Promise<Told<T>> {
  const value = token.expose();
  const basic = login === undefined ? undefined : Buffer.from(`${login}:${value}`).toString('base64');
  return await ask(
    connection,
    {
      ...question,
      url: `${connection.endpoint.apiUrl}${path}`,
      authorization: basic === undefined ? `token ${value}` : `Basic ${basic}`,
      secrets: basic === undefined ? [value] : [value, basic],
      throwFitting,
    },
    call,
  );
}

/** Throws what Gitea means by a refusal where that is more than any forge would mean by it. */
function throwFitting({ host, status, words }: Refusal): void {
  if (status !== 403 || !/prohibited from signing in|not active/i.test(words)) return;
  const why = `does not let the token's owner in: ${words}; let them in there, or use another's token`;
  throw new ForgeError('Unauthorized', `${host} ${why}`, { status });
}
