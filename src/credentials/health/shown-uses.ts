import { addMs } from '../../base/time.ts';
import { pipelineOf, showEveryMs } from './use.ts';

/** When uses were last written into the status of a Credential, for each Pipeline that it was used by. */
export class ShownUses {
  readonly #byCredential = new Map<string, Map<string, Date>>();

  /** @param by whose use is shown now, as in `Use`; nobody's of ours: nothing to keep */
  wrote(credential: string, by: string | undefined, now: Date): void {
    if (by === undefined) return;
    const times = this.#byCredential.get(credential) ?? new Map<string, Date>();
    this.#byCredential.set(credential, times.set(pipelineOf(by), now));
    // What may be shown anew is as good as never shown: a Pipeline that is gone leaves nothing behind.
    for (const [pipeline, at] of times) if (addMs(at, showEveryMs) <= now) times.delete(pipeline);
  }

  /** Absent: not within the last minute. */
  at(credential: string, by: string): Date | undefined {
    return this.#byCredential.get(credential)?.get(pipelineOf(by));
  }

  forget(credential: string): void {
    this.#byCredential.delete(credential);
  }
}
