import { CodedError, codeOf } from '../base/error.ts';
import { inCluster } from '../kube/clusters/in-cluster.ts';
import { readKubeconfig } from '../kube/clusters/kubeconfig.ts';
import type { Leadership } from '../kube/leader/leadership.ts';
import { Transport } from '../kube/transport/transport.ts';
import { createLog, type Logger } from '../telemetry/log.ts';
import { endOnUnhandled } from '../telemetry/unhandled.ts';
import { createCaches, type Caches } from './caches.ts';
import type { Config } from './config.ts';
import { electionOf } from './election.ts';
import { listForges } from './forges.ts';
import { startInstruments } from './instruments.ts';
import { createReconcilers } from './reconcilers.ts';
import { troubleIn } from './trouble.ts';

/** How long the first lists may take; the kubelet starts us again after that. */
const longestSyncMs = 120_000;

/** What it was started with is wrong, so that trying again is of no use. */
const misconfigured: ReadonlySet<string> = new Set(['ConfigInvalid', 'KubeconfigInvalid', 'NotInCluster']);

/** Runs until it is asked to stop; gives the exit code, and leaves nothing that would keep the process from ending. */
export async function runController(
  config: Config,
  asked: AbortSignal,
  { syncWithinMs = longestSyncMs }: { readonly syncWithinMs?: number } = {},
): Promise<number> {
  endOnUnhandled();
  const log = createLog(config.logLevel);
  try {
    await run(config, asked, log, syncWithinMs);
    log.info({}, 'stopped');
    return 0;
  } catch (thrown) {
    log.error({ err: thrown }, 'the controller failed');
    return misconfigured.has(codeOf(thrown)) ? 2 : 1;
  }
}

/** Rejects with what ended it, unless it was asked to stop. */
async function run(config: Config, asked: AbortSignal, log: Logger, syncWithinMs: number): Promise<void> {
  const trouble = troubleIn(log);
  let leadership: Leadership | undefined;

  const connection =
    config.kubeconfig === undefined
      ? inCluster(config.serviceAccountFolder, process.env, trouble('service account'))
      : readKubeconfig(config.kubeconfig, config.context, trouble('kubeconfig'));
  const forges = listForges(config.forges, {
    onCall: (host, ended) => {
      metrics.forgeCall({ host, ...ended });
      log.debug({ host, ...ended }, 'forge call');
    },
    assertHeld: () => {
      if (leadership === undefined) throw new CodedError('LeadershipLost', 'another replica leads');
      leadership.assertHeld();
    },
  });
  const transport = new Transport(connection, { onCall: (ended) => metrics.kubeCall(ended) });
  const election = electionOf(config, transport, trouble('leader election'));
  // What the configuration says is known to be right: from here on there is something to be closed.
  const instruments = await startInstruments(config.telemetryAddress, log);
  const { metrics } = instruments;
  const caches = createCaches(transport, {
    onPipeline: (key) => reconcilers.onPipeline(key),
    onPipelineStored: (pipeline) => reconcilers.pipelineStored(pipeline),
    onCredential: (key) => reconcilers.onCredential(key),
    onTrouble: (resource, error) => trouble(resource)(error),
    onRestart: (resource, reason) => metrics.watchRestarted(resource, reason),
  });
  const reconcilers = createReconcilers({
    config,
    transport,
    caches,
    forges: forges.byHost,
    instance: () => config.instance ?? clusterId(caches),
    log,
    trouble,
    onPass: (controller, ended) => metrics.pass({ controller, ...ended }),
  });
  instruments.follow(() => ({
    isLeading: leadership !== undefined,
    reflectors: caches.facts(),
    controllers: reconcilers.facts(),
  }));

  try {
    await synced(caches, asked, syncWithinMs);
    const instance = config.instance ?? clusterId(caches);
    log.info({ instance, pipelines: caches.pipelineCount() }, 'ready');
    leadership = await election.acquire(asked);
    const { lost } = leadership;
    lost.throwIfAborted();
    // Whatever still acts must not, also while we stop: another replica may act from then on.
    const onLost = (): void => reconcilers.abort(lost.reason as CodedError); // see Leadership.lost
    lost.addEventListener('abort', onLost, { once: true });
    log.info({}, 'leading');
    reconcilers.start();
    await anyOf(asked, lost);
    lost.throwIfAborted();
  } catch (thrown) {
    if (!asked.aborted || leadership?.lost.aborted === true) throw thrown;
  } finally {
    if (asked.aborted) log.info({ signal: String(asked.reason) }, 'stopping');
    await reconcilers.stop();
    // Only now may another one act; it need not wait for what we have to tell.
    await Promise.all([leadership?.release(), reconcilers.drain()]);
    await caches.stop();
    await Promise.all([forges.close(), instruments.stop()]);
    await transport.close();
  }
}

/** Resolves when one of them is aborted. */
async function anyOf(...signals: readonly AbortSignal[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of signals) {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  }
  await promise;
}

/** Rejects with NotSynced when the caches take longer, and with the signal's reason. */
async function synced(caches: Caches, signal: AbortSignal, withinMs: number): Promise<void> {
  const { promise: given, reject } = Promise.withResolvers<never>();
  const late = setTimeout(
    () => reject(new CodedError('NotSynced', `the caches were not filled within ${withinMs} ms`)),
    withinMs,
  );
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const starting = caches.start();
  // Once it is given up, stopping the caches rejects it.
  starting.catch(() => undefined);
  try {
    signal.throwIfAborted();
    await Promise.race([starting, given]);
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', onAbort);
  }
}

/** The uid of namespace kube-system names a cluster. Throws ConfigInvalid where there is none. */
function clusterId(caches: Caches): string {
  const uid = caches.namespaceUid('kube-system');
  if (uid !== undefined) return uid;
  throw new CodedError(
    'ConfigInvalid',
    'there is no namespace kube-system to name this install: give --instance',
  );
}
