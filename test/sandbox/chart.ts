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
}

const container = z.object({
  args: z.array(z.string()),
  env: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
});
const deployment = z.object({
  kind: z.literal('Deployment'),
  spec: z.object({
    template: z.object({
      spec: z.object({
        serviceAccountName: z.literal('lockkeeper-controller'),
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
  const controller = objects
    .map((object) => deployment.safeParse(object))
    .find(({ success }) => success)?.data;
  const config = objects.map((object) => configMap.safeParse(object)).find(({ success }) => success)?.data;
  const [only] = controller?.spec.template.spec.containers ?? [];
  if (only === undefined || config === undefined) {
    throw new Error('the rendered chart has no controller Deployment with its ConfigMap');
  }
  const env = Object.fromEntries(only.env.map(({ name, value }) => [name, value]));
  return { objects, args: only.args, env, configFiles: config.data };
}
