import { codeOf } from '../base/error.ts';

/** What a pass may ask for. */
export interface Result {
  /** Look again after so long; undefined: when something happens. */
  readonly requeueAfterMs?: number | undefined;
}

/** How a pass ended. */
export type PassEnd =
  | { readonly kind: 'returned'; readonly result: Result }
  | { readonly kind: 'threw'; readonly thrown: unknown; readonly isStopping: boolean };

/** What happens to the key of a pass that ended. */
export type Disposition =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'after'; readonly ms: number }
  | { readonly kind: 'soon' }
  | { readonly kind: 'backoff'; readonly notBeforeMs: number }
  | { readonly kind: 'dropped' };

const byCode: ReadonlyMap<string, 'soon' | 'dropped' | 'droppedWhileStopping'> = new Map([
  ['Conflict', 'soon'],
  ['LeadershipLost', 'dropped'],
  ['AbortError', 'droppedWhileStopping'],
]);

/** A server that asks for more is asked again after this all the same: a key must not be quiet for ever. */
const longestAskedMs = 3_600_000;

/**
 * The table of dispositions.
 *
 * | the pass                        | disposition | the key comes again                           | failures in a row | told of as |
 * | ------------------------------- | ----------- | --------------------------------------------- | ----------------- | ---------- |
 * | returned                        | nothing     | when it is added                              | none any more     | ok         |
 * | returned `requeueAfterMs`       | after       | after that, or when it is added               | none any more     | requeued   |
 * | threw LeadershipLost            | dropped     | never here: another is the leader             | as they were      | –          |
 * | threw AbortError, as we stop    | dropped     | never here: the next process lists all keys   | as they were      | –          |
 * | threw Conflict                  | soon        | in a fraction of a second: the cache is behind | as they were; the fourth in a row is one more | failed     |
 * | threw what has a `retryAfterMs` | backoff     | after its backoff, and not before that        | one more          | failed     |
 * | threw anything else             | backoff     | after its backoff                             | one more          | failed     |
 *
 * What has a `retryAfterMs` is TooManyRequests or Unavailable from an API server, say; anything else is also the TimeoutError of the
 * pass's own deadline, an AbortError that nobody asked for, and what is no error at all. Throws nothing.
 */
export function dispositionOf(end: PassEnd): Disposition {
  if (end.kind === 'returned') {
    const { requeueAfterMs } = end.result;
    return requeueAfterMs === undefined ? { kind: 'nothing' } : { kind: 'after', ms: requeueAfterMs };
  }
  try {
    return dispositionOfThrown(end.thrown, end.isStopping);
  } catch {
    // It threw when it was asked for its code, say: that makes it anything else.
    return { kind: 'backoff', notBeforeMs: 0 };
  }
}

function dispositionOfThrown(thrown: unknown, isStopping: boolean): Disposition {
  const known = byCode.get(codeOf(thrown));
  if (known === 'dropped' || (known === 'droppedWhileStopping' && isStopping)) return { kind: 'dropped' };
  const notBeforeMs = askedMs(thrown);
  return known === 'soon' && notBeforeMs === 0 ? { kind: 'soon' } : { kind: 'backoff', notBeforeMs };
}

function askedMs(thrown: unknown): number {
  if (typeof thrown !== 'object' || thrown === null || !('retryAfterMs' in thrown)) return 0;
  const { retryAfterMs } = thrown;
  return typeof retryAfterMs === 'number' && retryAfterMs > 0 ? Math.min(longestAskedMs, retryAfterMs) : 0;
}
