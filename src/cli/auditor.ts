import { auditorFieldOwner } from '../api/meta.ts';
import { auditedCredential, credentials, secretNameOf } from '../auditor/audited.ts';
import { createAuditorCaches } from '../auditor/caches.ts';
import { Changes } from '../auditor/changes.ts';
import { audit } from '../auditor/closure.ts';
import { isConcerned } from '../auditor/concerned.ts';
import { CrossCheck } from '../auditor/cross-check.ts';
import { DoubtWatch } from '../auditor/doubt-watch.ts';
import { doubtOf } from '../auditor/doubt.ts';
import { OtherAuthorizers } from '../auditor/other-authorizers.ts';
import { AccessReconciler, type AccessReconcilerParts } from '../auditor/reconcile.ts';
import { Tally } from '../auditor/tally.ts';
import { isSameJson } from '../base/same-json.ts';
import { systemClock } from '../base/time.ts';
import { haveRight } from '../kube/access-review.ts';
import { inCluster } from '../kube/clusters/in-cluster.ts';
import { applyStatus } from '../kube/apply.ts';
import { Controller } from '../kube/controller.ts';
import type { Connection } from '../kube/transport/connection.ts';
import { Transport } from '../kube/transport/transport.ts';
import { Denials } from '../telemetry/denials.ts';
import { createLog, type Logger } from '../telemetry/log.ts';
import type { AuditorConfig } from './auditor-config.ts';
import { startInstruments } from './instruments.ts';
import { isMisconfigured } from './misconfigured.ts';
import { NeededRights, statusRights } from './needed-rights.ts';
import { logMissing, untilSynced } from './synced.ts';
import { troubleIn, type Trouble } from './trouble.ts';

/** What it cannot act without, beside its watches: whether that is denied is told by readiness. */
const uses = { 'status-credentials': 'credentials/status' };
const concurrency = 4;
const passMs = 120_000;
const doubtLookMs = 30_000;
/** What changes in one go, such as an app that is installed, is looked at once. */
const gatherMs = 500;
/** Time for each Credential between two rounds over all of them, so that churn in a large cluster leaves a core half of its time. */
const gatherPerCredentialMs = 20;

/** Runs until it is asked to stop; gives the exit code, and leaves nothing that would keep the process from ending. */
export async function runAuditor(config: AuditorConfig, asked: AbortSignal): Promise<number> {
  const log = createLog(config.logLevel);
  try {
    await run(config, asked, log);
    log.info({}, 'stopped');
    return 0;
  } catch (thrown) {
    log.error({ err: thrown }, 'the auditor failed');
    return isMisconfigured(thrown) ? 2 : 1;
  }
}

