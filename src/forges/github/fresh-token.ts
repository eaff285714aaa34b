import { jittered, sleep } from '../../base/time.ts';
import { isForgeError } from '../errors.ts';

/** How long after its minting a token may still be unknown somewhere. */
const freshMs = 5_000;
/** Before each further attempt; together they stay within `freshMs`. */
const waitsMs = [100, 300, 800, 1_600];

/**
 * Runs `work`, and again after short growing waits while it fails with Unauthorized or NotFound and the token was minted in the last
 * five seconds: at most five times. Such an answer had no effect, so writes may pass through here too.
 * @param mintedAt absent: the token is old, and one answer is believed
 */
export async function retryWhileFresh<T>(
  {
    mintedAt,
    now,
    signal,
  }: { readonly mintedAt?: Date | undefined; readonly now: () => Date; readonly signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (thrown) {
      const waitMs = waitsMs[attempt];
      if (mintedAt === undefined || waitMs === undefined || !mayPass(thrown)) throw thrown;
      if (now().getTime() - mintedAt.getTime() > freshMs) throw thrown;
      await sleep(jittered(waitMs, 0.3), signal);
    }
  }
}

function mayPass(thrown: unknown): boolean {
  return isForgeError(thrown) && (thrown.code === 'Unauthorized' || thrown.code === 'NotFound');
}
