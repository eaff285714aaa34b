import { z } from 'zod';
import { credential, type Credential } from '../api/credential.ts';
import { group, objectMeta, version, type Annotations } from '../api/meta.ts';
import { pipeline, promotionInto, type Pipeline } from '../api/pipeline.ts';
import { isSameJson } from '../base/same-json.ts';
import { shareStrings } from '../base/share-strings.ts';
import { looksSame } from '../credentials/health/looks-same.ts';
import type { AppObject } from '../engines/engine.ts';
import { engineFor, engines } from '../engines/index.ts';
import { Reflector, type ReflectorOptions } from '../kube/reflector/reflector.ts';
import type { Resource } from '../kube/resource.ts';
import { isOlder } from '../kube/resource-version.ts';
import type { Stored } from '../kube/reflector/store.ts';
import type { Transport } from '../kube/transport/transport.ts';
import type { ReflectorFacts } from '../telemetry/health.ts';

export const pipelines: Resource = { group, version, plural: 'pipelines' };
export const credentials: Resource = { group, version, plural: 'credentials' };
const namespaces: Resource = { group: '', version: 'v1', plural: 'namespaces' };
const helmReleases: Resource = { group: 'helm.toolkit.fluxcd.io', version: 'v2', plural: 'helmreleases' };

// A status that a newer version wrote must not hide the object: it is written anew.
export const storedPipeline = pipeline.safeExtend({ status: pipeline.shape.status.catch(undefined) });
export const storedCredential = credential.safeExtend({ status: credential.shape.status.catch(undefined) });

/** A Namespace as far as it is read. */
const namespaceObject = z.object({ metadata: objectMeta });
type NamespaceObject = z.infer<typeof namespaceObject>;

export interface CacheHooks {
  /** A Pipeline, by its key, may have to be looked at again. */
  readonly onPipeline: (key: string) => void;
  /** A version of a Pipeline has come, also one that only we made. */
  readonly onPipelineStored: (pipeline: Pipeline) => void;
  /** A Credential, by its key, may have to be looked at again. */
  readonly onCredential: (key: string) => void;
  readonly onTrouble: (resource: string, error: unknown) => void;
  readonly onRestart: (resource: string, reason: string) => void;
}

export interface Caches {
  readonly pipeline: (key: string) => Pipeline | undefined;
  readonly pipelineKeys: () => Iterable<string>;
  readonly credentialKeys: () => Iterable<string>;
  readonly credentials: () => Iterable<Credential>;
  readonly pipelineCount: () => number;
  readonly credential: (key: string) => Credential | undefined;
  /** Whether other Credentials name it in `lastUsedFrom`, and no Pipeline names it, or one does too. */
  readonly observes: (key: string) => 'only' | 'also' | undefined;
  readonly app: (namespace: string, name: string) => AppObject | undefined;
  /** Undefined when the Namespace does not exist. */
  readonly namespaceAnnotations: (name: string) => Annotations | undefined;
  /** Undefined when the Namespace does not exist. */
  readonly namespaceUid: (name: string) => string | undefined;
  /** Resolves when all hold what the server has; rejects when stopped before. */
  start(): Promise<void>;
  stop(): Promise<void>;
  facts(): readonly ReflectorFacts[];
}

