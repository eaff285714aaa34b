import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const run = promisify(execFile);
const chartFolder = fileURLToPath(new URL('../../charts/lockkeeper', import.meta.url));

/** Where the sandbox installs the chart. */
export const systemNamespace = 'lockkeeper-system';

/** What a test needs of a rendered chart: the controller's arguments and its configuration, and every object as YAML to apply. */
export interface RenderedChart {
  readonly objects: readonly Record<string, unknown>[];
  /** Of the controller's container. */
  readonly args: readonly string[];
  /** Of the same. */
  readonly env: Readonly<Record<string, string>>;
  /** File name in /etc/lockkeeper → text. */
  readonly configFiles: Readonly<Record<string, string>>;
  /** The same of the auditor, which has no configuration file; undefined where it is not enabled. */
  readonly auditor: ChartProcess | undefined;
}

/** A container of the chart as a process that can be started. */
export type ChartProcess = Pick<RenderedChart, 'args' | 'env' | 'configFiles'>;

const container = z.object({
  args: z.array(z.string()),
  env: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
});
const deployment = z.object({
  kind: z.literal('Deployment'),
  spec: z.object({
    template: z.object({
      spec: z.object({
        serviceAccountName: z.string(),
        containers: z.array(container).length(1),
      }),
    }),
  }),
});
const configMap = z.object({ kind: z.literal('ConfigMap'), data: z.record(z.string(), z.string()) });

/** The chart as `helm install` would apply it, rendered by Helm itself, CRDs included. */
export async function renderChart(helm: string, values: Record<string, unknown>): Promise<RenderedChart> {
  const { stdout } = await run(
    helm,
    [
      'template',
      'lockkeeper',
      chartFolder,
      '--namespace',
      systemNamespace,
      '--include-crds',
      ...Object.entries(values).flatMap(([name, value]) => [
        '--set-json',
        `${name}=${JSON.stringify(value)}`,
      ]),
    ],
    { maxBuffer: 64 * 1024 * 1024, timeout: 30_000 },
  );
  const objects = parseAllDocuments(stdout)
    .map((document): unknown => document.toJS())
    .filter((object): object is Record<string, unknown> => typeof object === 'object' && object !== null);
  const config = objects.map((object) => configMap.safeParse(object)).find(({ success }) => success)?.data;
  const controller = processOf(objects, 'lockkeeper-controller', config?.data ?? {});
  if (controller === undefined || config === undefined) {
    throw new Error('the rendered chart has no controller Deployment with its ConfigMap');
  }
  return { objects, ...controller, auditor: processOf(objects, 'lockkeeper-auditor', {}) };
}

/** What runs as a service account. */
function processOf(
  objects: readonly unknown[],
  account: string,
  configFiles: ChartProcess['configFiles'],
): ChartProcess | undefined {
  const found = objects
    .map((object) => deployment.safeParse(object).data?.spec.template.spec)
    .find((spec) => spec?.serviceAccountName === account);
  const [only] = found?.containers ?? [];
  if (only === undefined) return undefined;
  const env = Object.fromEntries(only.env.map(({ name, value }) => [name, value]));
  return { args: only.args, env, configFiles };
}
