import type { Credential } from '../api/credential.ts';
import type { Condition } from '../api/meta.ts';
import { promotionInto, type PipelineSpec } from '../api/pipeline.ts';
import { isReason, type Reason } from '../api/reasons.ts';

/** Whether nobody but the controller can reach the credential's Secret, as the Credential says. */
interface CredentialExclusive {
  readonly status: Condition['status'];
  readonly reason: 'Exclusive' | 'Shared' | 'Exposed' | 'Unknown';
  readonly message: string;
}

/** What is known of the Credential that a Pipeline's pull requests are made with. */
export interface CredentialSeen {
  readonly name: string;
  readonly owner?: string;
  readonly valid: 'True' | 'False' | 'Unknown';
  /** Whether it is ready to promote with: valid, and with all it needs. */
  readonly healthy: 'True' | 'False' | 'Unknown';
  readonly expiryTime?: string;
  /** When this Pipeline last used it. */
  readonly lastUsed?: Date | undefined;
  readonly reason: Reason;
  readonly message: string;
  /** Whether nobody else can reach its Secret. */
  readonly exclusive: CredentialExclusive;
}

/** The Credentials that a Pipeline names for what is promoted, in the order of its environments, each once. */
export function credentialNames(spec: PipelineSpec): readonly string[] {
  const strategies = spec.environments
    .slice(1)
    .map((environment) => promotionInto(spec, environment).pullRequest)
    .filter((each) => each !== undefined);
  return [...new Set(strategies.map(({ credentialRef }) => credentialRef.name))];
}

/**
 * What a Credential says of itself, as far as a Pipeline shows it.
 *
 * @param credential as the cache holds it; `undefined`: there is none of this name
 */
export function credentialSeen(name: string, credential: Credential | undefined): CredentialSeen {
  if (credential === undefined) {
    return {
      name,
      valid: 'Unknown',
      healthy: 'False',
      reason: 'CredentialNotFound',
      message: `Credential ${name} does not exist; create it or correct credentialRef`,
      exclusive: { status: 'Unknown', reason: 'Unknown', message: `Credential ${name} does not exist` },
    };
  }
  const { status } = credential;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return {
    name,
    ...(status?.owner === undefined ? {} : { owner: status.owner.login }),
    valid: status?.valid ?? 'Unknown',
    healthy: ready?.status ?? 'Unknown',
    ...(status?.expiryTime === undefined ? {} : { expiryTime: status.expiryTime }),
    reason: ready !== undefined && isReason(ready.reason) ? ready.reason : 'Unknown',
    message: ready?.message ?? 'the forge has not been asked yet',
    exclusive: exclusiveSeen(status?.conditions),
  };
}

function exclusiveSeen(conditions: readonly Condition[] | undefined): CredentialSeen['exclusive'] {
  const said = conditions?.find(({ type }) => type === 'Exclusive');
  const reason = exclusiveReasons.find((each) => each === said?.reason);
  if (said === undefined || reason === undefined)
    return { status: 'Unknown', reason: 'Unknown', message: 'it has not been looked at yet' };
  return { status: said.status, reason, message: said.message };
}

const exclusiveReasons = ['Exclusive', 'Shared', 'Exposed', 'Unknown'] as const;