/** What is followed of the cluster, and whom each change concerns. */
export function createCaches(transport: Transport, hooks: CacheHooks): Caches {
  const { onPipeline, onCredential } = hooks;
  const reflect = <T extends Stored>(
    resource: Resource,
    parts: Pick<ReflectorOptions<T>, 'project' | 'indexOf' | 'onChange'>,
  ): Reflector<T> =>
    new Reflector({
      transport,
      resource,
      onTrouble: (error) => hooks.onTrouble(resource.plural, error),
      onRestart: (reason) => hooks.onRestart(resource.plural, reason),
      ...parts,
      // Thousands of objects say the same names, reasons and times.
      project: (object) => shareStrings(parts.project(object)),
    });
  /** Every Pipeline that reads this name: of an app, a namespace or a Credential. */
  const nudge = (name: string): void => {
    for (const key of ofPipelines.store.indexed(name)) onPipeline(key);
  };

  const ofPipelines = reflect<Pipeline>(pipelines, {
    project: (object) => storedPipeline.parse(object),
    indexOf: namesReadBy,
    onChange: (change) => {
      if (change.kind === 'updated') hooks.onPipelineStored(change.object);
      // What we wrote into status ourselves is nothing new.
      if (change.kind === 'updated' && isSameWish(change.before, change.object)) return;
      onPipeline(change.key);
    },
  });
  const ofCredentials = reflect<Credential>(credentials, {
    project: (object) => storedCredential.parse(object),
    indexOf: ({ metadata: { namespace }, spec }) =>
      spec.lastUsedFrom === undefined ? [] : [`${namespace}/${spec.lastUsedFrom.credentialRef.name}`],
    onChange: (change) => {
      if (change.kind !== 'updated' || !looksSame(change.before, change.object))
        nudge(`credential ${change.key}`);
      if (
        change.kind === 'updated' &&
        isSameWish(change.before, change.object) &&
        isSameJson(change.before.status?.access, change.object.status?.access)
      )
        return;
      onCredential(change.key);
    },
  });
  const ofNamespaces = reflect<NamespaceObject>(namespaces, {
    project: (object) => namespaceObject.parse(object),
    onChange: ({ object }) => nudge(`namespace ${object.metadata.name}`),
  });
  const helmRelease = engines['helm.toolkit.fluxcd.io/HelmRelease'];
  const ofApps = reflect<AppObject & Stored>(helmReleases, {
    project: (object) => helmRelease.project(object),
    onChange: (change) => {
      // Flux looks at each app every few minutes, and mostly writes nothing that is read here.
      if (change.kind === 'updated' && isSameApp(change.before, change.object)) return;
      nudge(appName(helmRelease.group, helmRelease.kind, change.key));
    },
  });
  const all = [ofNamespaces, ofCredentials, ofApps, ofPipelines];

  return {
    pipeline: (key) => ofPipelines.store.get(key),
    pipelineKeys: () => ofPipelines.store.keys(),
    credentialKeys: () => ofCredentials.store.keys(),
    credentials: () => ofCredentials.store.values(),
    pipelineCount: () => ofPipelines.store.size,
    credential: (key) => ofCredentials.store.get(key),
    observes: (key) => {
      if (!ofCredentials.store.indexed(key).some((each) => each !== key)) return undefined;
      return ofPipelines.store.indexed(`credential ${key}`).length === 0 ? 'only' : 'also';
    },
    app: (namespace, name) => ofApps.store.get(`${namespace}/${name}`),
    namespaceAnnotations: (name) => {
      const found = ofNamespaces.store.get(`/${name}`);
      return found === undefined ? undefined : (found.metadata.annotations ?? {});
    },
    namespaceUid: (name) => ofNamespaces.store.get(`/${name}`)?.metadata.uid,
    start: async () => {
      await Promise.all(all.map((reflector) => reflector.start()));
    },
    stop: async () => {
      await Promise.all(all.map((reflector) => reflector.stop()));
    },
    facts: () => all.map((reflector) => reflector.facts()),
  };
}

/** Everything whose change may change what a Pipeline's pass finds, as names in the index. */
function namesReadBy({ metadata: { namespace }, spec }: Pipeline): readonly string[] {
  const engine = engineFor(spec.appRef.apiVersion, spec.appRef.kind);
  const names = new Set<string>();
  for (const environment of spec.environments) {
    const { pullRequest } = promotionInto(spec, environment);
    if (pullRequest !== undefined) names.add(`credential ${namespace}/${pullRequest.credentialRef.name}`);
    for (const target of environment.targets) {
      names.add(`namespace ${target.namespace}`);
      const app = `${target.namespace}/${target.appName ?? spec.appRef.name}`;
      if (engine !== undefined) names.add(appName(engine.group, engine.kind, app));
    }
  }
  return [...names];
}

function appName(group: string, kind: string, key: string): string {
  return `app ${group}/${kind} ${key}`;
}

/** Nothing that is read has changed. */
function isSameApp(before: AppObject, after: AppObject): boolean {
  const { resourceVersion } = after.metadata;
  return isSameJson({ ...before, metadata: { ...before.metadata, resourceVersion } }, after);
}

/** Nothing changed but what we write ourselves: no older record of it either, as a server that was put back has. */
function isSameWish(before: Pipeline | Credential, after: Pipeline | Credential): boolean {
  return (
    !isOlder(after.metadata.resourceVersion, before.metadata.resourceVersion) &&
    before.metadata.generation === after.metadata.generation &&
    before.metadata.deletionTimestamp === after.metadata.deletionTimestamp &&
    isSameJson(before.metadata.annotations, after.metadata.annotations)
  );
}
