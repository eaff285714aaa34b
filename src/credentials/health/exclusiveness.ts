import type { CredentialAccess } from '../../api/credential.ts';
import type { Condition } from '../../api/meta.ts';
import type { Reason } from '../../api/reasons.ts';
import { addMs } from '../../base/time.ts';

/** Whether nobody else can take it, and why that is so or not known. */
export interface Exclusiveness {
  readonly status: Condition['status'];
  readonly reason: Extract<Reason, CredentialAccess['verdict']>;
  readonly message: string;
}

/** The auditor writes its time at least hourly: what is older was written by one that runs no more. */
const trustedMs = 3 * 3_600_000;
/** By so much two clocks may differ. */
const aheadMs = 5 * 60_000;

/**
 * What the auditor wrote, as a condition. What it has not looked at for three hours is not believed any more, and what it will have
 * looked at in more than five minutes not at all: that would be believed for as long as somebody likes. What it wrote of another Secret
 * says nothing of this one.
 * @param of the Secret that spec names now
 */
export function exclusivenessOf(
  access: CredentialAccess | undefined,
  of: { readonly secret: string; readonly now: Date },
): Exclusiveness {
  const { secret, now } = of;
  if (access === undefined) {
    const message =
      'no auditor has looked who else can reach the Secret; run one (chart value auditor.enabled)';
    return { status: 'Unknown', reason: 'Unknown', message };
  }
  if (addMs(new Date(access.checkedTime), trustedMs) < now) {
    const message = `no auditor has looked who else can reach the Secret since ${access.checkedTime}; see why it does not run`;
    return { status: 'Unknown', reason: 'Unknown', message };
  }
  if (new Date(access.checkedTime) > addMs(now, aheadMs)) {
    const message = `the auditor's word on who else can reach the Secret is of ${access.checkedTime}, which is yet to come; compare its clock with the controller's, and see who may write credentials/status`;
    return { status: 'Unknown', reason: 'Unknown', message };
  }
  if (access.secret !== secret) {
    const message = `the auditor has not looked yet who else can reach Secret ${secret}; what it wrote is of Secret ${access.secret}`;
    return { status: 'Unknown', reason: 'Unknown', message };
  }
  return { status: statusOf[access.verdict], reason: access.verdict, message: access.message };
}

const statusOf = { Exclusive: 'True', Shared: 'False', Exposed: 'False', Unknown: 'Unknown' } as const;
