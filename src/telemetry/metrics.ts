import { Registry } from 'prom-client';
import type { RuntimeFacts } from './health.ts';
import { meterOf, type Meter } from './meter.ts';
import { metricTable, type LabelsOf, type MetricKey } from './metric-table.ts';

/** One attempt at the Kubernetes API that has ended. */
interface KubeCall {
  readonly verb: string;
  /** Plural, with the subresource: `pipelines/status`. */
  readonly resource: string;
  /** HTTP status, or the error's code when there was no answer. */
  readonly code: string;
  readonly milliseconds: number;
}

/** One pass that has ended. */
interface Pass {
  readonly controller: string;
  readonly outcome: 'ok' | 'requeued' | 'failed';
  readonly milliseconds: number;
}

/** One call to a forge that has ended. */
interface ForgeCall {
  readonly host: string;
  readonly name: string;
  /** `ok`, `Aborted`, or the error's code. */
  readonly outcome: string;
  readonly milliseconds: number;
}

export interface MetricsOptions {
  readonly version: string;
  /** The longest hold-up of the event loop since it was asked last. Asked at each scrape. */
  readonly eventLoopLagMs: () => number;
}

/** What a scrape gets. */
export interface Scrape {
  readonly contentType: string;
  readonly text: string;
}

/**
 * The metrics of one process, in a registry of its own. Events are counted as they come; what is a state is read when somebody
 * scrapes, so that it costs nothing between. Counting never throws.
 */
export interface Metrics {
  kubeCall(ended: KubeCall): void;
  watchRestarted(resource: string, reason: string): void;
  pass(ended: Pass): void;
  forgeCall(ended: ForgeCall): void;
  budgetWait(wait: { readonly host: string; readonly why: 'content' | 'forge' }): void;
  /** From now on `read` is asked for the state at each scrape, and no longer who was before. */
  follow(read: () => RuntimeFacts): void;
  /** Everything as Prometheus reads it. Rejects with what `read` throws. */
  scrape(): Promise<Scrape>;
}

export function createMetrics({ version, eventLoopLagMs }: MetricsOptions): Metrics {
  const registry = new Registry();
  const meters = Object.fromEntries(
    Object.entries(metricTable).map(([key, declared]) => [key, meterOf(declared, registry)]),
  ) as Record<MetricKey, Meter>; // its keys are those of the table
  const record = <K extends MetricKey>(key: K, labels: LabelsOf<K>, value: number): void =>
    meters[key].record(labels, value);
  /** In place of all that was known before: what is gone must not stay as it was last seen. */
  const replace = <K extends MetricKey>(key: K, rows: readonly (readonly [LabelsOf<K>, number])[]): void => {
    meters[key].clear();
    for (const [labels, value] of rows) record(key, labels, value);
  };
  const startedAt = Date.now() / 1000 - process.uptime();
  record('buildInfo', { version }, 1);
  record('processStart', {}, startedAt);

  const readProcess = (): void => {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    replace('processCpu', [[{}, (user + system) / 1e6]]);
    record('processMemory', {}, rss);
    record('heapUsed', {}, heapUsed);
    record('eventLoopLag', {}, eventLoopLagMs() / 1000);
  };
  const readRuntime = ({
    isLeading,
    reflectors,
    controllers,
    credentials,
    access,
    overPrivileged = [],
    budgets = [],
  }: RuntimeFacts): void => {
    replace(
      'credentials',
      Object.entries(credentials?.reasons ?? {}).map(([reason, count]) => [{ reason }, count]),
    );
    const firstExpiry = credentials?.firstExpiry;
    replace('credentialFirstExpiry', firstExpiry === undefined ? [] : [[{}, firstExpiry.getTime() / 1000]]);
    replace(
      'credentialAccess',
      Object.entries(access?.verdicts ?? {}).map(([verdict, count]) => [{ verdict }, count]),
    );
    replace(
      'credentialAccessOthers',
      Object.entries(access?.others ?? {}).map(([name, count]) => [{ class: name }, count]),
    );
    replace(
      'overPrivileged',
      overPrivileged.map((right) => [{ right }, 1]),
    );
    // Those that have least left are the ones to be called by name.
    const scarcestFirst = budgets.toSorted((one, another) => one.remaining - another.remaining);
    replace(
      'forgeBudget',
      scarcestFirst.map(({ remaining, ...labels }) => [labels, remaining]),
    );
    record('leader', {}, isLeading ? 1 : 0);
    replace(
      'watchStaleness',
      reflectors.map(({ resource, staleMs }) => [{ resource }, staleMs / 1000]),
    );
    replace(
      'storeObjects',
      reflectors.map(({ resource, objects }) => [{ resource }, objects]),
    );
    replace(
      'storeRefused',
      reflectors.map(({ resource, refused }) => [{ resource }, refused]),
    );
    replace(
      'storeChecksum',
      reflectors.map(({ resource, checksum }) => [{ resource }, checksum]),
    );
    replace(
      'queueDepth',
      controllers.map(({ controller, queueDepth }) => [{ controller }, queueDepth]),
    );
    replace(
      'queueOldest',
      controllers.map(({ controller, oldestMs }) => [{ controller }, oldestMs / 1000]),
    );
    replace(
      'reconcileRunning',
      controllers.map(({ controller, running }) => [{ controller }, running]),
    );
    replace(
      'reconcileOverdue',
      controllers.map(({ controller, overdue }) => [{ controller }, overdue]),
    );
  };
  let read: () => RuntimeFacts = () => ({ isLeading: false, reflectors: [], controllers: [] });

  return {
    kubeCall: ({ verb, resource, code, milliseconds }) => {
      record('kubeRequests', { verb, resource, code }, 1);
      record('kubeRequestDuration', { verb, resource }, milliseconds / 1000);
    },
    watchRestarted: (resource, reason) => record('watchRestarts', { resource, reason }, 1),
    pass: ({ controller, outcome, milliseconds }) => {
      record('reconciles', { controller, outcome }, 1);
      record('reconcileDuration', { controller }, milliseconds / 1000);
    },
    forgeCall: ({ host, name, outcome, milliseconds }) => {
      record('forgeCalls', { host, call: name, outcome }, 1);
      record('forgeCallDuration', { host, call: name }, milliseconds / 1000);
    },
    budgetWait: (labels) => record('forgeBudgetWaits', labels, 1),
    follow: (next) => {
      read = next;
    },
    scrape: async () => {
      readProcess();
      readRuntime(read());
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
