import type { Credential } from '../../api/credential.ts';
import { redactOurs } from '../../base/redaction.ts';
import { isSameJson } from '../../base/same-json.ts';
import { jittered, type Clock } from '../../base/time.ts';
import { isKubeError } from '../../kube/errors.ts';
import { isOlder } from '../../kube/resource-version.ts';
import { announceCredential, type CredentialAnnouncement } from './announce.ts';
import { nameOf, type Inspected, type Keyring } from '../keyring.ts';
import { isShown, showUseAt } from './last-used.ts';
import { isOfCredential, problemOrThrow } from '../problem.ts';
import { probedAfter, questionOf, type Found, type Probed, type Said } from './probed.ts';
import { credentialStatusOf, ownPart, type OwnStatus } from './status.ts';
import { ShownUses } from './shown-uses.ts';
import { SilentHosts } from './silent-hosts.ts';
import type { Uses } from './uses.ts';

export interface CredentialReconcilerParts {
  readonly keyring: Keyring;
  readonly credential: (key: string) => Credential | undefined;
  readonly uses: Uses;
  readonly clock: Clock;
  /** What a write token is minted with on this host; undefined when the operator does not list the host. */
  readonly writePermissions: (host: string) => readonly string[] | undefined;
  /** How many days before its end a credential is warned of, each once. */
  readonly warningDays: readonly number[];
  /** Rights that the controller has and must not have, as last asked. */
  readonly overPrivileged: () => readonly string[];
  /** Gives the object's new resourceVersion, or undefined when it is gone. */
  readonly writeStatus: (
    credential: Credential,
    status: OwnStatus,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
  readonly announce: (credential: Credential, announcement: CredentialAnnouncement) => void;
}

/** How often the Secret is read, to hear of another value in it: it is not watched. */
const secretEveryMs = 100_000;

/** How soon a failure is looked into again: the longest that a mended Secret or forge goes unnoticed, jitter included. */
const retryMs = 100_000;

/** What we wrote into a status last: the cache may not show it yet. */
interface Written {
  readonly uid: string;
  /** The one that the cache will have. */
  readonly resourceVersion: string;
  readonly status: OwnStatus;
}

/** One pass over one Credential: what its Secret holds, what the forge says of it, who used it. */
export class CredentialReconciler {
  readonly #parts: CredentialReconcilerParts;
  readonly #probed = new Map<string, Probed>();
  readonly #written = new Map<string, Written>();
  readonly #useShown = new ShownUses();
  readonly #silentHosts: SilentHosts;

  constructor(parts: CredentialReconcilerParts) {
    this.#parts = parts;
    this.#silentHosts = new SilentHosts(parts.clock);
  }

