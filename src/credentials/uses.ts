import type { Reason } from '../api/reasons.ts';

/** Who used a credential, and when. */
export interface Use {
  readonly time: Date;
  /** `namespace/pipeline environment` */
  readonly by: string;
}

/** What the forge last said of a credential, by a use or by a probe. */
export interface Health {
  readonly good: boolean;
  readonly reason: Reason;
  readonly message: string;
}

/** What was being done when the forge said it. */
export type Doing = 'reading' | 'writing';

/** What is known of the use of credentials since the process started; credentials and pipelines are named `namespace/name`. */
export class Uses {
  readonly #byCredential = new Map<string, Use>();
  readonly #byPipeline = new Map<string, Date>();
  readonly #health = new Map<string, Health & { readonly doing: Doing }>();
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

  /** The forge took it. Who may read may still lack the right to write: that stands until a write succeeds. */
  accepted(credential: string, doing: Doing): void {
    const before = this.#health.get(credential);
    if (before?.reason === 'PermissionMissing' && before.doing === 'writing' && doing === 'reading') return;
    this.#keep(credential, { good: true, reason: 'CredentialReady', message: 'the forge accepts it', doing });
  }

  /** The forge did not take it, for a reason that is the credential's own. */
  refused(
    credential: string,
    doing: Doing,
    why: { readonly reason: Reason; readonly message: string },
  ): void {
    this.#keep(credential, { good: false, reason: why.reason, message: why.message, doing });
  }

  /** A repetition of the same changes nothing. */
  #keep(credential: string, health: Health & { readonly doing: Doing }): void {
    const before = this.#health.get(credential);
    this.#health.set(credential, health);
    if (before?.reason !== health.reason || before.message !== health.message) this.#changed(credential);
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
    this.forgetHealth(credential);
  }

  /** What the forge said was of another Secret. */
  forgetHealth(credential: string): void {
    this.#health.delete(credential);
  }

  forgetPipeline(pipeline: string): void {
    this.#byPipeline.delete(pipeline);
  }
}
