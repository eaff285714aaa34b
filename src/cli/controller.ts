import { CodedError } from '../base/error.ts';
import { systemClock } from '../base/time.ts';
import { haveRight } from '../kube/access-review.ts';
import { inCluster } from '../kube/clusters/in-cluster.ts';
import { readKubeconfig } from '../kube/clusters/kubeconfig.ts';
import type { Leadership } from '../kube/leader/leadership.ts';
import { Transport } from '../kube/transport/transport.ts';
import { Denials } from '../telemetry/denials.ts';
import { createLog, type Logger } from '../telemetry/log.ts';
import { actWhileHeld } from './act-while-held.ts';
import { createCaches, type Caches } from './caches.ts';
import type { Config } from './config.ts';
import { credentialFactsOf } from './credential-facts.ts';
import { electionOf } from './election.ts';
import { listForges } from './forges.ts';
import { startInstruments } from './instruments.ts';
import { isMisconfigured } from './misconfigured.ts';
import { NeededRights, statusRights } from './needed-rights.ts';
import { ownRights, refuseTooManyRights } from './own-rights.ts';
import { createReconcilers } from './reconcilers.ts';
import { logMissing, untilSynced } from './synced.ts';
import { troubleIn } from './trouble.ts';

/** What it cannot act without, beside its watches: whether that is denied is told by readiness. */
const uses = {
  election: 'leases',
  'status-pipelines': 'pipelines/status',
  'status-credentials': 'credentials/status',
};
/** The pages of a hundred thousand objects, or the questions about our rights (`must-not.ts`) and the first statuses after them. */
const callsAtStart = 300;
/** How long acting may wait to know what rights we have. */
const rightsWithinMs = 5_000;

/** Runs until it is asked to stop; gives the exit code, and leaves nothing that would keep the process from ending. */
export async function runController(config: Config, asked: AbortSignal): Promise<number> {
  const log = createLog(config.logLevel);
  try {
    await run(config, asked, log);
    log.info({}, 'stopped');
    return 0;
  } catch (thrown) {
    log.error({ err: thrown }, 'the controller failed');
    return isMisconfigured(thrown) ? 2 : 1;
  }
}

/** Rejects with what ended it, unless it was asked to stop. */
async function run(config: Config, asked: AbortSignal, log: Logger): Promise<void> {
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
    onWait: (host, why) => metrics.budgetWait({ host, why }),
    assertHeld: () => {
      if (leadership === undefined) throw new CodedError('LeadershipLost', 'another replica leads');
      leadership.assertHeld();
    },
  });
  const denials = new Denials(uses);
  const transport = new Transport(connection, {
    burst: callsAtStart,
    onCall: (ended) => {
      metrics.kubeCall(ended);
      denials.note(ended);
    },
  });
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
  const needed = new NeededRights({
    rights: [...election.rights, ...statusRights('pipelines', 'credentials')],
    haveRight: (right, signal) => haveRight(transport, right, signal),
    denials,
    onTrouble: trouble('needed rights'),
  });
  const rights = ownRights({
    config,
    transport,
    log,
    onTrouble: trouble('own rights'),
    onChange: () => {
      for (const key of caches.credentialKeys()) reconcilers.onCredential(key);
    },
  });
  let isOverPrivilegeAwaited = config.strictRbac;
  const tooManyRights = (): readonly string[] => {
    const now = rights.current();
    return now === 'unknown' ? [] : now.rights;
  };
  const reconcilers = createReconcilers({
    config,
    transport,
    caches,
    forges: forges.byHost,
    overPrivileged: tooManyRights,
    instance: () => config.instance ?? clusterId(caches),
    log,
    trouble,
    onPass: (controller, ended) => metrics.pass({ controller, ...ended }),
  });
  instruments.follow(() => ({
    isLeading: leadership?.isHeld === true,
    reflectors: caches.facts(),
    controllers: reconcilers.facts(),
    permissions: denials.facts(),
    budgets: forges.budgetFacts(),
    credentials: credentialFactsOf(caches.credentials(), systemClock.now()),
    overPrivileged: tooManyRights(),
    isOverPrivilegeAwaited,
  }));

  try {
    needed.start(asked);
    // At once: an API server that is away is for the caches to wait for and to tell of, also while no right can be asked about.
    await Promise.all([
      config.strictRbac
        ? refuseTooManyRights(rights, asked).then(() => (isOverPrivilegeAwaited = false))
        : undefined,
      untilSynced({ caches, signal: asked, onMissing: logMissing(log) }),
    ]);
    const instance = config.instance ?? clusterId(caches);
    log.info({ instance, pipelines: caches.pipelineCount() }, 'ready');
    // What status says of our rights would else be taken back at each start, and said again.
    await rights.start(asked, rightsWithinMs);
    leadership = await election.acquire(asked);
    const { lost } = leadership;
    await actWhileHeld({ lost, asked, reconcilers, onLeading: () => log.info({}, 'leading') });
  } catch (thrown) {
    if (!asked.aborted) throw thrown;
  } finally {
    if (asked.aborted) log.info({ signal: String(asked.reason) }, 'stopping');
    await Promise.all([reconcilers.stop(), rights.stop(), needed.stop()]);
    // Only now may another one act; it need not wait for what we have to tell.
    await Promise.all([leadership?.release(), reconcilers.drain()]);
    await caches.stop();
    await Promise.all([forges.close(), instruments.stop()]);
    await transport.close();
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
