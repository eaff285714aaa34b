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

function announce(before: Condition | undefined, condition: Condition): CredentialAnnouncement[] {
  const { type, reason, message } = condition;
  switch (newsOf(before, condition)) {
    case 'Normal':
      return [normal(reason, message)];
    case 'Warning': {
      const note = `${type === 'Ready' ? '' : `${type}: `}${message}`;
      return [{ type: 'Warning', reason, action: 'Check', note }];
    }
    case undefined:
      return [];
  }
}

/** As what people should hear of a condition about a credential that was `before`; `undefined`: nothing is new. */
export function newsOf(
  before: Condition | undefined,
  { reason, message }: Condition,
): 'Normal' | 'Warning' | undefined {
  const isNearer = reason === 'Expiring' && before?.message !== message;
  if (before?.reason === reason && !isNearer) return undefined;
  // What is not known yet is no news, and neither is that all is well from the start.
  if (reason === 'Unknown' && before === undefined) return undefined;
  if (fine.has(reason)) return before === undefined || before.reason === 'Unknown' ? undefined : 'Normal';
  return 'Warning';
}

const fine: ReadonlySet<string> = new Set(['Healthy', 'Exclusive']);

function normal(reason: string, note: string): CredentialAnnouncement {
  return { type: 'Normal', reason, action: 'Check', note };
}
