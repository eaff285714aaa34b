/**
 * Milliseconds that a server asks to wait, from the Retry-After of its answer: a number of seconds, or a date. Undefined when it names
 * none, none that can be read, or no time to come.
 * @param date the answer's own date: clocks differ, and what counts is the time between the two
 * @param now milliseconds since 1970, for an answer that has no date
 */
export function retryAfterMs(
  said: string | undefined,
  date: string | undefined,
  now: number,
): number | undefined {
  if (said === undefined) return undefined;
  const ms = /^\d+$/.test(said) ? Number(said) * 1000 : instant(said) - (instant(date ?? '') || now);
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}

/** NaN for what is no date of HTTP. Without the zone that all of those carry, Date.parse would take one for local time. */
function instant(text: string): number {
  return text.endsWith(' GMT') ? Date.parse(text) : Number.NaN;
}
