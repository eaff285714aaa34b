import type { Pipeline } from '../api/pipeline.ts';
import type { PipelineStatus } from '../api/pipeline-status.ts';
import { CodedError, codeOf } from '../base/error.ts';
import { redactOurs } from '../base/redaction.ts';
import { isSameJson } from '../base/same-json.ts';
import { earliest, type Clock } from '../base/time.ts';
import { isShown, showAgainAt } from '../credentials/health/last-used.ts';
import type { Uses } from '../credentials/health/uses.ts';
import { isKubeError } from '../kube/errors.ts';
import { isOlder } from '../kube/resource-version.ts';
import { act, type Act, type Tools } from './act.ts';
import { announce, type Announcement } from './announce.ts';
import { credentialNames, credentialSeen, type CredentialSeen } from './credential-seen.ts';
import { decide } from './decide.ts';
import type { Decision, Outcome } from './decision.ts';
import type { EnvironmentSeen, Observation } from './observation.ts';
import { observe, type Caches } from './observe.ts';
import { Retries } from './retries.ts';
import { nextLook } from './rules.ts';
import { statusOf } from './status.ts';

export interface ReconcilerParts {
  readonly tools: Tools;
  readonly caches: Caches & { readonly pipeline: (key: string) => Pipeline | undefined };
  readonly crossNamespaceTargets: 'Annotated' | 'Allow';
  readonly uses: Uses;
  readonly clock: Clock;
  /** Writes the whole status; gives the object's new resourceVersion, or undefined when the Pipeline is gone. */
  readonly writeStatus: (
    pipeline: Pipeline,
    status: PipelineStatus,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
  readonly announce: (pipeline: Pipeline, announcement: Announcement) => void;
}

export interface Pass {
  /** Look again after so long if nothing happens before; undefined: when something happens. */
  readonly requeueAfterMs?: number;
}

/** Code of what ends a pass whose Pipeline has been deleted meanwhile. */
const gone = 'PipelineGone';

/** A status that the cache may not show yet. */
interface Written {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly status: PipelineStatus;
}

/** One pass over one Pipeline: observe, decide, act, status, announce. Keeps only what may be forgotten at any time. */
export class PipelineReconciler {
  readonly #parts: ReconcilerParts;
  readonly #retries = new Retries();
  readonly #lookedAt = new Map<string, Date>();
  readonly #written = new Map<string, Written>();
  readonly #running = new Set<string>();
  /** When a last use was written, by key. */
  readonly #useShownAt = new Map<string, Date>();

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** @param key `namespace/name`; never twice at once */
  async reconcile(key: string, signal: AbortSignal): Promise<Pass> {
    this.#running.add(key);
    try {
      return await this.#pass(key, signal);
    } catch (thrown) {
      // Its user has deleted it, which is nothing that failed.
      if (codeOf(thrown) === gone) return {};
      throw thrown;
    } finally {
      this.#running.delete(key);
      const cached = this.#parts.caches.pipeline(key);
      if (cached !== undefined) this.stored(cached);
    }
  }

