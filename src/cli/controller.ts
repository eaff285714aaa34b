import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { credential, type Credential } from '../api/credential.ts';
import { apiVersion, fieldOwner, group, objectMeta, version } from '../api/meta.ts';
import { pipeline, promotionInto, type Pipeline } from '../api/pipeline.ts';
import { CodedError, codeOf } from '../base/error.ts';
import { systemClock } from '../base/time.ts';
import { Keyring, type ListedForge, type SecretReader } from '../credentials/keyring.ts';
import { looksSame } from '../credentials/looks-same.ts';
import { CredentialProblem } from '../credentials/problem.ts';
import { CredentialReconciler } from '../credentials/reconcile.ts';
import { Uses } from '../credentials/uses.ts';
import type { AppObject } from '../engines/engine.ts';
import { engineFor, engines } from '../engines/index.ts';
import { connect } from '../forges/connect.ts';
import { providers } from '../forges/index.ts';
import { measured } from '../forges/measured.ts';
import { applyStatus } from '../kube/apply.ts';
import { Controller } from '../kube/controller.ts';
import { isKubeError } from '../kube/errors.ts';
import { Events } from '../kube/events.ts';
import { inCluster } from '../kube/in-cluster.ts';
import { readKubeconfig } from '../kube/kubeconfig.ts';
import { Reflector } from '../kube/reflector.ts';
import { pathOf, type Resource } from '../kube/resource.ts';
import { readSecret } from '../kube/secrets.ts';
import type { Stored } from '../kube/store.ts';
import { Transport } from '../kube/transport.ts';
import { PipelineReconciler } from '../promotion/reconcile.ts';
import { MarkerIndex } from '../proposing/marker-index.ts';
import { createLog, type Logger } from '../telemetry/log.ts';
import type { Config } from './config.ts';

const pipelines: Resource = { group, version, plural: 'pipelines' };
const credentials: Resource = { group, version, plural: 'credentials' };
const namespaces: Resource = { group: '', version: 'v1', plural: 'namespaces' };
const helmReleases: Resource = { group: 'helm.toolkit.fluxcd.io', version: 'v2', plural: 'helmreleases' };

const credentialPassMs = 120_000;
/** More than a forge may take to send an archive: cut short, it would begin from the start each time and never end. */
const pipelinePassMs = 12 * 60_000;
/** How long the first lists may take; the kubelet starts us again after that. */
const longestSyncMs = 120_000;

// A status that a newer version wrote must not hide the object: it is written anew.
const storedPipeline = pipeline.safeExtend({ status: pipeline.shape.status.catch(undefined) });
const storedCredential = credential.safeExtend({ status: credential.shape.status.catch(undefined) });

/** A Namespace as far as it is read. */
const namespaceObject = z.object({ metadata: objectMeta });

/** What it was started with is wrong, so that trying again is of no use. */
const misconfigured: ReadonlySet<string> = new Set(['ConfigInvalid', 'KubeconfigInvalid', 'NotInCluster']);

/** Runs until SIGTERM or SIGINT; gives the exit code, and leaves nothing that would keep the process from ending. */
export async function runController(
  config: Config,
  { syncWithinMs = longestSyncMs }: { readonly syncWithinMs?: number } = {},
): Promise<number> {
  const log = createLog(config.logLevel);
  try {
    return await run(config, log, syncWithinMs);
  } catch (thrown) {
    log.error({ err: thrown }, 'the controller failed');
    return misconfigured.has(codeOf(thrown)) ? 2 : 1;
  }
}