/** Rejects with what ended it, unless it was asked to stop. */
async function run(config: AuditorConfig, asked: AbortSignal, log: Logger): Promise<void> {
  const trouble = troubleIn(log);
  const connection = await connectionOf(config, trouble);
  const denials = new Denials(uses);
  const transport = new Transport(connection, {
    onCall: (ended) => {
      metrics.kubeCall(ended);
      denials.note(ended);
    },
  });
  const instruments = await startInstruments(config.telemetryAddress, log);
  const { metrics } = instruments;
  const tally = new Tally();
  const { trusted, fluxLockedDown } = config;
  const controller = new Controller({
    name: 'access',
    concurrency,
    deadlineMs: passMs,
    reconcile: (key, signal) => reconciler.reconcile(key, signal),
    onFailure: (key, err) => log.error({ credential: key, err }, 'pass failed'),
    onPass: (ended) => metrics.pass({ controller: 'access', ...ended }),
  });
  const near = new Changes({
    gatherMs: () => gatherMs,
    onGathered: (places) => {
      for (const key of caches.credentialKeys()) if (places.has(namespaceOf(key))) controller.queue.add(key);
    },
  });
  const far = new Changes({
    gatherMs: () => gatherMs + gatherPerCredentialMs * caches.credentialCount(),
    onGathered: (places) => {
      for (const key of caches.credentialKeys()) {
        const of = { namespace: namespaceOf(key), on: reconciler.dependence(key) };
        if (isConcerned(places, of)) controller.queue.add(key);
      }
    },
  });
  // What is listed at first is no change.
  let isStarted = false;
  const caches = createAuditorCaches(transport, {
    onRbac: (place, felt) => {
      if (!isStarted) return;
      near.add(place);
      far.add(felt());
    },
    onCredential: (key) => {
      if (isStarted) controller.queue.add(key);
    },
    onTrouble: (resource, error) => trouble(resource)(error),
    onRestart: (resource, reason) => metrics.watchRestarted(resource, reason),
  });
  const doubt = () => doubtOf(caches.facts());
  const queueAll = (): void => {
    for (const key of caches.credentialKeys()) controller.queue.add(key);
  };
  const doubtWatch = new DoubtWatch({ doubt, everyMs: doubtLookMs, onChange: queueAll });
  const trustsAuthorizers = config.otherAuthorizers === 'Trusted';
  const otherAuthorizers = new OtherAuthorizers({
    transport,
    namespace: config.controller.namespace,
    clock: systemClock,
    onChange: () => {
      log.info({ doubt: otherAuthorizers.doubt() ?? 'none' }, 'other authorizers');
      if (isStarted) queueAll();
    },
    onTrouble: trouble('selfsubjectrulesreviews'),
  });
  const needed = new NeededRights({
    rights: statusRights('credentials'),
    haveRight: (right, signal) => haveRight(transport, right, signal),
    denials,
    onTrouble: trouble('needed rights'),
  });
  const reconciler = new AccessReconciler({
    credential: caches.credential,
    controller: config.controller,
    audit: (of) => audit(caches.index, { ...of, trusted, fluxLockedDown }),
    doubt,
    doubtOfOthers: () => (trustsAuthorizers ? undefined : otherAuthorizers.doubt()),
    trustsAuthorizers,
    crossCheck: new CrossCheck({ transport, clock: systemClock }),
    clock: systemClock,
    write: writerAt(transport),
    onAnswer: (key, found, before) => {
      tally.note(key, found);
      if (found === undefined || found.answer.verdict === before?.verdict) return;
      const { verdict, others } = found.answer;
      log.info({ credential: key, verdict, others, before: before?.verdict ?? 'none' }, 'access');
    },
    onNoReview: trouble('subjectaccessreviews'),
  });
  instruments.follow(() => ({
    // Nobody is elected: two that run at once write the same.
    isLeading: false,
    reflectors: caches.facts(),
    controllers: [{ controller: controller.name, concurrency, deadlineMs: passMs, ...controller.health() }],
    permissions: denials.facts(),
    access: tally.facts(),
  }));

  try {
    needed.start(asked);
    await Promise.all([
      untilSynced({ caches, signal: asked, onMissing: logMissing(log) }),
      trustsAuthorizers ? undefined : otherAuthorizers.start(asked),
    ]);
    log.info(
      { credentials: caches.credentialCount(), controller: config.controller, trusted, fluxLockedDown },
      'ready',
    );
    isStarted = true;
    doubtWatch.start();
    queueAll();
    controller.start();
    await new Promise<void>((resolve) => {
      if (asked.aborted) resolve();
      asked.addEventListener('abort', () => resolve(), { once: true });
    });
  } catch (thrown) {
    if (!asked.aborted) throw thrown;
  } finally {
    if (asked.aborted) log.info({ signal: String(asked.reason) }, 'stopping');
    doubtWatch.close();
    near.close();
    far.close();
    await Promise.all([otherAuthorizers.stop(), needed.stop()]);
    await controller.stop();
    await caches.stop();
    await instruments.stop();
    await transport.close();
  }
}

async function connectionOf(
  { kubeconfig, context, serviceAccountFolder }: AuditorConfig,
  trouble: Trouble,
): Promise<Connection> {
  if (kubeconfig === undefined)
    return inCluster(serviceAccountFolder, process.env, trouble('service account'));
  // The reading of YAML takes memory that a Pod can do without.
  const { readKubeconfig } = await import('../kube/clusters/kubeconfig.ts');
  return readKubeconfig(kubeconfig, context, trouble('kubeconfig'));
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

/** Writes `status.access`, and nothing else of a status. */
function writerAt(transport: Transport): AccessReconcilerParts['write'] {
  return (to, access, signal) =>
    applyStatus(
      transport,
      {
        resource: credentials,
        kind: 'Credential',
        metadata: to.metadata,
        status: { access },
        fieldManager: auditorFieldOwner,
        isDecidedUpon: (live) => {
          const { data } = auditedCredential.safeParse(live);
          return (
            data !== undefined &&
            secretNameOf(data) === to.secret &&
            isSameJson(data.status?.access, to.before)
          );
        },
      },
      signal,
    );
}