  async #pass(key: string, signal: AbortSignal): Promise<Pass> {
    const cached = this.#parts.caches.pipeline(key);
    if (cached === undefined || cached.metadata.deletionTimestamp !== undefined) {
      this.#forget(key);
      return {};
    }
    const pipeline = this.#withLastWrite(key, cached);
    const { clock, caches, crossNamespaceTargets } = this.#parts;
    const observed = observe({
      pipeline,
      caches,
      crossNamespaceTargets,
      lookedAt: (environment) => this.#lookedAt.get(`${key} ${environment}`),
      now: clock.now(),
    });
    let { seen } = observed;
    let previous = pipeline.status;
    const decisions = decide(seen);
    const outcomes = new Map<string, Outcome>();
    const write = async (): Promise<PipelineStatus | undefined> => {
      const computed = statusOf({
        previous,
        generation: pipeline.metadata.generation,
        seen,
        decisions,
        outcomes,
        credentials: this.#credentials(pipeline),
        lastUsedWrittenAt: this.#useShownAt.get(key),
      });
      return await this.#write(key, pipeline, computed, signal);
    };
    for (const [index, target] of seen.environments.entries()) {
      const decision = decisions[index];
      if (decision === undefined) continue;
      const source = seen.environments[index - 1];
      const record = async (made: Outcome): Promise<void> => {
        outcomes.set(target.name, made);
        const status = await write();
        if (status === undefined) {
          throw new CodedError(gone, `Pipeline ${key} was deleted; nothing more is done for it`);
        }
        // What comes of the rest of this pass builds on it: should it fail, the record stays.
        previous = status;
        seen = withPrevious(seen, status);
      };
      outcomes.set(
        target.name,
        await this.#attempt(key, { pipeline, source, target, decision, record, signal }),
      );
    }
    const status = await write();
    if (status === undefined) return {};
    for (const announcement of announce(pipeline.status, status))
      this.#parts.announce(pipeline, announcement);
    return this.#next(key, pipeline, seen.environments, decisions, outcomes, [
      observed.recheckAt,
      this.#lastUsedShownAt(key, pipeline, status),
    ]);
  }

  /** Carries a decision out, unless the same attempt failed a moment ago. */
  async #attempt(key: string, request: Act): Promise<Outcome> {
    const { pipeline, target, decision } = request;
    const environment = `${key} ${target.name}`;
    if (!reachesOut(decision)) {
      this.#retries.forget(environment);
      return { kind: 'nothing' };
    }
    // A look that works says nothing of a proposal that does not.
    const attempt = `${environment} ${decision.kind}`;
    const wish = this.#wish(pipeline, target, decision);
    const { clock } = this.#parts;
    const standing = this.#retries.standing(attempt, wish + this.#health(pipeline, target), clock.now());
    if (standing !== undefined) return standing.problem;
    const outcome = await act(this.#parts.tools, request);
    if (outcome.kind === 'problem') {
      // The attempt itself may have found the credential to be no good: that is no reason for another one.
      this.#retries.failed(attempt, wish + this.#health(pipeline, target), outcome, clock.now());
    } else {
      this.#retries.succeeded(attempt);
      this.#lookedAt.set(environment, clock.now());
    }
    return outcome;
  }

  /** What an attempt depends on and a watch tells of: when any of it changes, waiting out a failure makes no sense. */
  #wish(pipeline: Pipeline, target: EnvironmentSeen, decision: Decision): string {
    const { namespace, generation } = pipeline.metadata;
    const credential = this.#parts.tools.credential(namespace, target.strategy?.credentialRef.name ?? '');
    const candidate = decision.kind === 'propose' ? decision.candidate.key : '';
    return JSON.stringify([
      generation,
      decision.kind,
      candidate,
      credential?.metadata.uid,
      credential?.metadata.generation,
    ]);
  }

  /** What the forge last said of the credential for this repository: the same, as others who use it hear it. */
  #health({ metadata }: Pipeline, { strategy }: EnvironmentSeen): string {
    if (strategy === undefined) return '';
    const where = strategy.url.replace(/^https:\/\/[^/]*\//, '');
    const health = this.#parts.uses.healthOf(`${metadata.namespace}/${strategy.credentialRef.name}`, where);
    return health === undefined ? '' : ` ${health.good}`;
  }

  #next(
    key: string,
    pipeline: Pipeline,
    environments: readonly EnvironmentSeen[],
    decisions: readonly Decision[],
    outcomes: ReadonlyMap<string, Outcome>,
    recheckAt: readonly (Date | undefined)[],
  ): Pass {
    const now = this.#parts.clock.now();
    const instants: Date[] = recheckAt.filter((each) => each !== undefined);
    for (const [index, target] of environments.entries()) {
      const decision = decisions[index];
      const outcome = outcomes.get(target.name);
      if (decision === undefined || outcome === undefined) continue;
      // Look again after acting: no chain of effects resumes in the middle.
      if (outcome.kind !== 'nothing' && outcome.kind !== 'problem') instants.push(now);
      if (decision.kind === 'conclude' || decision.kind === 'bar') instants.push(now);
      if (decision.kind === 'hold' && decision.until !== undefined) instants.push(decision.until);
      if (outcome.kind === 'problem') {
        const circumstances = this.#wish(pipeline, target, decision) + this.#health(pipeline, target);
        const attempt = `${key} ${target.name} ${decision.kind}`;
        const standing = this.#retries.standing(attempt, circumstances, now);
        instants.push(standing?.until ?? now);
      } else if (target.previous?.promotion?.phase === 'Proposed') {
        const lookedAt = this.#lookedAt.get(`${key} ${target.name}`);
        instants.push(nextLook({ ...target, ...(lookedAt === undefined ? {} : { lookedAt }) }, now));
      }
    }
    const first = earliest(instants);
    return first === undefined ? {} : { requeueAfterMs: Math.max(0, first.getTime() - now.getTime()) };
  }

  /** When a use is shown that was not worth a write yet; undefined when all are. */
  #lastUsedShownAt(key: string, { metadata }: Pipeline, { credential }: PipelineStatus): Date | undefined {
    if (credential?.lastUsed === undefined) return undefined;
    const used = this.#parts.uses.usedBy(`${metadata.namespace}/${credential.name}`, key);
    if (used === undefined || isShown(used, credential.lastUsed)) return undefined;
    return showAgainAt(credential.lastUsed, this.#useShownAt.get(key));
  }

  /** Who a Pipeline's pull requests are made as. */
  #credentials({ metadata: { namespace, name }, spec }: Pipeline): readonly CredentialSeen[] {
    return credentialNames(spec).map((credential) => ({
      ...credentialSeen(credential, this.#parts.tools.credential(namespace, credential)),
      lastUsed: this.#parts.uses.usedBy(`${namespace}/${credential}`, `${namespace}/${name}`),
    }));
  }

  /** The cache holds this version of a Pipeline now. Nothing needs to be told of it: it frees what was kept of our last write. */
  stored(pipeline: Pipeline): void {
    const key = `${pipeline.metadata.namespace}/${pipeline.metadata.name}`;
    // A pass goes on from what it wrote itself.
    if (!this.#running.has(key)) this.#withLastWrite(key, pipeline);
  }

  /** The Pipeline with the status that we wrote last, when the cache does not hold it yet. */
  #withLastWrite(key: string, cached: Pipeline): Pipeline {
    const written = this.#written.get(key);
    if (written === undefined || written.uid !== cached.metadata.uid) return cached;
    if (!isOlder(cached.metadata.resourceVersion, written.resourceVersion)) {
      this.#written.delete(key);
      return cached;
    }
    return asWritten(cached, written);
  }

  /** The status that the server has now; undefined when the Pipeline is gone. */
  async #write(
    key: string,
    pipeline: Pipeline,
    computed: PipelineStatus,
    signal: AbortSignal,
  ): Promise<PipelineStatus | undefined> {
    const { uid } = pipeline.metadata;
    const written = this.#written.get(key);
    const last = written?.uid === uid ? written.status : pipeline.status;
    if (last !== undefined && isSameJson(last, computed)) return computed;
    // Already here, so that it is compared as it will be read back.
    const status = redactOurs(computed, 'status');
    if (status !== computed && isSameJson(last, status)) return status;
    const latest = written?.uid === uid ? asWritten(pipeline, written) : pipeline;
    let resourceVersion: string | undefined;
    try {
      resourceVersion = await this.#parts.writeStatus(latest, status, signal);
    } catch (thrown) {
      // The server does not hold what we wrote last: somebody wrote over it, or it was put back to before that.
      if (isKubeError(thrown, 'Conflict')) this.#written.delete(key);
      throw thrown;
    }
    if (resourceVersion === undefined) return undefined;
    this.#written.set(key, { uid, resourceVersion, status });
    if (last?.credential?.lastUsed !== status.credential?.lastUsed)
      this.#useShownAt.set(key, this.#parts.clock.now());
    return status;
  }

  #forget(key: string): void {
    this.#written.delete(key);
    this.#useShownAt.delete(key);
    this.#retries.forget(key);
    this.#parts.uses.forgetPipeline(key);
    for (const environment of this.#lookedAt.keys()) {
      if (environment.startsWith(`${key} `)) this.#lookedAt.delete(environment);
    }
  }
}

/** With the version too: the next write of its status names it, and an older one would be a conflict. */
function asWritten(pipeline: Pipeline, { resourceVersion, status }: Written): Pipeline {
  return { ...pipeline, metadata: { ...pipeline.metadata, resourceVersion }, status };
}

/** Whether carrying the decision out sends anything to a forge. */
function reachesOut(decision: Decision): boolean {
  return decision.kind === 'propose' || decision.kind === 'look' || decision.kind === 'withdraw';
}

/** The same, seen after a status was written in the middle of a pass. */
function withPrevious(seen: Observation, status: PipelineStatus): Observation {
  return {
    ...seen,
    environments: seen.environments.map((environment) => {
      const previous = status.environments?.find(({ name }) => name === environment.name);
      return { ...environment, ...(previous === undefined ? {} : { previous }) };
    }),
  };
}
