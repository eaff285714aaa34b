import type { Secret } from '../../base/secret.ts';
import { ask, type Question, type Told } from '../ask.ts';
import type { Connection } from '../connection.ts';
import type { Call } from '../forge.ts';
import { throwFitting } from './refusal.ts';

/** Whose word a question carries, and to whom. */
export interface Bearer {
  readonly connection: Connection;
  readonly token: Secret;
}

/** One GET at GitLab's API; its refusals are read as GitLab means them. Every kind of token but a job's is taken as a bearer's. */
export async function askGitlab<T>(
  { connection, token }: Bearer,
  question: Pick<Question<T>, 'url' | 'doing' | 'answer' | 'refused'>,
  call: Call,
): Promise<Told<T>> {
  const value = token.expose();
  return await ask(
    connection,
    {
      ...question,
      authorization: `Bearer ${value}`,
      secrets: [value],
      throwFitting: (refusal) => throwFitting(refusal, value),
    },
    call,
  );
}
