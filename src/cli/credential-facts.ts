import type { Credential } from '../api/credential.ts';
import { earliest } from '../base/time.ts';
import type { CredentialFacts } from '../telemetry/health.ts';

/** How Credentials fare, by what their statuses say. */
export function credentialFactsOf(credentials: Iterable<Credential>, now: Date): CredentialFacts {
  const reasons: Record<string, number> = {};
  const ends: Date[] = [];
  for (const { status } of credentials) {
    const reason = status?.conditions?.find(({ type }) => type === 'Ready')?.reason ?? 'Unknown';
    reasons[reason] = (reasons[reason] ?? 0) + 1;
    const end = status?.expiryTime === undefined ? undefined : new Date(status.expiryTime);
    if (end !== undefined && end > now) ends.push(end);
  }
  const firstExpiry = earliest(ends);
  return { reasons, ...(firstExpiry === undefined ? {} : { firstExpiry }) };
}
