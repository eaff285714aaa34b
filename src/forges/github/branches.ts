import { z } from 'zod';
import { isForgeError, type ForgeError } from '../errors.ts';
import type { Call } from '../forge.ts';
import { noOid, oid } from './oid.ts';
import type { Place } from './place.ts';
import type { Refusal } from './refusal.ts';
import { forgetRepositoryId, repositoryId } from './repository-id.ts';

const ask = { doing: 'move the promotion branch', needs: 'contents:write' };

/** See `ForgeWriter.moveBranch`. */
export async function moveBranch(
  place: Place,
  { branch, from, to }: { readonly branch: string; readonly from?: string; readonly to: string },
  call: Call,
): Promise<'moved' | 'stale'> {
  const failure = await swap(place, { branch, from: from ?? noOid, to }, call);
  if (failure === undefined) return 'moved';
  if ((await find(place, branch, call)) !== from) return 'stale';
  throw failure;
}

/** See `ForgeWriter.deleteBranch`. */
export async function deleteBranch(
  place: Place,
  { branch, from }: { readonly branch: string; readonly from: string },
  call: Call,
): Promise<'deleted' | 'stale'> {
  const failure = await swap(place, { branch, from, to: noOid }, call);
  if (failure === undefined) return 'deleted';
  const at = await find(place, branch, call);
  if (at === undefined) return 'deleted';
  if (at !== from) return 'stale';
  throw failure;
}

/**
 * The one compare-and-swap that GitHub has for refs: REST only knows "is a fast-forward". Gives what it failed with when that may be
 * about where the branch is: the wording for it is not documented, so whoever asked looks where the branch is.
 */
async function swap(
  place: Place,
  { branch, from, to }: { readonly branch: string; readonly from: string; readonly to: string },
  call: Call,
): Promise<ForgeError | undefined> {
  const { api, connection, repository } = place;
  const variables = {
    id: await repositoryId(place, call),
    // A promotion branch is made anew from the base, so it rarely moves forward; `beforeOid` is what protects it.
    updates: [{ name: `refs/heads/${branch}`, beforeOid: from, afterOid: to, force: true }],
  };
  try {
    return await api.graphql<ForgeError | undefined>(
      {
        ...ask,
        answer: z.object({ updateRefs: z.object({}) }).transform(() => undefined),
        refused: (refusal) => {
          const error = api.errorOf(refusal, ask);
          return isAboutTheBranch(refusal, error) ? error : undefined;
        },
      },
      {
        query:
          'mutation Move($id: ID!, $updates: [RefUpdate!]!) { updateRefs(input: { repositoryId: $id, refUpdates: $updates }) { clientMutationId } }',
        variables,
      },
      call,
    );
  } catch (thrown) {
    if (!isForgeError(thrown) || thrown.code !== 'NotFound') throw thrown;
    // No such branch, or the repository was made anew under its old name.
    forgetRepositoryId(connection, repository);
    return thrown;
  }
}

/** Those that say themselves what they are about are not. */
const otherTypes = new Set(['FORBIDDEN', 'INSUFFICIENT_SCOPES', 'NOT_FOUND']);

function isAboutTheBranch({ status, type }: Refusal, { code }: ForgeError): boolean {
  return status === 200 && code !== 'RateLimited' && !otherTypes.has(type ?? '');
}

/** Where the branch is; undefined when there is none. */
async function find({ api, repository }: Place, branch: string, call: Call): Promise<string | undefined> {
  const target = z.object({ target: z.object({ oid }) }).nullable();
  const { repository: found } = await api.graphql(
    { doing: 'look', needs: 'contents:read', answer: z.object({ repository: z.object({ ref: target }) }) },
    {
      query:
        'query Find($owner: String!, $name: String!, $ref: String!) { repository(owner: $owner, name: $name, followRenames: false) { ref(qualifiedName: $ref) { target { oid } } } }',
      variables: { owner: repository.owner, name: repository.name, ref: `refs/heads/${branch}` },
    },
    call,
  );
  return found.ref?.target.oid;
}
