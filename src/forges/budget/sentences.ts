import { addMs, toTimestamp } from '../../base/time.ts';
import { ForgeError } from '../errors.ts';
import type { Limit } from './windows.ts';

/** Our own count says that the forge's limits of calls that create content are used up. */
export function waitingForContent(wait: {
  readonly host: string;
  readonly act?: string;
  readonly limits: readonly Limit[];
  readonly before: number;
  readonly until: Date;
}): ForgeError {
  const { host, limits, before } = wait;
  const allowed = limits.map(({ calls, ms }) => `${calls} ${spanInWords(ms)}`).join(' and ');
  const queue = before === 0 ? '' : `; ${before} ${before === 1 ? 'act is' : 'acts are'} before it`;
  return waiting(wait, `${host} takes ${allowed} calls of this account that create content${queue}`);
}

/** The forge has asked to wait, or said that nothing is left. */
export function waitingForForge(wait: {
  readonly host: string;
  readonly act?: string | undefined;
  readonly until: Date;
}): ForgeError {
  return waiting(wait, `${wait.host} takes no more calls of this account until then`);
}

function waiting(
  { act, until }: { readonly act?: string | undefined; readonly until: Date },
  why: string,
): ForgeError {
  // Timestamps are cut to seconds, and before that instant it does not go on.
  const shown = toTimestamp(addMs(until, 999));
  return new ForgeError('WaitingForBudget', `${act ?? 'the call'} waits for budget until ${shown}: ${why}`, {
    retryAt: until,
  });
}

function spanInWords(ms: number): string {
  if (ms === 60_000) return 'a minute';
  return ms === 3_600_000 ? 'an hour' : `in ${ms / 1_000} s`;
}
