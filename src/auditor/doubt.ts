import { longestStaleMs, type ReflectorFacts } from '../telemetry/health.ts';

/**
 * Why an audit cannot be believed by what it is made of, as a sentence; undefined when it can.
 * @param hasUnreadable whether some object of RBAC could not be read
 */
export function doubtOf(reflectors: readonly ReflectorFacts[], hasUnreadable: boolean): string | undefined {
  if (hasUnreadable) return 'a role or binding cannot be read: see the log of the auditor';
  const behind = reflectors.find(
    ({ isPermitted, isServed, staleMs }) => !isPermitted || !isServed || staleMs >= longestStaleMs,
  );
  // Rights may have been given since that it does not hear of.
  return behind === undefined
    ? undefined
    : `the auditor does not hear of changes of ${behind.resource} any more: see its log, and whether its ClusterRole is as the chart has it`;
}
