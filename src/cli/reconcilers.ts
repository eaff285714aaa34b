import { hostname } from 'node:os';
import type { z } from 'zod';
import type { CredentialStatus } from '../api/credential.ts';
import { apiVersion, fieldOwner } from '../api/meta.ts';
import type { Pipeline } from '../api/pipeline.ts';
import { isSameJson } from '../base/same-json.ts';
import { systemClock } from '../base/time.ts';
import { Keyring, type SecretReader } from '../credentials/keyring.ts';
import { CredentialProblem } from '../credentials/problem.ts';
import { CredentialReconciler } from '../credentials/health/reconcile.ts';
import { ownPart } from '../credentials/health/status.ts';
import { Uses } from '../credentials/health/uses.ts';
import { applyStatus } from '../kube/apply.ts';
import { Controller, type EndedPass } from '../kube/controller.ts';
import { isKubeError } from '../kube/errors.ts';
import { Events } from '../kube/events/events.ts';
import { readSecret } from '../kube/secrets.ts';
import type { Transport } from '../kube/transport/transport.ts';
import { PipelineReconciler } from '../promotion/reconcile.ts';
import { MarkerIndex } from '../proposing/marker-index.ts';
import type { ControllerFacts } from '../telemetry/health.ts';
import type { Logger } from '../telemetry/log.ts';
import { credentials, pipelines, storedCredential, storedPipeline, type Caches } from './caches.ts';
import type { Config } from './config.ts';
import { deniedSecret } from './denied-secret.ts';
import type { ListedForges } from './forges.ts';
import { ownAccount } from './own-account.ts';
import type { Trouble } from './trouble.ts';

const credentialPassMs = 120_000;
/** More than a forge may take to send an archive: cut short, it would begin from the start each time and never end. */
const pipelinePassMs = 12 * 60_000;
const credentialConcurrency = 4;
const drainWithinMs = 2_000;

export interface ReconcilerParts {
  readonly config: Pick<Config, 'concurrency' | 'crossNamespaceTargets' | 'expiryWarningDays'>;
  readonly transport: Transport;
  readonly caches: Caches;
  readonly forges: ListedForges['byHost'];
  /** Asked in passes alone. */
  readonly instance: () => string;
  /** Rights that we have and must not have, as last asked. */
  readonly overPrivileged: () => readonly string[];
  readonly log: Logger;
  readonly trouble: Trouble;
  readonly onPass: (controller: string, ended: EndedPass) => void;
}

/** The two loops that act. */
export interface Reconcilers {
  /** Looks at a Pipeline, by its key. Nothing before `start`, which looks at all. */
  readonly onPipeline: (key: string) => void;
  /** Looks at a Credential, by its key; likewise. */
  readonly onCredential: (key: string) => void;
  readonly pipelineStored: (pipeline: Pipeline) => void;
  start(): void;
  /** Running passes are aborted at once, none begins. */
  abort(reason: Error): void;
  /** Ends the passes, within seven seconds: see Controller.stop. */
  stop(): Promise<void>;
  /** Sends what is still to be told in Events, and gives the forges their read tokens back, within two seconds. */
  drain(): Promise<void>;
  facts(): readonly ControllerFacts[];
}

