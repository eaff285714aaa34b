import type { KubeError } from '../kube/errors.ts';
import { longestStaleMs, type ReflectorFacts } from '../telemetry/health.ts';
import { rbacKinds } from './rbac-kinds.ts';

const ofRbac = new Set(rbacKinds.map(({ resource }) => resource.plural));

/** Why an audit cannot be believed by what it is made of, as a sentence; undefined when it can. */
export function doubtOf(reflectors: readonly ReflectorFacts[]): string | undefined {
  if (reflectors.some(({ resource, refused }) => ofRbac.has(resource) && refused > 0))
    return 'a role or binding cannot be read: see the log of the auditor';
  const behind = reflectors.find(
    ({ isPermitted, isServed, staleMs }) => !isPermitted || !isServed || staleMs >= longestStaleMs,
  );
  // Rights may have been given since that it does not hear of.
  return behind === undefined
    ? undefined
    : `the auditor does not hear of changes of ${behind.resource} any more: see its log, and whether its ClusterRole is as the chart has it`;
}

/** Why it cannot be told that nobody else is let in, as a sentence: the API server answered no SubjectAccessReview. */
export function noReview({ code }: Pick<KubeError, 'code'>): string {
  const next =
    code === 'Forbidden'
      ? "see whether the auditor's ClusterRole is as the chart has it"
      : 'see the log of the auditor';
  return `no rule lets in anybody else, and the API server does not say whether anything else does (SubjectAccessReview: ${code}); ${next}`;
}