async function run(config: Config, log: Logger, syncWithinMs: number): Promise<number> {
  const stopping = untilAskedToStop();
  const transport = new Transport(
    config.kubeconfig === undefined
      ? inCluster(config.serviceAccountFolder, process.env)
      : readKubeconfig(config.kubeconfig, config.context),
  );
  const trouble = (what: string) => (err: unknown) => log.warn({ what, err }, 'worked around');
  const forges = listedForges(config, log);
  const instance = config.instance ?? (await clusterId(transport));

  const credentialController = new Controller({
    name: 'credentials',
    concurrency: 4,
    deadlineMs: credentialPassMs,
    reconcile: (key, signal) => credentialReconciler.reconcile(key, signal),
    onFailure: (key, err) => log.error({ credential: key, err }, 'pass failed'),
  });
  const pipelineController = new Controller({
    name: 'pipelines',
    concurrency: config.concurrency,
    deadlineMs: pipelinePassMs,
    reconcile: (key, signal) => pipelineReconciler.reconcile(key, signal),
    onFailure: (key, err) => log.error({ pipeline: key, err }, 'pass failed'),
  });
  /** Every Pipeline that reads this name: of an app, a namespace or a Credential. */
  const nudge = (name: string): void => {
    for (const key of pipelineReflector.store.indexed(name)) pipelineController.queue.add(key);
  };

  const pipelineReflector = new Reflector<Pipeline>({
    transport,
    resource: pipelines,
    project: (object) => storedPipeline.parse(object),
    indexOf: namesReadBy,
    onChange: (change) => {
      // What we wrote into status ourselves is nothing new.
      if (change.kind === 'updated' && isSameWish(change.before, change.object)) return;
      pipelineController.queue.add(change.key);
    },
    onTrouble: trouble('pipelines'),
  });
  const credentialReflector = new Reflector<Credential>({
    transport,
    resource: credentials,
    project: (object) => storedCredential.parse(object),
    onChange: (change) => {
      if (change.kind !== 'updated' || !looksSame(change.before, change.object))
        nudge(`credential ${change.key}`);
      if (change.kind === 'updated' && isSameWish(change.before, change.object)) return;
      credentialController.queue.add(change.key);
    },
    onTrouble: trouble('credentials'),
  });
  const namespaceReflector = new Reflector<z.infer<typeof namespaceObject>>({
    transport,
    resource: namespaces,
    project: (object) => namespaceObject.parse(object),
    onChange: ({ object }) => nudge(`namespace ${object.metadata.name}`),
    onTrouble: trouble('namespaces'),
  });
  const helmRelease = engines['helm.toolkit.fluxcd.io/HelmRelease'];
  const appReflector = new Reflector<AppObject & Stored>({
    transport,
    resource: helmReleases,
    project: (object) => helmRelease.project(object),
    onChange: ({ key }) => nudge(appName(helmRelease.group, helmRelease.kind, key)),
    onTrouble: trouble('helmreleases'),
  });

  const uses = new Uses(systemClock, (key) => credentialController.queue.add(key));
  const keyring = new Keyring({
    forges,
    readSecret: secretReader(transport),
    uses,
    clock: systemClock,
    onUnrevoked: (name) =>
      log.warn({ credential: name }, 'a write token could not be revoked; it ends within the hour'),
  });
  const events = new Events(transport, { name: 'controller', instance: hostname() }, trouble('events'));
  const credentialReconciler = new CredentialReconciler({
    keyring,
    credential: (key) => credentialReflector.store.get(key),
    uses,
    clock: systemClock,
    writePermissions: (host) => forges.get(host)?.provider.permissions.write,
    writeStatus: ({ metadata }, status, signal) =>
      applyStatus(
        transport,
        { resource: credentials, kind: 'Credential', metadata, status, fieldManager: fieldOwner },
        signal,
      ),
  });
  const pipelineReconciler = new PipelineReconciler({
    tools: {
      keyring,
      index: new MarkerIndex(),
      instance,
      credential: (namespace, name) => credentialReflector.store.get(`${namespace}/${name}`),
      onUnexpected: (environment, err) => log.error({ environment, err }, 'unexpected failure'),
    },
    caches: {
      pipeline: (key) => pipelineReflector.store.get(key),
      app: (_engine, namespace, name) => appReflector.store.get(`${namespace}/${name}`),
      namespaceAnnotations: (name) => {
        const found = namespaceReflector.store.get(`/${name}`);
        return found === undefined ? undefined : (found.metadata.annotations ?? {});
      },
    },
    crossNamespaceTargets: config.crossNamespaceTargets,
    uses,
    clock: systemClock,
    writeStatus: ({ metadata }, status, signal) =>
      applyStatus(
        transport,
        { resource: pipelines, kind: 'Pipeline', metadata, status, fieldManager: fieldOwner },
        signal,
      ),
    announce: ({ metadata: { namespace, name, uid } }, announcement) =>
      events.write({ apiVersion, kind: 'Pipeline', namespace, name, uid }, announcement),
  });

  const reflectors = [namespaceReflector, credentialReflector, appReflector, pipelineReflector];
  const syncing = Promise.all(reflectors.map((each) => each.start()));
  syncing.catch(() => undefined);
  const first = await Promise.race([syncing.then(() => 'synced' as const), stopping, after(syncWithinMs)]);
  if (first === 'synced') {
    credentialController.start();
    pipelineController.start();
    log.info({ instance, pipelines: pipelineReflector.store.size }, 'ready');
    log.info({ signal: await stopping }, 'stopping');
  }
  await Promise.all([pipelineController.stop(), credentialController.stop()]);
  await events.drain();
  await Promise.all(reflectors.map((each) => each.stop()));
  await Promise.all([...forges.values()].map(({ connection }) => connection.close()));
  await transport.close();
  // Only now: what still ran would keep the process from ending.
  if (first === 'late')
    throw new CodedError('NotSynced', `the caches were not filled within ${syncWithinMs} ms`);
  log.info({}, 'stopped');
  return 0;
}

