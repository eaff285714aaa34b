import type { CredentialStatus } from '../api/credential.ts';
import { sentence } from '../base/sentence.ts';
import { addMs, toTimestamp } from '../base/time.ts';
import type { ForgeLastUsed } from '../forges/forge.ts';
import type { Use } from './uses.ts';

type LastUsed = CredentialStatus['lastUsed'];

/** A time alone is not worth a write more often than this. */
export const lastUsedEveryMs = 60_000;

/** What the forge saw within so long of our own use was that use: forges write theirs down late, and their clocks differ. */
const sameUseMs = 15 * 60_000;

/**
 * When a credential was last used, by whose word: our own last call that was accepted, or a use that the forge saw clearly later,
 * which was somebody else's.
 */
export function lastUsedOf(
  written: LastUsed,
  ours: Use | undefined,
  forges: ForgeLastUsed | undefined,
): LastUsed {
  const own = ours === undefined ? written : ownUse(written, ours);
  if (forges === undefined) return own;
  const known = own === undefined ? undefined : new Date(own.time);
  if (known !== undefined && forges.time <= addMs(known, sameUseMs)) return own;
  return {
    time: toTimestamp(forges.time),
    source: 'Forge',
    precision: sentence(forges.precision, 64),
  };
}

function ownUse(written: LastUsed, use: Use): LastUsed {
  const by = sentence(use.by);
  const young =
    written !== undefined && use.time.getTime() - new Date(written.time).getTime() < lastUsedEveryMs;
  if (young && written.by === by) return written;
  return { time: toTimestamp(use.time), by, source: 'Controller', precision: '1 min, by our own clock' };
}
