import type { Condition } from '../api/meta.ts';
import type { Reason } from '../api/reasons.ts';
import { sentence } from '../base/sentence.ts';
import type { CredentialSeen } from './credential-seen.ts';
import { urgencyOf } from './urgency.ts';

type Said = Pick<Condition, 'type' | 'status' | 'message'> & { readonly reason: Reason };

/** What is said of one Credential. */
type Word = Omit<Said, 'type'>;

/** What the Pipeline says of the Credentials that it names: of each thing the worst, with whose it is when there are several. None without a Credential. */
export function credentialConditions(credentials: readonly CredentialSeen[]): readonly Said[] {
  if (credentials.length === 0) return [];
  const healthy = ({ healthy: status, reason, message }: CredentialSeen): Word => ({
    status,
    reason,
    message,
  });
  return [
    { type: 'CredentialHealthy', ...worstOf(credentials, healthy) },
    { type: 'CredentialExclusive', ...worstOf(credentials, ({ exclusive }) => exclusive) },
  ];
}

function worstOf(credentials: readonly CredentialSeen[], wordOf: (seen: CredentialSeen) => Word): Word {
  const words = credentials.map((seen) => ({ name: seen.name, ...wordOf(seen) }));
  const worst = words.reduce((before, each) => (isWorse(each, before) ? each : before));
  const { status, reason, message } = worst;
  const names = words
    .filter((each) => each.reason === reason && each.message === message)
    .map(({ name }) => name);
  const whose = `Credential${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
  const isNamed = words.length === 1 || message.startsWith(`${whose} `);
  return { status, reason, message: sentence(isNamed ? message : `${whose}: ${message}`) };
}

const rank = { False: 0, Unknown: 1, True: 2 } as const;

function isWorse(one: Word, other: Word): boolean {
  if (one.status !== other.status) return rank[one.status] < rank[other.status];
  // Of the warnings that make Exclusive false, this one is the graver.
  if (one.reason === 'Exposed' || other.reason === 'Exposed') return other.reason !== 'Exposed';
  return urgencyOf(one.reason) < urgencyOf(other.reason);
}
