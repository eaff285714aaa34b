/** Which values a label may have: these alone, or any of code and configuration up to a number of different ones. */
export type LabelValues = readonly string[] | 'any';

export interface DeclaredMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One sentence. */
  readonly help: string;
  readonly labels: Readonly<Record<string, LabelValues>>;
  /** Upper bounds of a histogram, in its unit. */
  readonly buckets?: readonly number[];
  /** What a gauge shows of several values with the same labels, as of all that are `other`; without it the last. */
  readonly ofSeveral?: 'least';
}

const callSeconds = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];
const passSeconds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300];

/** Every metric, once. `docs/reference/metrics.md` says the same to people, and a test holds the two together. */
export const metricTable = {
  kubeRequests: {
    name: 'lockkeeper_kube_requests_total',
    type: 'counter',
    help: 'Attempts at the Kubernetes API by their HTTP status, or by a code of ours when there was no answer.',
    labels: {
      verb: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
      resource: 'any',
      code: 'any',
    },
  },
  kubeRequestDuration: {
    name: 'lockkeeper_kube_request_duration_seconds',
    type: 'histogram',
    help: 'How long an attempt at the Kubernetes API took; of a watch until it was open.',
    labels: { verb: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'], resource: 'any' },
    buckets: callSeconds,
  },
  watchStaleness: {
    name: 'lockkeeper_watch_staleness_seconds',
    type: 'gauge',
    help: 'For how long what is known of a resource may have been behind the API server: since the last event, bookmark or whole reading; a bookmark comes about once a minute.',
    labels: { resource: 'any' },
  },
  watchRestarts: {
    name: 'lockkeeper_watch_restarts_total',
    type: 'counter',
    help: 'Watches that ended and were opened again, by why they ended.',
    labels: { resource: 'any', reason: 'any' },
  },
  storeObjects: {
    name: 'lockkeeper_store_objects',
    type: 'gauge',
    help: 'Objects of a resource in memory.',
    labels: { resource: 'any' },
  },
  storeRefused: {
    name: 'lockkeeper_store_refused_objects',
    type: 'gauge',
    help: 'Objects of a resource that are there and cannot be read, so that nothing is done for them; the log says why.',
    labels: { resource: 'any' },
  },
  storeChecksum: {
    name: 'lockkeeper_store_checksum',
    type: 'gauge',
    help: 'Stands for names, uids and versions of those objects: replicas that have heard the same show the same.',
    labels: { resource: 'any' },
  },
  queueDepth: {
    name: 'lockkeeper_queue_depth',
    type: 'gauge',
    help: 'Keys that are ready and wait for a worker; none on a standby.',
    labels: { controller: 'any' },
  },
  queueOldest: {
    name: 'lockkeeper_queue_oldest_seconds',
    type: 'gauge',
    help: 'For how long the first ready key has waited; 0 of none.',
    labels: { controller: 'any' },
  },
  reconciles: {
    name: 'lockkeeper_reconcile_total',
    type: 'counter',
    help: 'Passes that ended: done, asked to come again later, or failed and tried again after a back-off.',
    labels: { controller: 'any', outcome: ['ok', 'requeued', 'failed'] },
  },
  reconcileDuration: {
    name: 'lockkeeper_reconcile_duration_seconds',
    type: 'histogram',
    help: 'How long a pass took.',
    labels: { controller: 'any' },
    buckets: passSeconds,
  },
  reconcileRunning: {
    name: 'lockkeeper_reconcile_running',
    type: 'gauge',
    help: 'Passes that run now.',
    labels: { controller: 'any' },
  },
  reconcileOverdue: {
    name: 'lockkeeper_reconcile_overdue',
    type: 'gauge',
    help: 'Passes that run past their deadline and do not heed that they were aborted.',
    labels: { controller: 'any' },
  },
  leader: {
    name: 'lockkeeper_leader',
    type: 'gauge',
    help: '1 while this replica acts, 0 while it stands by.',
    labels: {},
  },
  forgeCalls: {
    name: 'lockkeeper_forge_calls_total',
    type: 'counter',
    help: 'Calls to a forge: ok, Aborted, or the code of the error.',
    labels: { host: 'any', call: 'any', outcome: 'any' },
  },
  forgeCallDuration: {
    name: 'lockkeeper_forge_call_duration_seconds',
    type: 'histogram',
    help: 'How long a call to a forge took.',
    labels: { host: 'any', call: 'any' },
    buckets: callSeconds,
  },
  credentials: {
    name: 'lockkeeper_credentials',
    type: 'gauge',
    help: 'Credentials by the reason of their condition Ready; of the controller alone.',
    labels: { reason: 'any' },
  },
  credentialFirstExpiry: {
    name: 'lockkeeper_credential_first_expiry_seconds',
    type: 'gauge',
    help: 'When the first Credential ends that has not yet, since the Unix epoch; absent when none is known to end.',
    labels: {},
  },
  credentialAccess: {
    name: 'lockkeeper_credential_access',
    type: 'gauge',
    help: 'Credentials by what the auditor says of their Secrets; of the auditor alone.',
    labels: { verdict: ['Exclusive', 'Shared', 'Exposed', 'Unknown'] },
  },
  credentialAccessOthers: {
    name: 'lockkeeper_credential_access_others',
    type: 'gauge',
    help: 'Who can reach a Secret beside the controller and the baseline, of all Credentials together; of the auditor alone.',
    labels: { class: ['Read', 'Overwrite', 'Indirect'] },
  },
  overPrivileged: {
    name: 'lockkeeper_overprivileged',
    type: 'gauge',
    help: '1 for each right that the controller has and must not have; none of a controller that is installed as the chart says.',
    labels: { right: 'any' },
  },
  forgeBudget: {
    name: 'lockkeeper_forge_budget_remaining',
    type: 'gauge',
    help: 'Calls that are left to an account: of those that create content in this minute and hour by our own count, and of the limits that the forge tells of.',
    labels: { host: 'any', account: 'any', limit: 'any' },
    ofSeveral: 'least',
  },
  forgeBudgetWaits: {
    name: 'lockkeeper_forge_budget_waits_total',
    type: 'counter',
    help: 'Acts and calls that were put off: by our own count of calls that create content, or because the forge asked to wait.',
    labels: { host: 'any', why: ['content', 'forge'] },
  },
  eventLoopLag: {
    name: 'lockkeeper_event_loop_lag_seconds',
    type: 'gauge',
    help: 'The longest hold-up of the event loop since the last scrape, too small by at most 0.1 s.',
    labels: {},
  },
  buildInfo: {
    name: 'lockkeeper_build_info',
    type: 'gauge',
    help: 'Always 1; the label says which version runs.',
    labels: { version: 'any' },
  },
  processCpu: {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'CPU time of the process, user and system.',
    labels: {},
  },
  processMemory: {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Memory of the process that is in RAM.',
    labels: {},
  },
  processStart: {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'When the process was started, since the Unix epoch.',
    labels: {},
  },
  heapUsed: {
    name: 'nodejs_heap_size_used_bytes',
    type: 'gauge',
    help: 'Memory that JavaScript objects take, garbage included.',
    labels: {},
  },
} as const satisfies Record<string, DeclaredMetric>;

export type MetricKey = keyof typeof metricTable;
/** The labels of one metric, each with a value. */
export type LabelsOf<K extends MetricKey> = Readonly<
  Record<keyof (typeof metricTable)[K]['labels'] & string, string>
>;
