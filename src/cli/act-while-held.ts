import type { CodedError } from '../base/error.ts';
import type { Leadership } from '../kube/leader/leadership.ts';
import type { Reconcilers } from './reconcilers.ts';

interface Acting {
  readonly lost: Leadership['lost'];
  readonly asked: AbortSignal;
  readonly reconcilers: Pick<Reconcilers, 'start' | 'abort'>;
  /** Told right before they start. */
  readonly onLeading: () => void;
}

/**
 * Starts the passes, unless leadership is lost already. Resolves when it is asked to stop, and leaves it to the caller to end them;
 * rejects with LeadershipLost. Whenever leadership is lost, be it while they are being ended, they are aborted at once: another replica
 * may act from then on.
 */
export async function actWhileHeld({ lost, asked, reconcilers, onLeading }: Acting): Promise<void> {
  lost.throwIfAborted();
  const onLost = (): void => reconcilers.abort(lost.reason as CodedError); // see Leadership.lost
  lost.addEventListener('abort', onLost, { once: true });
  onLeading();
  reconcilers.start();
  await anyOf(asked, lost);
  lost.throwIfAborted();
}

/** Resolves when one of them is aborted. */
async function anyOf(...signals: readonly AbortSignal[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of signals) {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  }
  await promise;
}