/** The first signal asks us to stop; a second one ends the process as it always does. */
function untilAskedToStop(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}

async function after(ms: number): Promise<'late'> {
  return await new Promise((resolve) => setTimeout(resolve, ms, 'late' as const).unref());
}

/** The uid of namespace kube-system names a cluster. */
async function clusterId(transport: Transport): Promise<string> {
  const signal = AbortSignal.timeout(60_000);
  const found = await transport.call({
    method: 'GET',
    path: pathOf(namespaces, { name: 'kube-system' }),
    signal,
  });
  return namespaceObject.parse(found).metadata.uid;
}

function listedForges(
  config: Config,
  log: Logger,
): ReadonlyMap<string, ListedForge & { readonly connection: ReturnType<typeof connect> }> {
  return new Map(
    config.forges.map(({ host, provider, apiURL, caFile }) => [
      host,
      {
        connection: connect({
          host,
          provider,
          apiUrl: apiURL,
          ...(caFile === undefined ? {} : { ca: readAuthority(host, caFile) }),
        }),
        provider: measured(providers[provider], () => (ended) => log.debug({ host, ...ended }, 'forge call')),
      },
    ]),
  );
}

function readAuthority(host: string, caFile: string): string {
  try {
    return readFileSync(caFile, 'utf8');
  } catch (thrown) {
    throw new CodedError(
      'ConfigInvalid',
      `forge ${host}: cannot read its caFile ${caFile} (${codeOf(thrown)})`,
    );
  }
}

function secretReader(transport: Transport): SecretReader {
  return async (namespace, name, { signal }) => {
    try {
      return await readSecret(transport, { namespace, name }, signal);
    } catch (thrown) {
      if (isKubeError(thrown, 'NotFound')) {
        throw new CredentialProblem(
          'SecretNotFound',
          `Secret ${namespace}/${name} does not exist; create it`,
        );
      }
      if (isKubeError(thrown, 'Forbidden')) {
        throw new CredentialProblem(
          'SecretAccessDenied',
          `the controller may not get Secret ${namespace}/${name}; grant it by a Role with resourceNames: [${name}] and a RoleBinding`,
        );
      }
      throw thrown;
    }
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

/** Nothing changed but what we write ourselves. */
function isSameWish(before: Pipeline | Credential, after: Pipeline | Credential): boolean {
  return (
    before.metadata.generation === after.metadata.generation &&
    before.metadata.deletionTimestamp === after.metadata.deletionTimestamp &&
    JSON.stringify(before.metadata.annotations) === JSON.stringify(after.metadata.annotations)
  );
}

// Named for readers of a stack trace: an unhandled rejection ends the process, with a code and no more.
process.on('unhandledRejection', (thrown) => {
  process.stderr.write(
    `${JSON.stringify({ level: 'error', code: codeOf(thrown), msg: 'unhandled rejection' })}\n`,
  );
  process.exit(1);
});
