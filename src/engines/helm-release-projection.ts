import { z } from 'zod';
import { sentence } from '../base/sentence.ts';
import type { AppObject } from './engine.ts';
import { fluxCondition, type FluxCondition } from './flux-condition.ts';

/** A chart's version as helm-controller writes it, build metadata included; bounded as statuses are. */
const chartVersion = z.string().max(255).regex(/^[^+]/);
const digest = z.string().max(128);

/** The conditions that are read, and those of them whose message is shown. */
const conditionsRead = new Set(['Ready', 'Reconciling', 'Stalled', 'Remediated', 'TestSuccess']);
const conditionsQuoted = new Set(['Ready', 'Reconciling', 'Stalled']);

const release = z.object({
  /** Helm's own revision number. */
  version: z.number(),
  status: z.string(),
  chartVersion,
  ociDigest: digest.optional(),
});
export type Release = z.infer<typeof release>;

/** What this engine reads of a HelmRelease. */
const helmRelease = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({
    name: z.string().default(''),
    namespace: z.string().default(''),
    uid: z.string().max(64),
    resourceVersion: z.string().default(''),
    generation: z.number(),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z
    .object({
      suspend: z.boolean().optional(),
      chart: z.object({ spec: z.object({ sourceRef: z.object({ kind: z.string() }) }) }).optional(),
      chartRef: z.object({ kind: z.string() }).optional(),
    })
    .default({}),
  status: z
    .object({
      observedGeneration: z.number().optional(),
      lastAttemptedGeneration: z.number().optional(),
      lastAttemptedRevision: chartVersion.optional(),
      lastAttemptedRevisionDigest: digest.optional(),
      conditions: z.array(fluxCondition).default([]).transform(readAlone),
      history: z.array(release).default([]),
    })
    .default({ conditions: [], history: [] }),
});
type Written = z.infer<typeof helmRelease>;

/** What is kept of it. Tens of thousands are, so what is nested there is flat here, and every one has the same shape. */
export type HelmRelease = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Written['metadata'];
  readonly spec: {
    readonly suspend: boolean | undefined;
    /** Of what its chart comes from: `chartRef`, else `chart.spec.sourceRef`. */
    readonly sourceKind: string | undefined;
  };
  readonly status: Omit<Written['status'], 'history'> & { readonly newest: Release | undefined };
};

/** What a projection leaves of an object that is not a HelmRelease as we know it. */
interface Unreadable {
  readonly unreadable: string;
}

const metadataOfAnything = z.object({
  apiVersion: z.string().catch(''),
  kind: z.string().catch(''),
  metadata: z
    .object({
      name: z.string().catch(''),
      namespace: z.string().catch(''),
      uid: z.string().catch(''),
      resourceVersion: z.string().catch(''),
    })
    .catch({ name: '', namespace: '', uid: '', resourceVersion: '' }),
});

/** Known again by its private field, so that looking at what a cache holds parses nothing. Its fields are plain JSON. */
class Projection {
  readonly #isParsed = true;
  readonly apiVersion: HelmRelease['apiVersion'];
  readonly kind: HelmRelease['kind'];
  readonly metadata: HelmRelease['metadata'];
  readonly spec: HelmRelease['spec'];
  readonly status: HelmRelease['status'];

  constructor({ apiVersion, kind, metadata, spec, status }: Written) {
    this.apiVersion = apiVersion;
    this.kind = kind;
    this.metadata = metadata;
    this.spec = {
      suspend: spec.suspend,
      sourceKind: spec.chartRef?.kind ?? spec.chart?.spec.sourceRef.kind,
    };
    this.status = {
      observedGeneration: status.observedGeneration,
      lastAttemptedGeneration: status.lastAttemptedGeneration,
      lastAttemptedRevision: status.lastAttemptedRevision,
      lastAttemptedRevisionDigest: status.lastAttemptedRevisionDigest,
      conditions: status.conditions,
      newest: newestOf(status.history),
    };
  }

  static is(object: unknown): object is Projection {
    return typeof object === 'object' && object !== null && #isParsed in object && object.#isParsed;
  }
}

/** The HelmRelease that an object is, or what its projection said, or why it is none. Takes anything without throwing. */
export function parse(object: unknown): HelmRelease | Unreadable {
  if (Projection.is(object)) return object;
  const said = wordsOf(object);
  if (said !== undefined) return { unreadable: sentence(said) };
  const parsed = helmRelease.safeParse(object);
  if (parsed.success) return new Projection(parsed.data);
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'it' : issue.path.map(String).join('.');
  return {
    unreadable: sentence(`not a HelmRelease as Flux writes it: ${where}: ${issue?.message ?? 'unknown'}`),
  };
}

/** The few fields that are read, for a cache. A projection's own is itself. */
export function project(object: unknown): AppObject {
  const parsed = parse(object);
  if (!('unreadable' in parsed)) return parsed;
  const known = metadataOfAnything.safeParse(object);
  return { ...(known.data ?? metadataOfAnything.parse({})), ...parsed };
}

function wordsOf(object: unknown): string | undefined {
  if (typeof object !== 'object' || object === null || !('unreadable' in object)) return undefined;
  return typeof object.unreadable === 'string' ? object.unreadable : undefined;
}

function readAlone(conditions: readonly FluxCondition[]): FluxCondition[] {
  return conditions
    .filter(({ type }) => conditionsRead.has(type))
    .map((each) => (conditionsQuoted.has(each.type) ? each : { ...each, message: '' }));
}

/** Not in any order: helm-controller clears and truncates the history, and numbers start anew with each install. */
function newestOf(history: readonly Release[]): Release | undefined {
  return history.toSorted((a, b) => b.version - a.version)[0];
}
