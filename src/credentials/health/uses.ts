import type { Reason } from '../../api/reasons.ts';
import { addMs, type Clock } from '../../base/time.ts';
import { isRefusedOutright } from '../problem.ts';
import { showEveryMs, type Use } from './use.ts';

/** What the forge last said of a credential, by uses and by probes. */
export interface Health {
  /** Whether it is good for every repository that it was used for. */
  readonly good: boolean;
  /** Whether the forge takes it for any of them. */
  readonly taken: boolean;
  readonly reason: Reason;
  readonly message: string;
}

/** What was being done when the forge said it. */
export type Doing = 'reading' | 'writing';

/** How one Pipeline used one credential. */
interface UsedBy {
  readonly usedAt: Date;
  /** When that was told, or will be. */
  readonly toldAt: Date;
}

/** What the forge last said of it for one repository. */
interface Said {
  readonly good: boolean;
  readonly reason: Reason;
  readonly message: string;
  readonly doing: Doing;
  readonly at: Date;
  /** When a write was last accepted, unless it was refused since. */
  readonly provenAt: Date | undefined;
}

/**
 * A write that was refused, and not tried again for so long, is nobody's any more: who still wants it tries again within two minutes. What was
 * refused otherwise is asked about until the forge says something else.
 */
const refusedWriteTtlMs = 5 * 60_000;

/**
 * What is known of the use of credentials since the process started; credentials and pipelines are named `namespace/name`, repositories `owner/name`. Health is kept
 * for each repository, so that two that fare differently do not take each other's word back.
 */
export class Uses {
  readonly #byCredential = new Map<string, Use>();
  /** How each Pipeline used each Credential. */
  readonly #byPipeline = new Map<string, Map<string, UsedBy>>();
  readonly #said = new Map<string, Map<string, Said>>();
  readonly #clock: Clock;
  readonly #changed: (credential: string, afterMs: number) => void;

  /** @param changed is told of a credential whose status may have to say something else after so long, 0 for now */
  constructor(clock: Clock, changed: (credential: string, afterMs: number) => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Of all that one Pipeline does with a credential within a minute, it is told once. */
  note(credential: string, pipeline: string, use: Use): void {
    this.#byCredential.set(credential, use);
    const times = this.#byPipeline.get(pipeline) ?? new Map<string, UsedBy>();
    const now = this.#clock.now();
    const { toldAt: before } = times.get(credential) ?? {};
    const isToCome = before !== undefined && before > now;
    const waitMs =
      before === undefined ? 0 : Math.max(0, addMs(before, showEveryMs).getTime() - now.getTime());
    const toldAt = isToCome ? before : addMs(now, waitMs);
    this.#byPipeline.set(pipeline, times.set(credential, { usedAt: use.time, toldAt }));
    if (!isToCome) this.#changed(credential, waitMs);
  }

  /** The forge took it for this repository. Who may read may still lack the right to write: that stands until a write succeeds. */
  accepted(credential: string, repository: string, doing: Doing): void {
    const before = this.#said.get(credential)?.get(nameOf(repository));
    if (before?.reason === 'PermissionsMissing' && before.doing === 'writing' && doing === 'reading') return;
    const word = { good: true, reason: 'Healthy', message: 'the forge accepts it' } as const;
    this.#keep(credential, repository, { ...word, doing });
  }

  /** The forge did not take it for this repository, for a reason that is the credential's own. */
  refused(
    credential: string,
    repository: string,
    doing: Doing,
    { reason, message }: { readonly reason: Reason; readonly message: string },
  ): void {
    this.#keep(credential, repository, { good: false, reason, message, doing });
  }

  /** A repetition of the same changes nothing. */
  #keep(credential: string, repository: string, word: Omit<Said, 'at' | 'provenAt'>): void {
    const before = this.healthOf(credential);
    const now = this.#clock.now();
    const said = this.#said.get(credential) ?? new Map<string, Said>();
    this.#said.set(credential, said);
    // A token that is taken anywhere is a token.
    if (word.good) for (const [where, { reason }] of said) if (reason === 'Revoked') said.delete(where);
    // And one that is not known any more is none anywhere.
    if (word.reason === 'Revoked')
      for (const [where, each] of said) if (!isRefusedOutright(each)) said.delete(where);
    const proven = word.doing === 'writing' ? now : said.get(nameOf(repository))?.provenAt;
    said.set(nameOf(repository), { ...word, at: now, provenAt: word.good ? proven : undefined });
    const after = this.healthOf(credential);
    if (before?.reason !== after?.reason || before?.message !== after?.message) this.#changed(credential, 0);
  }

  of(credential: string): Use | undefined {
    return this.#byCredential.get(credential);
  }

  /** When the forge last took it, for any repository that it has not refused it for since. */
  acceptedAt(credential: string): Date | undefined {
    const said = [...(this.#said.get(credential)?.values() ?? [])];
    const times = said.filter(({ good }) => good).map(({ at }) => at.getTime());
    return times.length === 0 ? undefined : new Date(Math.max(...times));
  }

  /** When the forge last took a write to this repository, unless it has refused it for it since. Who reads may have lost the right to write. */
  provenAt(credential: string, repository: string): Date | undefined {
    return this.#said.get(credential)?.get(nameOf(repository))?.provenAt;
  }

  /** When this Pipeline last used it. */
  usedBy(credential: string, pipeline: string): Date | undefined {
    return this.#byPipeline.get(pipeline)?.get(credential)?.usedAt;
  }

  /** The worst that was said, of one repository or of all; of equals the first by name. */
  healthOf(credential: string, repository?: string): Health | undefined {
    const asked = repository === undefined ? undefined : nameOf(repository);
    const expired = addMs(this.#clock.now(), -refusedWriteTtlMs);
    const isNobodys = ({ good, doing, at }: Said): boolean => !good && doing === 'writing' && at <= expired;
    const all = [...(this.#said.get(credential) ?? [])]
      .filter(([where, said]) => (asked ?? where) === where && !isNobodys(said))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, said]) => said);
    const worst = all.find(({ good }) => !good) ?? all[0];
    if (worst === undefined) return undefined;
    const { good, reason, message } = worst;
    return { good, reason, message, taken: all.some((each) => !isRefusedOutright(each)) };
  }

  forgetCredential(credential: string): void {
    this.#byCredential.delete(credential);
    this.forgetHealth(credential);
  }

  /** What the forge said was of another Secret. */
  forgetHealth(credential: string): void {
    this.#said.delete(credential);
  }

  /** What the forge said of other repositories is nothing to the credential any more. */
  forgetOtherRepositories(credential: string, repositories: readonly string[]): void {
    const said = this.#said.get(credential);
    const kept = new Set(repositories.map(nameOf));
    for (const where of said?.keys() ?? []) if (!kept.has(where)) said?.delete(where);
  }

  forgetPipeline(pipeline: string): void {
    this.#byPipeline.delete(pipeline);
  }
}

/** Forges take names in any case. */
function nameOf(repository: string): string {
  return repository.toLowerCase();
}
