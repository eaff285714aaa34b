import { codeOf } from '../base/error.ts';

const codes: ReadonlySet<string> = new Set(['ConfigInvalid', 'KubeconfigInvalid', 'NotInCluster']);

/** Whether what it was started with is wrong, so that trying again is of no use. */
export function isMisconfigured(thrown: unknown): boolean {
  return codes.has(codeOf(thrown));
}
