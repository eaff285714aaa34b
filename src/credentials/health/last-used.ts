import type { CredentialStatus } from '../../api/credential.ts';
import { sentence } from '../../base/sentence.ts';
import { addMs, toTimestamp } from '../../base/time.ts';
import type { ForgeLastUsed } from '../../forges/identity.ts';
import { pipelineOf, showEveryMs, type Use } from './use.ts';

type LastUsed = CredentialStatus['lastUsed'];

/**
 * When a later use may be shown: a minute after the last one was.
 *
 * @param shown the time that status shows
 * @param shownAt when that was written; absent when an earlier process did, so that the time itself must do
 */
export function showAgainAt(shown: string, shownAt: Date | undefined): Date {
  const time = new Date(shown);
  return addMs(shownAt === undefined || shownAt < time ? time : shownAt, showEveryMs);
}

/**
 * When a use may be shown: at once, but for a Pipeline whose last one was shown within the minute. Who uses it in turns with another is
 * shown no more often than alone.
 *
 * @param written what status shows
 * @param writtenAt when a use by the same Pipeline was last written; absent: not since the process started
 */
export function showUseAt(use: Use, written: LastUsed, writtenAt: Date | undefined): Date {
  if (written?.by !== undefined && pipelineOf(written.by) === pipelineOf(use.by))
    return showAgainAt(written.time, writtenAt);
  return writtenAt === undefined ? use.time : addMs(writtenAt, showEveryMs);
}

/** Whether the time in status is that of the use, or later; it has whole seconds. */
export function isShown(use: Date, shown: string): boolean {
  return use.getTime() - new Date(shown).getTime() < 1_000;
}

/**
 * When a credential was last used, by whose word: our own last call that was accepted, or a later use by somebody else that the forge saw.
 * That one stays until there is a later one, though the forge, which tells the last alone, does not repeat it after our next check.
 *
 * @param byOthers what the forge saw, where it was not one of our own calls
 */
export function lastUsedOf(
  {
    written,
    writtenAt,
    now,
  }: {
    readonly written: LastUsed;
    readonly writtenAt: Date | undefined;
    readonly now: Date;
  },
  ours: Use | undefined,
  byOthers: ForgeLastUsed | undefined,
): LastUsed {
  const isOld = ours === undefined || (written !== undefined && isShown(ours.time, written.time));
  const known = isOld || now < showUseAt(ours, written, writtenAt) ? written : ownUse(ours);
  if (byOthers === undefined) return known;
  if (known !== undefined && isShown(byOthers.time, known.time)) return known;
  return {
    time: toTimestamp(byOthers.time),
    source: 'Forge',
    precision: sentence(byOthers.precision, 64),
  };
}

function ownUse({ time, by }: Use): LastUsed {
  return {
    time: toTimestamp(time),
    by: sentence(by),
    source: 'Controller',
    precision: '1 min, by our own clock',
  };
}
