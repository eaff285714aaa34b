import type { CredentialAccess } from '../api/credential.ts';
import { isSameJson } from '../base/same-json.ts';
import { toTimestamp, type Clock } from '../base/time.ts';
import type { Result } from '../kube/disposition.ts';
import { isKubeError, type KubeError } from '../kube/errors.ts';
import { isOlder } from '../kube/resource-version.ts';
import { accessStatusOf, type Answer, type Audited } from './access-status.ts';
import { secretNameOf, type AuditedCredential } from './audited.ts';
import { dependenceOf, type Dependence } from './concerned.ts';
import type { CrossCheck, CrossChecked } from './cross-check.ts';
import { noReview } from './doubt.ts';
import type { AccessReport } from './report.ts';

/** A Credential with what stands in its status now. */
export interface Writable {
  readonly metadata: AuditedCredential['metadata'];
  readonly secret: string;
  readonly before: CredentialAccess | undefined;
}

/** What one pass found. */
export interface Found {
  readonly answer: Answer;
  readonly report: AccessReport;
}

export interface AccessReconcilerParts {
  readonly credential: (key: string) => AuditedCredential | undefined;
  readonly controller: Audited['controller'];
  /** Who can reach a Secret, as far as RBAC says. */
  readonly audit: (of: Audited) => AccessReport;
  /** Why no audit can be believed now, as a sentence; undefined when they can. */
  readonly doubt: () => string | undefined;
  /** Why it cannot be told that nobody is let in but by the rules, as a sentence; undefined when it can. */
  readonly doubtOfOthers: () => string | undefined;
  /** Whether the operator trusts other authorizers of the API server than RBAC. */
  readonly trustsAuthorizers: boolean;
  readonly crossCheck: Pick<CrossCheck, 'of' | 'forget'>;
  readonly clock: Clock;
  /** Gives the new resourceVersion; undefined when the Credential is gone. */
  readonly write: (
    to: Writable,
    access: CredentialAccess,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
  /** Told of each answer, and of what was said before, and with undefined of a Credential that is gone. */
  readonly onAnswer: (key: string, found: Found | undefined, before: CredentialAccess | undefined) => void;
  /** The API server did not say whether it decides as its rules say. */
  readonly onNoReview: (error: KubeError) => void;
}

/** The time moves hourly unless the answer changes. */
const freshMs = 3_600_000;

/** Nobody says when what could not be believed or confirmed can be again. */
const doubtfulMs = 60_000;

/** What was written last, until the cache holds it. */
interface Written {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly access: CredentialAccess;
}

/** Works out who can reach the Secret of a Credential, and says it in status where it is not said yet. The Secret is never read. */
export class AccessReconciler {
  readonly #parts: AccessReconcilerParts;
  readonly #written = new Map<string, Written>();
  readonly #dependences = new Map<string, Dependence>();

  constructor(parts: AccessReconcilerParts) {
    this.#parts = parts;
  }

  /** What the last report of a Credential depended on; undefined: there was none yet. */
  dependence(key: string): Dependence | undefined {
    return this.#dependences.get(key);
  }

  /** One pass. Writes only what is new. Rejects with a KubeError where the API server does not take it. */
  async reconcile(key: string, signal: AbortSignal): Promise<Result> {
    const {
      credential: find,
      controller,
      audit,
      crossCheck,
      clock,
      onAnswer,
      trustsAuthorizers,
    } = this.#parts;
    const credential = find(key);
    if (credential === undefined) return this.#forget(key);
    const secret = secretNameOf(credential);
    const { namespace, name } = credential.metadata;
    const of: Audited = { namespace, name, secret, controller };
    const report = audit(of);
    this.#dependences.set(key, dependenceOf(report, controller));
    const checked = await crossCheck
      .of(key, { report, secret: { namespace, name: secret } }, signal)
      .catch((thrown: unknown) => this.#withoutReview(report, thrown, signal));
    // Before it is confirmed that the API server says otherwise, what was said stands.
    if (checked.kind === 'unsure') return { requeueAfterMs: checked.againMs };
    const doubt = this.#parts.doubt();
    // Who was found to be let in is let in whatever else decides.
    const ofOthers = report.verdict === 'Exclusive' ? this.#parts.doubtOfOthers() : undefined;
    const answer = accessStatusOf(report, of, {
      doubt: doubt ?? checked.doubt ?? ofOthers,
      trustsAuthorizers,
    });
    const to = this.#writable(key, credential, secret);
    onAnswer(key, { answer, report }, to.before);
    const now = clock.now();
    const nextMs = await this.#say(key, to, answer, now, signal);
    const againMs = doubt === undefined ? checked.againMs : Math.min(checked.againMs, doubtfulMs);
    return { requeueAfterMs: Math.min(nextMs, againMs) };
  }

  /** What is confirmed by no answer: that nobody else is let in is doubtful then. Throws what is no answer to that. */
  #withoutReview({ verdict }: AccessReport, thrown: unknown, signal: AbortSignal): CrossChecked {
    if (signal.aborted || !isKubeError(thrown)) throw thrown;
    this.#parts.onNoReview(thrown);
    return {
      kind: 'known',
      ...(verdict === 'Exclusive' ? { doubt: noReview(thrown) } : {}),
      againMs: doubtfulMs,
    };
  }

  /** Gives in how many milliseconds it is to be said again. */
  async #say(key: string, to: Writable, answer: Answer, now: Date, signal: AbortSignal): Promise<number> {
    const { before } = to;
    if (before !== undefined) {
      const leftMs = new Date(before.checkedTime).getTime() + freshMs - now.getTime();
      const isFresh = leftMs > 0 && leftMs <= freshMs;
      if (isFresh && isSameJson({ ...answer, checkedTime: before.checkedTime }, before)) return leftMs;
    }
    const access = { ...answer, checkedTime: toTimestamp(now) };
    const resourceVersion = await this.#parts.write(to, access, signal);
    if (resourceVersion !== undefined)
      this.#written.set(key, { uid: to.metadata.uid, resourceVersion, access });
    return freshMs;
  }

  #writable(key: string, { metadata, status }: AuditedCredential, secret: string): Writable {
    const written = this.#written.get(key);
    if (written?.uid === metadata.uid && isOlder(metadata.resourceVersion, written.resourceVersion)) {
      const { resourceVersion, access } = written;
      return { metadata: { ...metadata, resourceVersion }, secret, before: access };
    }
    this.#written.delete(key);
    return { metadata, secret, before: status?.access };
  }

  #forget(key: string): Result {
    this.#written.delete(key);
    this.#dependences.delete(key);
    this.#parts.crossCheck.forget(key);
    this.#parts.onAnswer(key, undefined, undefined);
    return {};
  }
}
