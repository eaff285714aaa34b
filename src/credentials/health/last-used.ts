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

/** What the forge saw within so long of our own use was that use: forges write theirs down late, and their clocks differ. */
const sameUseMs = 15 * 60_000;

/** From when to when something was done again and again; without `to`: until now. */
export interface Span {
  readonly from: Date;
  readonly to?: Date;
}

/** By so much the forge's clock may be behind ours. */
const slackMs = 60_000;

/** Whether the time in status is that of the use, or later; it has whole seconds. */
export function isShown(use: Date, shown: string): boolean {
  return use.getTime() - new Date(shown).getTime() < 1_000;
}

/**
 * When a credential was last used, by whose word: our own last call that was accepted, or a use that the forge saw clearly later,
 * which was somebody else's.
 *
 * @param asking when we asked the forge about it every ten minutes: that is a use to the forge, which tells the last one alone, so
 * that nothing can be told of others' uses in that time
 */
export function lastUsedOf(
  {
    written,
    writtenAt,
    now,
    asking,
  }: {
    readonly written: LastUsed;
    readonly writtenAt: Date | undefined;
    readonly now: Date;
    readonly asking: readonly Span[];
  },
  ours: Use | undefined,
  forges: ForgeLastUsed | undefined,
): LastUsed {
  const own = ours === undefined || now < showUseAt(ours, written, writtenAt) ? written : ownUse(ours);
  if (forges === undefined || asking.some((span) => isWithin(forges.time, span))) return own;
  const known = own === undefined ? undefined : new Date(own.time);
  if (known !== undefined && forges.time <= addMs(known, sameUseMs)) return own;
  return {
    time: toTimestamp(forges.time),
    source: 'Forge',
    precision: sentence(forges.precision, 64),
  };
}

function isWithin(time: Date, { from, to }: Span): boolean {
  return addMs(from, -slackMs) <= time && (to === undefined || time <= addMs(to, slackMs));
}

function ownUse({ time, by }: Use): LastUsed {
  return {
    time: toTimestamp(time),
    by: sentence(by),
    source: 'Controller',
    precision: '1 min, by our own clock',
  };
}
