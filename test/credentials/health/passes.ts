import type { Credential, CredentialAccess, CredentialStatus } from '../../../src/api/credential.ts';
import { CredentialReconciler } from '../../../src/credentials/health/reconcile.ts';
import { providers } from '../../../src/forges/index.ts';
import type { Promoter } from '../promoter.ts';

/** A Credential in the API server, and passes over it. */
export class Passes {
  readonly own: Promoter;
  /** As the API server has it. */
  credential: Credential;
  /** As the cache has it, when that lags behind. */
  cached: Credential | undefined;
  /** Statuses that were not applied over the version that the API server had. */
  conflicts = 0;
  /** Every status that was written, oldest first. */
  readonly written: CredentialStatus[] = [];
  /** Every Event, as `type reason: note`. */
  readonly announced: string[] = [];
  /** Rights that the controller has and must not have. */
  overPrivileged: readonly string[] = [];
  readonly #reconciler: CredentialReconciler;

  constructor(own: Promoter, credential: Credential = own.credential) {
    this.own = own;
    this.credential = credential;
    this.#reconciler = new CredentialReconciler({
      keyring: this.own.keyring,
      credential: (key) => (key === 'apps/acme-promoter' ? (this.cached ?? this.credential) : undefined),
      uses: this.own.uses,
      clock: this.own.clock,
      writePermissions: (host) => (host === 'github.com' ? providers.github.permissions.write : undefined),
      warningDays: [14, 7, 1],
      overPrivileged: () => this.overPrivileged,
      announce: (_, { type, reason, note }) => void this.announced.push(`${type} ${reason}: ${note}`),
      writeStatus: ({ metadata: over }, own) => {
        this.written.push(own);
        const access = this.credential.status?.access;
        const status = access === undefined ? own : { ...own, access };
        const { metadata } = this.credential;
        if (over.resourceVersion !== metadata.resourceVersion) this.conflicts += 1;
        const resourceVersion = String(Number(metadata.resourceVersion) + 1);
        this.credential = { ...this.credential, metadata: { ...metadata, resourceVersion }, status };
        return Promise.resolve(resourceVersion);
      },
    });
  }

  /** The same object and what else outlives a process. */
  restarted(): Passes {
    return new Passes(this.own, this.credential);
  }

  /** A pass `afterMs` later; gives the status that stands after it and when the next pass is due. */
  async pass(
    afterMs = 0,
    signal = new AbortController().signal,
  ): Promise<{ readonly status: CredentialStatus; readonly nextMs: number }> {
    this.own.clock.advance(afterMs);
    const { requeueAfterMs = NaN } = await this.#reconciler.reconcile('apps/acme-promoter', signal);
    return { status: this.credential.status ?? {}, nextMs: requeueAfterMs };
  }

  /** The auditor writes. */
  audited(access: CredentialAccess): void {
    const { metadata, status } = this.credential;
    const resourceVersion = String(Number(metadata.resourceVersion) + 1);
    this.credential = {
      ...this.credential,
      metadata: { ...metadata, resourceVersion },
      status: { ...status, access },
    };
  }

  change(spec: Partial<Credential['spec']>): void {
    const { metadata } = this.credential;
    this.credential = {
      ...this.credential,
      metadata: { ...metadata, generation: metadata.generation + 1 },
      spec: { ...this.credential.spec, ...spec },
    };
  }
}

/** Condition Ready in one line. */
export function readyOf(status: CredentialStatus): string {
  return conditionOf(status, 'Ready');
}

/** A condition in one line. */
export function conditionOf({ conditions }: CredentialStatus, type: string): string {
  const found = conditions?.find((each) => each.type === type);
  return `${found?.status} ${found?.reason}: ${found?.message}`;
}