  /** @param key `namespace/name` */
  async reconcile(key: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const credential = this.#parts.credential(key);
    if (credential === undefined || credential.metadata.deletionTimestamp !== undefined) {
      this.#probed.delete(key);
      this.#written.delete(key);
      this.#useShown.forget(key);
      this.#parts.uses.forgetCredential(key);
      this.#parts.keyring.forget(key);
      return {};
    }
    const found = await this.#find(credential, signal);
    const { uses, clock } = this.#parts;
    const latest = this.#withLastWrite(key, credential);
    const previous = latest.status;
    const answeredAt = latestOf(found.answeredAt, uses.acceptedAt(key));
    const lastUse = uses.of(key);
    const computed = credentialStatusOf({
      now: clock.now(),
      generation: credential.metadata.generation,
      spec: credential.spec,
      previous,
      replaced: found.replaced,
      ...(found.facts === undefined ? {} : { facts: found.facts }),
      ...(found.app === undefined ? {} : { app: found.app }),
      ...(answeredAt === undefined ? {} : { askedAt: answeredAt }),
      ...(found.problem === undefined ? {} : { problem: found.problem }),
      lastUse,
      lastUsedWrittenAt: lastUse && this.#useShown.at(key, lastUse.by),
      health: uses.healthOf(key),
      writePermissions: this.#parts.writePermissions(credential.spec.host) ?? [],
      warningDays: this.#parts.warningDays,
      overPrivileged: this.#parts.overPrivileged(),
    });
    // Here already, so that it is compared as it will be read back.
    const status = redactOurs(computed, 'status');
    if (previous === undefined || !isSameJson(ownPart(previous), status)) {
      if (!(await this.#write(key, latest, status, signal))) return {};
      if (!isSameJson(previous?.lastUsed, status.lastUsed))
        this.#useShown.wrote(key, status.lastUsed?.by, clock.now());
      for (const announcement of announceCredential(previous, status))
        this.#parts.announce(credential, announcement);
    }
    const nextMs = jittered(this.#nextMs(key, credential, found));
    return { requeueAfterMs: Math.min(nextMs, this.#untilShownMs(key, status)) };
  }

  /** Until a use is shown that was not worth a write yet: within a minute of it. */
  #untilShownMs(key: string, { lastUsed }: OwnStatus): number {
    const { uses, clock } = this.#parts;
    const use = uses.of(key);
    if (use === undefined || lastUsed === undefined || isShown(use.time, lastUsed.time)) return Infinity;
    const at = showUseAt(use, lastUsed, this.#useShown.at(key, use.by));
    return Math.max(0, at.getTime() - clock.now().getTime());
  }

  /** What is known of a Credential: from the last probe while it is young and the Secret is the same, else from a new one. */
  async #find(credential: Credential, signal: AbortSignal): Promise<Found> {
    const key = nameOf(credential);
    const { keyring, clock } = this.#parts;
    const { generation } = credential.metadata;
    const named = namedBy(credential);
    const last = this.#probed.get(key);
    let inspected: Inspected;
    try {
      inspected = await keyring.inspect(credential, { signal });
    } catch (thrown) {
      const problem = problemOrThrow(thrown, signal);
      if (last?.named === named) return { ...last, problem };
      if (last !== undefined) this.#parts.uses.forgetHealth(key);
      return { ...unknown(credential, last), problem };
    }
    const { identity } = inspected;
    const before = last?.identity === identity && last.named === named ? last : undefined;
    const isChanged = before?.generation !== generation;
    if (last !== undefined && before === undefined) this.#parts.uses.forgetHealth(key);
    else if (isChanged) this.#parts.uses.forgetOtherRepositories(key, credential.spec.repositories);
    const question = questionOf(credential, before, { uses: this.#parts.uses, now: clock.now() });
    if (before !== undefined && !isChanged && question.at > clock.now()) return before;
    const { host } = credential.spec;
    const hold = this.#silentHosts.hold(host);
    if (hold !== undefined) {
      const problem = before?.problem ?? hold.problem;
      const heldUntil = hold.until;
      return { ...(before ?? unknown(credential, last)), ...(problem && { problem }), heldUntil };
    }
    const said = await this.#silentHosts.ask(host, () =>
      this.#ask(key, question.repository, inspected, signal),
    );
    const replaced = last !== undefined && (before === undefined || before.replaced);
    const of = { identity, named, replaced, before, now: clock.now() };
    const probed = probedAfter(credential, question, said, of);
    this.#probed.set(key, probed);
    return probed;
  }

  async #ask(key: string, where: string, { probe, app }: Inspected, signal: AbortSignal): Promise<Said> {
    const { uses } = this.#parts;
    try {
      const facts = await probe(where);
      uses.accepted(key, where, facts.kind === 'app' && facts.missing.length === 0 ? 'writing' : 'reading');
      return { facts };
    } catch (thrown) {
      const problem = problemOrThrow(thrown, signal);
      if (isOfCredential(problem)) uses.refused(key, where, 'reading', problem);
      if (problem.reason !== 'NotInstalled' && problem.reason !== 'Suspended') return { problem };
      const owner = await app().catch(() => undefined);
      return { problem, ...(owner === undefined ? {} : { app: owner }) };
    }
  }

  /** Until the next pass, which reads the Secret at least. */
  #nextMs(key: string, credential: Credential, { problem, heldUntil }: Found): number {
    const { uses, clock } = this.#parts;
    const now = clock.now();
    const ms = (instant: Date): number => Math.max(0, instant.getTime() - now.getTime());
    if (heldUntil !== undefined) return 1.2 * ms(heldUntil);
    if (problem?.retryAt !== undefined) return Math.max(retryMs, ms(problem.retryAt));
    const probed = this.#probed.get(key);
    if (problem !== undefined || probed === undefined || uses.healthOf(key)?.good === false) return retryMs;
    return Math.min(secretEveryMs, ms(questionOf(credential, probed, { uses, now }).at));
  }

  /** The Credential with the status that we wrote last, when the cache does not hold it yet. */
  #withLastWrite(key: string, cached: Credential): Credential {
    const written = this.#written.get(key);
    if (written === undefined) return cached;
    const { uid, resourceVersion, status } = written;
    if (uid === cached.metadata.uid && isOlder(cached.metadata.resourceVersion, resourceVersion))
      return {
        ...cached,
        metadata: { ...cached.metadata, resourceVersion },
        status: { ...status, ...(cached.status?.access && { access: cached.status.access }) },
      };
    this.#written.delete(key);
    return cached;
  }

  /** False when the Credential is gone. */
  async #write(
    key: string,
    credential: Credential,
    status: OwnStatus,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { uid } = credential.metadata;
    let resourceVersion: string | undefined;
    try {
      resourceVersion = await this.#parts.writeStatus(credential, status, signal);
    } catch (thrown) {
      // The server does not hold what we wrote last: somebody wrote over it, or it was put back to before that.
      if (isKubeError(thrown, 'Conflict')) this.#written.delete(key);
      throw thrown;
    }
    if (resourceVersion === undefined) return false;
    this.#written.set(key, { uid, resourceVersion, status });
    return true;
  }
}

/** What can be said of a Credential whose Secret or forge was not asked. @param last what was asked of another Secret before */
function unknown({ metadata, status }: Credential, last: Probed | undefined): Found {
  const { generation } = metadata;
  const { observedGeneration = generation } = status ?? {};
  return { replaced: last !== undefined || observedGeneration !== generation };
}

function namedBy({ spec: { host, githubApp, token } }: Credential): string {
  return JSON.stringify([host, githubApp?.secretRef.name, token?.secretRef.name]);
}

function latestOf(one: Date | undefined, other: Date | undefined): Date | undefined {
  return other === undefined || (one !== undefined && one > other) ? one : other;
}
