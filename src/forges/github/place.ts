import type { Connection } from '../connection.ts';
import type { Repository } from '../forge.ts';
import type { GithubApi } from './request.ts';

/** One repository, and by whose word it is spoken to. */
export interface Place {
  readonly api: GithubApi;
  readonly connection: Connection;
  readonly repository: Repository;
  /** Of the token that is spoken with: what it alone may see is remembered under this. */
  readonly tokenFingerprint: string;
}

/** The repository as REST routes name it. */
export function inRoute({ repository }: Place): { readonly owner: string; readonly repo: string } {
  return { owner: repository.owner, repo: repository.name };
}
