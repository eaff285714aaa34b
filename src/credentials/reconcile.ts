import type { Credential, CredentialStatus } from '../api/credential.ts';
import { reasons } from '../api/reasons.ts';
import { addMs, jittered, type Clock } from '../base/time.ts';
import { nameOf, type CredentialFacts, type Keyring } from './keyring.ts';
import { problemOf, type Problem } from './problem.ts';
import { credentialStatusOf } from './status.ts';
import type { Uses } from './uses.ts';

export interface CredentialReconcilerParts {
  readonly keyring: Keyring;
  readonly credential: (key: string) => Credential | undefined;
  readonly uses: Uses;
  readonly clock: Clock;
  /** What a write token is minted with on this host; undefined when the operator does not list the host. */
  readonly writePermissions: (host: string) => readonly string[] | undefined;
  /** Gives the object's new resourceVersion, or undefined when it is gone. */
  readonly writeStatus: (
    credential: Credential,
    status: CredentialStatus,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
}

/** How often the forge is asked about a credential that works. */
const probeEveryMs = 10 * 60_000;

/** How long a mended Secret goes unnoticed; asking for it costs the forge nothing. */
const retryMs = 100_000;

interface Known {
  readonly identity: string;
  readonly generation: number;
  readonly facts?: CredentialFacts;
  readonly problem?: Problem;
  readonly at: Date;
}

/** One pass over one Credential: what its Secret holds, what the forge says of it, who used it. */
export class CredentialReconciler {
  readonly #parts: CredentialReconcilerParts;
  readonly #known = new Map<string, Known>();
  readonly #written = new Map<string, { readonly uid: string; readonly status: string }>();

  constructor(parts: CredentialReconcilerParts) {
    this.#parts = parts;
  }

  /** @param key `namespace/name` */
  async reconcile(key: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const credential = this.#parts.credential(key);
    if (credential === undefined || credential.metadata.deletionTimestamp !== undefined) {
      this.#known.delete(key);
      this.#written.delete(key);
      this.#parts.uses.forgetCredential(key);
      return {};
    }
    const known = await this.#find(credential, signal);
    const { uses, clock } = this.#parts;
    const status = credentialStatusOf({
      now: clock.now(),
      generation: credential.metadata.generation,
      previous: credential.status,
      ...(known.facts === undefined ? {} : { probed: { facts: known.facts, at: known.at } }),
      ...(known.problem === undefined ? {} : { problem: known.problem }),
      lastUse: uses.of(key),
      health: uses.healthOf(key),
      writePermissions: this.#parts.writePermissions(credential.spec.host) ?? [],
    });
    await this.#write(key, credential, status, signal);
    return { requeueAfterMs: jittered(this.#nextMs(known)) };
  }

  /** What is known of a Credential: from the last probe while it is young and the Secret is the same, else from a new one. */
  async #find(credential: Credential, signal: AbortSignal): Promise<Known> {
    const key = nameOf(credential);
    const { keyring, clock } = this.#parts;
    const { generation } = credential.metadata;
    const last = this.#known.get(key);
    let identity = '';
    try {
      identity = await keyring.identityOf(credential, { signal });
      const now = clock.now();
      const same = last?.identity === identity && last.generation === generation;
      if (same && addMs(last.at, this.#nextMs(last) * 0.8) > now && !this.#contradicts(key, last))
        return last;
      const found: Known = {
        identity,
        generation,
        facts: await keyring.probe(credential, { signal }),
        at: now,
      };
      this.#parts.uses.noteHealth(key, {
        valid: true,
        reason: 'CredentialReady',
        message: reasons.CredentialReady.what,
      });
      this.#known.set(key, found);
      return found;
    } catch (thrown) {
      const problem = signal.aborted ? undefined : problemOf(thrown);
      if (problem === undefined) throw thrown;
      const kept = last?.identity === identity && last.facts !== undefined ? { facts: last.facts } : {};
      const found: Known = { identity, generation, ...kept, problem, at: clock.now() };
      this.#known.set(key, found);
      return found;
    }
  }

  /** A use has said otherwise since: good where the probe failed. */
  #contradicts(key: string, { problem }: Known): boolean {
    return problem !== undefined && this.#parts.uses.healthOf(key)?.valid === true;
  }

  #nextMs({ problem }: Known): number {
    return problem === undefined ? probeEveryMs : retryMs;
  }

  async #write(
    key: string,
    credential: Credential,
    status: CredentialStatus,
    signal: AbortSignal,
  ): Promise<void> {
    const written = this.#written.get(key);
    const wanted = JSON.stringify(status);
    if (written?.uid === credential.metadata.uid && written.status === wanted) return;
    const resourceVersion = await this.#parts.writeStatus(credential, status, signal);
    if (resourceVersion !== undefined)
      this.#written.set(key, { uid: credential.metadata.uid, status: wanted });
  }
}
