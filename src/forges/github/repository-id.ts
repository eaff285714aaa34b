import { z } from 'zod';
import type { Connection } from '../connection.ts';
import type { Call, Repository } from '../forge.ts';
import type { Place } from './place.ts';

/** GraphQL's id of a repository: a name for it that opens nothing by itself. Changes when a repository is made anew. */
export function rememberRepositoryId(connection: Connection, repository: Repository, id: string): void {
  connection.memory.set(keyOf(repository), id);
}

export function forgetRepositoryId(connection: Connection, repository: Repository): void {
  connection.memory.delete(keyOf(repository));
}

/** As the last look had it, else asked for. */
export async function repositoryId({ api, connection, repository }: Place, call: Call): Promise<string> {
  const known = connection.memory.get(keyOf(repository));
  if (known !== undefined) return known;
  const { repository: found } = await api.graphql(
    { doing: 'find the repository', answer: z.object({ repository: z.object({ id: z.string() }) }) },
    {
      query:
        'query Id($owner: String!, $name: String!) { repository(owner: $owner, name: $name, followRenames: false) { id } }',
      variables: { owner: repository.owner, name: repository.name },
    },
    call,
  );
  rememberRepositoryId(connection, repository, found.id);
  return found.id;
}

function keyOf({ owner, name }: Repository): string {
  return `repository ${owner}/${name}`.toLowerCase();
}