/** Everything that a pass over a Pipeline or a Credential needs, put together. Nothing runs before `start`. */
export function createReconcilers({
  config,
  transport,
  caches,
  forges,
  instance,
  overPrivileged,
  log,
  trouble,
  onPass,
}: ReconcilerParts): Reconcilers {
  const credentialOptions = { concurrency: credentialConcurrency, deadlineMs: credentialPassMs };
  const credentialController = new Controller({
    name: 'credentials',
    ...credentialOptions,
    reconcile: (key, signal) => credentialReconciler.reconcile(key, signal),
    onFailure: (key, err) => log.error({ credential: key, err }, 'pass failed'),
    onPass: (ended) => onPass('credentials', ended),
  });
  const pipelineOptions = { concurrency: config.concurrency, deadlineMs: pipelinePassMs };
  const pipelineController = new Controller({
    name: 'pipelines',
    ...pipelineOptions,
    reconcile: (key, signal) => pipelineReconciler.reconcile(key, signal),
    onFailure: (key, err) => log.error({ pipeline: key, err }, 'pass failed'),
    onPass: (ended) => onPass('pipelines', ended),
  });
  const uses = new Uses(systemClock, (key, afterMs) => credentialController.queue.addAfter(key, afterMs));
  const keyring = new Keyring({
    forges,
    readSecret: secretReader(transport, caches, ownAccount(transport, trouble('own account'))),
    credential: (namespace, name) => caches.credential(`${namespace}/${name}`),
    observes: (namespace, name) => caches.observes(`${namespace}/${name}`),
    uses,
    clock: systemClock,
    onUnrevoked: (name) =>
      log.warn({ credential: name }, 'a write token could not be revoked; it ends within the hour'),
  });
  const events = new Events(transport, { name: 'controller', instance: hostname() }, trouble('events'));
  const credentialReconciler = new CredentialReconciler({
    keyring,
    credential: caches.credential,
    uses,
    clock: systemClock,
    writePermissions: (host) => forges.get(host)?.provider.permissions.write,
    warningDays: config.expiryWarningDays,
    overPrivileged,
    announce: ({ metadata: { namespace, name, uid } }, announcement) =>
      events.write({ apiVersion, kind: 'Credential', namespace, name, uid }, announcement),
    writeStatus: ({ metadata, status: before }, status, signal) =>
      applyStatus(
        transport,
        {
          resource: credentials,
          kind: 'Credential',
          metadata,
          status,
          fieldManager: fieldOwner,
          isDecidedUpon: (live) => hasOwnStatus(live, before),
        },
        signal,
      ),
  });
  const pipelineReconciler = new PipelineReconciler({
    tools: {
      keyring,
      index: new MarkerIndex(),
      get instance() {
        return instance();
      },
      credential: (namespace, name) => caches.credential(`${namespace}/${name}`),
      onUnexpected: (environment, err) => log.error({ environment, err }, 'unexpected failure'),
    },
    caches: {
      pipeline: caches.pipeline,
      app: (_engine, namespace, name) => caches.app(namespace, name),
      namespaceAnnotations: caches.namespaceAnnotations,
    },
    crossNamespaceTargets: config.crossNamespaceTargets,
    uses,
    clock: systemClock,
    writeStatus: ({ metadata, status: before }, status, signal) =>
      applyStatus(
        transport,
        {
          resource: pipelines,
          kind: 'Pipeline',
          metadata,
          status,
          fieldManager: fieldOwner,
          isDecidedUpon: (live) => hasStatus(storedPipeline, live, before),
        },
        signal,
      ),
    announce: ({ metadata: { namespace, name, uid } }, announcement) =>
      events.write({ apiVersion, kind: 'Pipeline', namespace, name, uid }, announcement),
  });
  const both = [
    { controller: pipelineController, ...pipelineOptions },
    { controller: credentialController, ...credentialOptions },
  ];
  // What a standby kept in its queue would grow with every object that comes and goes.
  let isStarted = false;
  return {
    onPipeline: (key) => {
      if (isStarted) pipelineController.queue.add(key);
    },
    onCredential: (key) => {
      if (isStarted) credentialController.queue.add(key);
    },
    pipelineStored: (pipeline) => pipelineReconciler.stored(pipeline),
    start: () => {
      isStarted = true;
      for (const key of caches.credentialKeys()) credentialController.queue.add(key);
      for (const key of caches.pipelineKeys()) pipelineController.queue.add(key);
      for (const { controller } of both) controller.start();
    },
    abort: (reason) => {
      for (const { controller } of both) controller.abort(reason);
    },
    stop: async () => {
      await Promise.all(both.map(({ controller }) => controller.stop()));
    },
    drain: async () => {
      await Promise.all([events.drain(drainWithinMs), keyring.close()]);
    },
    facts: () =>
      both.map(({ controller, ...options }) => ({
        controller: controller.name,
        ...options,
        ...controller.health(),
      })),
  };
}

/** Whether an object as the server has it holds this status, as far as we read it. */
function hasStatus(
  schema: z.ZodType<{ readonly status?: unknown }>,
  live: unknown,
  status: unknown,
): boolean {
  const read = schema.safeParse(live);
  return read.success && isSameJson(read.data.status, status);
}

/** The same for the part of a Credential's status that is ours: the auditor may write its own meanwhile. */
function hasOwnStatus(live: unknown, status: CredentialStatus | undefined): boolean {
  const read = storedCredential.safeParse(live);
  return read.success && isSameJson(ownPart(read.data.status ?? {}), ownPart(status ?? {}));
}

function secretReader(
  transport: Transport,
  caches: Caches,
  account: ReturnType<typeof ownAccount>,
): SecretReader {
  return async (namespace, name, { signal }) => {
    try {
      return await readSecret(transport, { namespace, name }, signal);
    } catch (thrown) {
      if (isKubeError(thrown, 'NotFound')) {
        throw new CredentialProblem('Missing', `Secret ${namespace}/${name} does not exist; create it`);
      }
      if (isKubeError(thrown, 'Forbidden')) {
        const credential = credentialOf(caches, namespace, name);
        const controller = await account(signal);
        throw new CredentialProblem(
          'AccessDenied',
          deniedSecret({ namespace, secret: name, credential, controller }),
        );
      }
      throw thrown;
    }
  };
}

/** The name of a Credential that names this Secret. */
function credentialOf(caches: Caches, namespace: string, secret: string): string {
  for (const key of caches.credentialKeys()) {
    const { metadata, spec } = caches.credential(key) ?? {};
    const named = spec?.githubApp ?? spec?.token;
    if (metadata?.namespace === namespace && named?.secretRef.name === secret) return metadata.name;
  }
  return 'CREDENTIAL';
}
