import type { Credential } from '../api/credential.ts';
import { promotionInto, type Pipeline } from '../api/pipeline.ts';
import type { PipelineStatus } from '../api/pipeline-status.ts';
import { isReason } from '../api/reasons.ts';
import { earliest, type Clock } from '../base/time.ts';
import type { Uses } from '../credentials/uses.ts';
import { act, type Tools } from './act.ts';
import { announce, type Announcement } from './announce.ts';
import { decide } from './decide.ts';
import type { Decision, Outcome } from './decision.ts';
import type { EnvironmentSeen } from './observation.ts';
import { observe, type Caches } from './observe.ts';
import { Retries } from './retries.ts';
import { nextLook } from './rules.ts';
import { statusOf, type CredentialSeen } from './status.ts';

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

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** @param key `namespace/name` */
  async reconcile(key: string, signal: AbortSignal): Promise<Pass> {
    const cached = this.#parts.caches.pipeline(key);
    if (cached === undefined || cached.metadata.deletionTimestamp !== undefined) {
      this.#forget(key);
      return {};
    }
    const pipeline = this.#withLastWrite(key, cached);
    const { clock, caches, crossNamespaceTargets } = this.#parts;
    const { seen, recheckAt } = observe({
      pipeline,
      caches,
      crossNamespaceTargets,
      lookedAt: (environment) => this.#lookedAt.get(`${key} ${environment}`),
      now: clock.now(),
    });
    const decisions = decide(seen);
    const outcomes = new Map<string, Outcome>();
    const pass = { key, pipeline, previous: pipeline.status, signal };
    const write = async (): Promise<PipelineStatus> => {
      const status = statusOf({
        previous: pass.previous,
        generation: pipeline.metadata.generation,
        seen,
        decisions,
        outcomes,
        credential: this.#credential(pipeline),
      });
      await this.#write(key, pipeline, status, signal);
      return status;
    };
    for (const [index, target] of seen.environments.entries()) {
      const decision = decisions[index];
      if (decision === undefined) continue;
      const outcome = await this.#attempt(
        key,
        pipeline,
        seen.environments[index - 1],
        target,
        decision,
        signal,
        async (made) => {
          outcomes.set(target.name, made);
          await write();
        },
      );
      outcomes.set(target.name, outcome);
    }
    const status = await write();
    for (const announcement of announce(pipeline.status, status))
      this.#parts.announce(pipeline, announcement);
    return this.#next(key, pipeline, seen.environments, decisions, outcomes, recheckAt);
  }

  /** Carries a decision out, unless the same attempt failed a moment ago. */
  async #attempt(
    key: string,
    pipeline: Pipeline,
    source: EnvironmentSeen | undefined,
    target: EnvironmentSeen,
    decision: Decision,
    signal: AbortSignal,
    record: (outcome: Outcome) => Promise<void>,
  ): Promise<Outcome> {
    const environment = `${key} ${target.name}`;
    if (!reachesOut(decision)) {
      this.#retries.succeeded(environment);
      return { kind: 'nothing' };
    }
    const circumstances = this.#circumstances(pipeline, target, decision);
    const standing = this.#retries.standing(environment, circumstances, this.#parts.clock.now());
    if (standing !== undefined) return standing.problem;
    const outcome = await act(this.#parts.tools, { pipeline, source, target, decision, record, signal });
    if (outcome.kind === 'problem') {
      this.#retries.failed(environment, circumstances, outcome, this.#parts.clock.now());
    } else {
      this.#retries.succeeded(environment);
      this.#lookedAt.set(environment, this.#parts.clock.now());
    }
    return outcome;
  }

  /** What an attempt depends on and a watch tells of: when any of it changes, waiting out a failure makes no sense. */
  #circumstances(pipeline: Pipeline, target: EnvironmentSeen, decision: Decision): string {
    const { namespace, generation } = pipeline.metadata;
    const name = target.strategy?.credentialRef.name ?? '';
    const credential = this.#parts.tools.credential(namespace, name);
    const candidate = decision.kind === 'propose' ? decision.candidate.key : '';
    return JSON.stringify([
      generation,
      decision.kind,
      candidate,
      credential?.metadata.uid,
      credential?.metadata.generation,
      this.#parts.uses.healthOf(`${namespace}/${name}`)?.valid,
    ]);
  }

  #next(
    key: string,
    pipeline: Pipeline,
    environments: readonly EnvironmentSeen[],
    decisions: readonly Decision[],
    outcomes: ReadonlyMap<string, Outcome>,
    recheckAt: Date | undefined,
  ): Pass {
    const now = this.#parts.clock.now();
    const instants: Date[] = recheckAt === undefined ? [] : [recheckAt];
    for (const [index, target] of environments.entries()) {
      const decision = decisions[index];
      const outcome = outcomes.get(target.name);
      if (decision === undefined || outcome === undefined) continue;
      // Look again after acting: no chain of effects resumes in the middle.
      if (outcome.kind !== 'nothing' && outcome.kind !== 'problem') instants.push(now);
      if (decision.kind === 'conclude' || decision.kind === 'bar') instants.push(now);
      if (decision.kind === 'hold' && decision.until !== undefined) instants.push(decision.until);
      if (outcome.kind === 'problem') {
        const circumstances = this.#circumstances(pipeline, target, decision);
        const standing = this.#retries.standing(`${key} ${target.name}`, circumstances, now);
        instants.push(standing?.until ?? now);
      } else if (target.previous?.promotion?.phase === 'Proposed') {
        const lookedAt = this.#lookedAt.get(`${key} ${target.name}`);
        instants.push(nextLook({ ...target, ...(lookedAt === undefined ? {} : { lookedAt }) }, now));
      }
    }
    const first = earliest(instants);
    return first === undefined ? {} : { requeueAfterMs: Math.max(0, first.getTime() - now.getTime()) };
  }

  /** Who a Pipeline's pull requests are made as: of the first environment that is promoted into. */
  #credential(pipeline: Pipeline): CredentialSeen | undefined {
    const { namespace, name } = pipeline.metadata;
    const strategy = pipeline.spec.environments
      .slice(1)
      .map((environment) => promotionInto(pipeline.spec, environment).pullRequest)
      .find((each) => each !== undefined);
    if (strategy === undefined) return undefined;
    const credential = this.#parts.tools.credential(namespace, strategy.credentialRef.name);
    const lastUsed = this.#parts.uses.ofPipeline(`${namespace}/${name}`);
    return {
      ...credentialSeen(strategy.credentialRef.name, credential),
      ...(lastUsed === undefined ? {} : { lastUsed }),
    };
  }

  /** The Pipeline with the status that we wrote last, when the cache does not hold it yet. */
  #withLastWrite(key: string, cached: Pipeline): Pipeline {
    const written = this.#written.get(key);
    if (written === undefined || written.uid !== cached.metadata.uid) return cached;
    if (isAtLeast(cached.metadata.resourceVersion, written.resourceVersion)) {
      this.#written.delete(key);
      return cached;
    }
    return { ...cached, status: written.status };
  }

  async #write(key: string, pipeline: Pipeline, status: PipelineStatus, signal: AbortSignal): Promise<void> {
    const last = this.#written.get(key)?.status ?? pipeline.status;
    if (last !== undefined && canonical(last) === canonical(status)) return;
    const resourceVersion = await this.#parts.writeStatus(pipeline, status, signal);
    if (resourceVersion !== undefined)
      this.#written.set(key, { uid: pipeline.metadata.uid, resourceVersion, status });
  }

  #forget(key: string): void {
    this.#written.delete(key);
    this.#retries.forget(key);
    this.#parts.uses.forgetPipeline(key);
    for (const environment of this.#lookedAt.keys()) {
      if (environment.startsWith(`${key} `)) this.#lookedAt.delete(environment);
    }
  }
}

/** Whether carrying the decision out sends anything to a forge. */
function reachesOut(decision: Decision): boolean {
  return decision.kind === 'propose' || decision.kind === 'look' || decision.kind === 'withdraw';
}

function credentialSeen(name: string, credential: Credential | undefined): CredentialSeen {
  if (credential === undefined) {
    return {
      name,
      valid: 'Unknown',
      reason: 'CredentialNotFound',
      message: `Credential ${name} does not exist`,
    };
  }
  const { status } = credential;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return {
    name,
    ...(status?.owner === undefined ? {} : { owner: status.owner.login }),
    valid: status?.valid ?? 'Unknown',
    ...(status?.expiryTime === undefined ? {} : { expiryTime: status.expiryTime }),
    reason: ready !== undefined && isReason(ready.reason) ? ready.reason : 'CredentialUnchecked',
    message: ready?.message ?? 'the forge has not been asked yet',
  };
}

/** Resource versions are decimal numbers that grow (KEP-5504); what is not one is only equal to itself. */
function isAtLeast(version: string, other: string): boolean {
  const number = /^\d+$/;
  return number.test(version) && number.test(other) ? BigInt(version) >= BigInt(other) : version === other;
}

/** JSON with sorted keys: equal for equal values. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
