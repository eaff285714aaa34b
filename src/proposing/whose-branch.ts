import type { Head } from '../forges/forge.ts';
import { branchOf, readTrailers, type Promotion } from './proposal.ts';
import { refused, type Refused } from './refused.ts';

/**
 * A head is ours when it was recorded before the branch moved, or when the forge vouches that our own account made it for us.
 * @param recorded commits of ours that the branch may be at
 */
export function whyNotOurs(
  head: Head,
  promotion: Promotion,
  recorded: readonly string[],
  login: string,
): Refused | undefined {
  if (recorded.includes(head.commit)) return undefined;
  const branch = branchOf(promotion);
  const claims = readTrailers(head.message);
  const { namespace, pipeline, environment, instance } = promotion;
  if (claims.instance !== undefined && claims.instance !== instance) {
    return refused(
      'OwnedByOtherInstance',
      `branch ${branch} belongs to installation ${claims.instance}; delete it there or rename the Pipeline`,
    );
  }
  const claimed =
    claims.instance === instance && claims.environment === `${namespace}/${pipeline}/${environment}`;
  if (claimed && head.verified && head.authorLogin === login) return undefined;
  return refused(
    'BranchTampered',
    `branch ${branch} is at ${head.commit.slice(0, 12)}, which we did not make; merge or delete it`,
  );
}
