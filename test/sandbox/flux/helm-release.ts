import { z } from 'zod';

const condition = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  observedGeneration: z.number(),
  lastTransitionTime: z.string(),
});
/** A condition as Flux writes it. */
export type Condition = z.infer<typeof condition>;

const snapshot = z.looseObject({
  /** Helm's own revision number. */
  version: z.number(),
  status: z.enum(['deployed', 'superseded', 'failed', 'uninstalling']),
  action: z.string().optional(),
  chartName: z.string(),
  chartVersion: z.string(),
  appVersion: z.string(),
  configDigest: z.string(),
  firstDeployed: z.string(),
  lastDeployed: z.string(),
});
/** One Helm release in `status.history`. */
export type Snapshot = z.infer<typeof snapshot>;

const status = z.looseObject({
  observedGeneration: z.number().optional(),
  conditions: z.array(condition).optional(),
  history: z.array(snapshot).optional(),
  helmChart: z.string().optional(),
  lastAttemptedGeneration: z.number().optional(),
  lastAttemptedRevision: z.string().optional(),
  lastAttemptedConfigDigest: z.string().optional(),
  failures: z.number().optional(),
  installFailures: z.number().optional(),
  upgradeFailures: z.number().optional(),
});
export type Status = z.infer<typeof status>;

const helmRelease = z.looseObject({
  apiVersion: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    generation: z.number(),
  }),
  spec: z.looseObject({
    suspend: z.boolean().optional(),
    timeout: z.string().optional(),
    releaseName: z.string().optional(),
    targetNamespace: z.string().optional(),
    values: z.record(z.string(), z.unknown()).optional(),
    chart: z.looseObject({
      spec: z.looseObject({
        chart: z.string(),
        version: z.string().default('*'),
        sourceRef: z.looseObject({ kind: z.string(), name: z.string(), namespace: z.string().optional() }),
      }),
    }),
    test: z
      .looseObject({
        enable: z.boolean().optional(),
        ignoreFailures: z.boolean().optional(),
        timeout: z.string().optional(),
      })
      .optional(),
    upgrade: z
      .looseObject({ strategy: z.looseObject({ retryInterval: z.string().optional() }).optional() })
      .optional(),
  }),
  status: status.default({}),
});
/** A HelmRelease whose chart has a version of its own, as the API server holds it; what we do not name is kept. */
export type HelmRelease = z.infer<typeof helmRelease>;

/** Throws a ZodError for what is not a HelmRelease with `spec.chart`. */
export function parseHelmRelease(object: unknown): HelmRelease {
  return helmRelease.parse(object);
}

/** Newest first; helm-controller's own order is not relied upon. */
export function historyOf({ history = [] }: Status): Snapshot[] {
  return history.toSorted((a, b) => b.version - a.version);
}
