import type { RevisionStatus, TargetStatus } from '../api/pipeline-status.ts';
import type { Revision } from '../base/revision.ts';
import { sentence } from '../base/sentence.ts';
import { toTimestamp } from '../base/time.ts';
import type { Memory } from '../engines/engine.ts';
import type { TargetSeen } from './observation.ts';

/** Bounds of the schema: one member over its bound and the whole status is refused. */
const maxVersionBytes = 128;
const maxDigestBytes = 80;
const maxAttemptedBytes = 96;

export function revisionStatus({ version, digest, key }: Revision): RevisionStatus {
  const shown = digest !== undefined && Buffer.byteLength(digest) <= maxDigestBytes ? { digest } : {};
  return { version: sentence(version, maxVersionBytes), ...shown, key };
}

const verdicts: Record<TargetSeen['state']['kind'], TargetStatus['verdict']> = {
  good: 'Good',
  bad: 'Bad',
  waiting: 'Waiting',
  kept: 'Waiting',
  held: 'Held',
  unknown: 'Unknown',
  missing: 'Missing',
  notAllowed: 'Unreadable',
  noEngine: 'Unreadable',
  notPromotable: 'Unreadable',
};

/** What a target runs, and what is to be remembered of it. */
export function targetStatus({ name, state, memory }: TargetSeen): TargetStatus {
  const remembered = memory?.verdict === 'wait' ? undefined : memory?.revision;
  const revision = remembered ?? ('revision' in state ? state.revision : undefined);
  return {
    name,
    verdict: verdicts[state.kind],
    message: sentence(state.message),
    ...(revision === undefined ? {} : { revision: revisionStatus(revision) }),
    ...(memory === undefined ? {} : memoryStatus(memory)),
  };
}

const lastVerdicts = { good: 'Good', bad: 'Bad', wait: 'Waiting' } as const satisfies Record<
  Memory['verdict'],
  string
>;

function memoryStatus(
  memory: Memory,
): Pick<TargetStatus, 'last' | 'since' | 'uid' | 'generation' | 'attempted'> {
  // Longer than any version: what cannot be kept whole is not remembered.
  if (Buffer.byteLength(memory.attempted) > maxAttemptedBytes) return {};
  return {
    last: lastVerdicts[memory.verdict],
    since: toTimestamp(memory.since),
    uid: memory.uid,
    generation: memory.generation,
    attempted: memory.attempted,
  };
}

/** What `targetStatus` wrote, as the memory of the next pass; undefined where it holds none. */
export function memoryOf(status: TargetStatus | undefined): Memory | undefined {
  const { last, since, uid, generation, attempted, revision, message = '' } = status ?? {};
  if (last === undefined || since === undefined || uid === undefined) return undefined;
  if (generation === undefined || attempted === undefined) return undefined;
  const attempt = { uid, generation, attempted, since: new Date(since), message };
  if (last === 'Waiting') return { verdict: 'wait', ...attempt };
  if (revision === undefined) return undefined;
  const { version, digest, key } = revision;
  return {
    verdict: last === 'Good' ? 'good' : 'bad',
    revision: { version, ...(digest === undefined ? {} : { digest }), key },
    ...attempt,
  };
}
