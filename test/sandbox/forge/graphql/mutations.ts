import { actorOf, type Exchange } from '../exchange.ts';
import { zeroOid } from '../git/objects.ts';
import { workflowBlock } from '../workflows.ts';
import type { MoveProblem } from '../world.ts';
import { demand } from './queries.ts';
import { TypedError } from './typed-error.ts';

interface RefUpdate {
  readonly name: string;
  readonly beforeOid?: string | null;
  readonly afterOid: string;
  readonly force?: boolean | null;
}

/** The root of mutations. */
export function mutationsOf(exchange: Exchange): Record<string, unknown> {
  return {
    updateRefs: async ({
      input,
    }: {
      input: { repositoryId: string; refUpdates: readonly RefUpdate[]; clientMutationId?: string | null };
    }) => {
      const repository = exchange.world.repositories
        .all()
        .find(({ nodeId }) => nodeId === input.repositoryId);
      if (!repository)
        throw new TypedError(
          'NOT_FOUND',
          `Could not resolve to a node with the global id of '${input.repositoryId}'`,
        );
      demand(exchange, repository, 'contents', 'write');
      for (const { name, afterOid: after } of input.refUpdates) {
        const block = await workflowBlock(exchange.caller, repository, {
          before: repository.git.ref(name),
          after,
        });
        if (block !== undefined) throw new TypedError('FORBIDDEN', block);
      }
      const result = await exchange.world.moveRefs(
        repository,
        input.refUpdates.map(({ name, beforeOid, afterOid, force }) => ({
          name,
          ...(beforeOid === null || beforeOid === undefined ? {} : { before: beforeOid }),
          after: afterOid,
          force: force === true,
        })),
        { actor: actorOf(exchange) },
      );
      if ('problem' in result) throw refusal(result.problem);
      return { clientMutationId: input.clientMutationId ?? null };
    },
  };
}

function refusal(problem: MoveProblem): TypedError {
  switch (problem.kind) {
    case 'moved':
      return new TypedError(
        problem.at === zeroOid ? 'UNPROCESSABLE' : 'STALE_DATA',
        `Reference update failed for ${problem.name}: it is at ${problem.at}, which is not what was expected`,
      );
    case 'notFastForward':
      return new TypedError('UNPROCESSABLE', `Update is not a fast forward: ${problem.name}`);
    case 'absent':
      return new TypedError('UNPROCESSABLE', `Reference does not exist: ${problem.name}`);
    case 'noObject':
    case 'noCommit':
      return new TypedError('UNPROCESSABLE', `Object does not exist: ${problem.oid}`);
    case 'badName':
    case 'nameTaken':
      return new TypedError('UNPROCESSABLE', `Reference name is not valid: ${problem.name}`);
    case 'rule':
      return new TypedError('UNPROCESSABLE', `Repository rule violations found\n\n${problem.message}`);
  }
}
