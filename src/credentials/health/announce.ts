import type { CredentialStatus } from '../../api/credential.ts';
import type { Condition } from '../../api/meta.ts';

/** Something that people should hear of: a Kubernetes Event's content. */
export interface CredentialAnnouncement {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  /** What was being done, as events.k8s.io wants it. */
  readonly action: 'Check';
  readonly note: string;
}

/** What changed from one status to the next, for people: a condition whose reason is another one, or a nearer end. Nothing changed: nothing to say. */
export function announceCredential(
  previous: Pick<CredentialStatus, 'conditions'> | undefined,
  next: Pick<CredentialStatus, 'conditions'>,
): readonly CredentialAnnouncement[] {
  const before = previous?.conditions ?? [];
  return [
    ...(next.conditions ?? []).flatMap((condition) =>
      announce(
        before.find(({ type }) => type === condition.type),
        condition,
      ),
    ),
    ...before
      .filter(({ type }) => type === 'OverPrivileged' && !next.conditions?.some((each) => each.type === type))
      .map(({ reason }) => normal(reason, 'the controller has no right any more that it must not have')),
  ];
}

function announce(
  before: Condition | undefined,
  { type, reason, message }: Condition,
): CredentialAnnouncement[] {
  const isNearer = reason === 'Expiring' && before?.message !== message;
  if (before?.reason === reason && !isNearer) return [];
  // What is not known yet is no news, and neither is that all is well from the start.
  if (reason === 'Unknown' && before === undefined) return [];
  if (fine.has(reason)) {
    const isNews = before !== undefined && before.reason !== 'Unknown';
    return isNews ? [normal(reason, message)] : [];
  }
  return [
    { type: 'Warning', reason, action: 'Check', note: `${type === 'Ready' ? '' : `${type}: `}${message}` },
  ];
}

const fine: ReadonlySet<string> = new Set(['Healthy', 'Exclusive']);

function normal(reason: string, note: string): CredentialAnnouncement {
  return { type: 'Normal', reason, action: 'Check', note };
}
