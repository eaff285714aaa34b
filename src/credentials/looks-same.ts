import type { Credential } from '../api/credential.ts';
import { isSameJson } from '../base/same-json.ts';

/** Whether a Pipeline that uses this Credential finds the same in it: all but when it was last used and checked. */
export function looksSame(before: Credential, after: Credential): boolean {
  return isSameJson(withoutTimes(before), withoutTimes(after));
}

function withoutTimes({ metadata, spec, status }: Credential): unknown {
  const { lastUsed: _used, checkedTime: _checked, ...rest } = status ?? {};
  const { uid, deletionTimestamp } = metadata;
  return { uid, deletionTimestamp, spec, status: rest };
}
