import type { Credential } from '../../api/credential.ts';
import { isSameJson } from '../../base/same-json.ts';

/** Whether a Pipeline that uses this Credential finds the same in it: all but when it was last used, checked and audited, and what is left of the limit. */
export function looksSame(before: Credential, after: Credential): boolean {
  return isSameJson(withoutTimes(before), withoutTimes(after));
}

function withoutTimes({ metadata, spec, status }: Credential): unknown {
  const { lastUsed: _used, checkedTime: _checked, rate: _rate, access: _access, ...rest } = status ?? {};
  const { uid, deletionTimestamp } = metadata;
  return { uid, deletionTimestamp, spec, status: rest };
}
