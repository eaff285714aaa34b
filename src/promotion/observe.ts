import { allowPipelinesFrom, type Annotations } from '../api/meta.ts';
import {
  promotionInto,
  type Environment,
  type Pipeline,
  type PullRequestStrategy,
  type Target,
} from '../api/pipeline.ts';
import type { EnvironmentStatus, TargetStatus } from '../api/pipeline-status.ts';
import { earliest } from '../base/time.ts';
import type { AppObject, Engine } from '../engines/engine.ts';
import { engineFor } from '../engines/index.ts';
import { settle } from '../engines/settle.ts';
import type { EnvironmentSeen, Observation, TargetSeen, TargetState } from './observation.ts';
import { memoryOf } from './target-status.ts';

/** What the caches hold. Reading it sends nothing. */
export interface Caches {
  readonly app: (engine: Engine, namespace: string, name: string) => AppObject | undefined;
  /** Annotations of a Namespace; undefined when it does not exist. */
  readonly namespaceAnnotations: (name: string) => Annotations | undefined;
}

export interface ObserveInput {
  readonly pipeline: Pipeline;
  readonly caches: Caches;
  readonly crossNamespaceTargets: 'Annotated' | 'Allow';
  /** When the forge was last asked about the pull request of an environment. */
  readonly lookedAt: (environment: string) => Date | undefined;
  readonly now: Date;
}

export interface Observed {
  readonly seen: Observation;
  /** When a verdict changes by the passing of time alone. */
  readonly recheckAt?: Date;
}

/** Everything that one decision needs, from the caches. What is missing is a fact in the result. */
export function observe(input: ObserveInput): Observed {
  const { pipeline, now } = input;
  const rechecks: Date[] = [];
  const environments = pipeline.spec.environments.map((environment) =>
    observeEnvironment(environment, input, rechecks),
  );
  const recheckAt = earliest(rechecks);
  return {
    seen: { now, namespace: pipeline.metadata.namespace, name: pipeline.metadata.name, environments },
    ...(recheckAt === undefined ? {} : { recheckAt }),
  };
}

function observeEnvironment(
  environment: Environment,
  input: ObserveInput,
  rechecks: Date[],
): EnvironmentSeen {
  const { spec, status } = input.pipeline;
  const { suspend, pullRequest } = promotionInto(spec, environment);
  const written = status?.environments?.find(({ name }) => name === environment.name);
  const previous = written === undefined ? undefined : thatIsHere(written, pullRequest);
  const lookedAt = input.lookedAt(environment.name);
  return {
    name: environment.name,
    targets: environment.targets.map((target) => observeTarget(target, previous, input, rechecks)),
    suspend,
    ...(pullRequest === undefined ? {} : { strategy: pullRequest }),
    ...(previous === undefined ? {} : { previous }),
    ...(lookedAt === undefined ? {} : { lookedAt }),
  };
}

/**
 * What the last pass wrote, without a promotion in another repository than the one that is promoted in now: its pull request's number
 * belongs to somebody else here.
 */
function thatIsHere(
  written: EnvironmentStatus,
  strategy: PullRequestStrategy | undefined,
): EnvironmentStatus {
  const { promotion, ...rest } = written;
  const there = promotion?.repository;
  if (there === undefined || strategy === undefined) return written;
  const here = strategy.url.replace(/^https:\/\//, '').replace(/(\.git)?\/?$/, '');
  return there.toLowerCase() === here.toLowerCase() ? written : rest;
}

function observeTarget(
  target: Target,
  previous: EnvironmentStatus | undefined,
  input: ObserveInput,
  rechecks: Date[],
): TargetSeen {
  const { appRef } = input.pipeline.spec;
  const name = target.appName ?? appRef.name;
  const app = `${appRef.kind} ${target.namespace}/${name}`;
  const seen = (state: TargetState): TargetSeen => ({ name: target.name, app, state });

  const engine = engineFor(appRef.apiVersion, appRef.kind);
  if (engine === undefined) {
    return seen({
      kind: 'noEngine',
      message: `no engine reads ${appRef.kind} of ${appRef.apiVersion}; use a HelmRelease`,
    });
  }
  const refusal = whyNotAllowed(target, input);
  if (refusal !== undefined) return seen({ kind: 'notAllowed', message: refusal });
  const object = input.caches.app(engine, target.namespace, name);
  if (object === undefined) {
    return seen({
      kind: 'missing',
      message: `${app} does not exist; create it or correct appRef and targets`,
    });
  }
  const before = previous?.targets.find((each: TargetStatus) => each.name === target.name);
  const verdict = engine.read(object);
  const reading = settle(engine.remember(object, verdict, memoryOf(before), input.now), input.now);
  if (reading.recheckAt !== undefined) rechecks.push(reading.recheckAt);
  const remembered = reading.memory === undefined ? {} : { memory: reading.memory };
  const whyNot = engine.whyNotPromotable(object);
  if (whyNot !== undefined)
    return { ...seen({ kind: 'notPromotable', message: `${app}: ${whyNot}` }), ...remembered };
  return { ...seen(stateOf(reading.verdict, app)), ...remembered };
}

function stateOf(verdict: ReturnType<typeof settle>['verdict'], app: string): TargetState {
  const message = `${app}: ${verdict.message}`;
  switch (verdict.kind) {
    case 'good':
    case 'bad':
      return { kind: verdict.kind, revision: verdict.revision, since: verdict.since, message };
    case 'wait':
      return { kind: 'waiting', message };
    case 'keep':
      return { kind: 'kept', revision: verdict.revision, message };
    case 'hold':
      return { kind: 'held', message };
    case 'unknown':
      return { kind: 'unknown', message };
    default:
      return verdict satisfies never;
  }
}

/** A target in another namespace needs that namespace's word, or the operator's. The sentence holds the command that gives it. */
function whyNotAllowed(
  { namespace }: Target,
  { pipeline, caches, crossNamespaceTargets }: ObserveInput,
): string | undefined {
  const own = pipeline.metadata.namespace;
  if (namespace === own || crossNamespaceTargets === 'Allow') return undefined;
  const annotations = caches.namespaceAnnotations(namespace);
  if (annotations === undefined) return `Namespace ${namespace} does not exist; create it or correct targets`;
  const allowed = (annotations[allowPipelinesFrom] ?? '').split(',').map((each) => each.trim());
  if (allowed.includes(own)) return undefined;
  const wanted = [...allowed.filter((each) => each !== ''), own].join(',');
  return `Namespace ${namespace} does not allow Pipelines of ${own}: kubectl annotate --overwrite ns ${namespace} ${allowPipelinesFrom}=${wanted}`;
}
