import type { Reason } from '../api/reasons.ts';

/** Who used a credential, and when. */
export interface Use {
  readonly time: Date;
  /** `namespace/pipeline environment` */
  readonly by: string;
}

/** What the forge last said of a credential, by a use or by a probe. */
export interface Health {
  readonly valid: boolean;
  readonly reason: Reason;
  readonly message: string;
}

/** What is known of the use of credentials since the process started; credentials and pipelines are named `namespace/name`. */
export class Uses {
  readonly #byCredential = new Map<string, Use>();
  readonly #byPipeline = new Map<string, Date>();
  readonly #health = new Map<string, Health>();
  readonly #changed: (credential: string) => void;

  /** @param changed is told of a credential whose status may have to say something else now */
  constructor(changed: (credential: string) => void) {
    this.#changed = changed;
  }

  note(credential: string, pipeline: string, use: Use): void {
    this.#byCredential.set(credential, use);
    this.#byPipeline.set(pipeline, use.time);
    this.#changed(credential);
  }

  /** Keeps what the forge said; a repetition of the same changes nothing. */
  noteHealth(credential: string, health: Health): void {
    const before = this.#health.get(credential);
    if (
      before?.valid === health.valid &&
      before.reason === health.reason &&
      before.message === health.message
    )
      return;
    this.#health.set(credential, health);
    this.#changed(credential);
  }

  of(credential: string): Use | undefined {
    return this.#byCredential.get(credential);
  }

  ofPipeline(pipeline: string): Date | undefined {
    return this.#byPipeline.get(pipeline);
  }

  healthOf(credential: string): Health | undefined {
    return this.#health.get(credential);
  }

  forgetCredential(credential: string): void {
    this.#byCredential.delete(credential);
    this.#health.delete(credential);
  }

  forgetPipeline(pipeline: string): void {
    this.#byPipeline.delete(pipeline);
  }
}
