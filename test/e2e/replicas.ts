import { z } from 'zod';
import { systemNamespace } from '../sandbox/chart.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import type { ControllerProcess, LogLine } from '../sandbox/controller-process.ts';
import type { World } from '../sandbox/world.ts';

/** What can be seen of controller processes of which several run in one world: their logs, their probes, their metrics, the Lease. */

const written = z.looseObject({ time: z.string(), level: z.string(), msg: z.string() });
export type WrittenLine = z.infer<typeof written>;
const lease = z.object({ spec: z.object({ holderIdentity: z.string(), renewTime: z.string() }) });

/** What a process has logged so far. */
export async function linesOf(process: ControllerProcess): Promise<readonly WrittenLine[]> {
  const text = await process.log();
  return text.split('\n').flatMap((line) => {
    const { data } = written.safeParse(parsed(line));
    return data === undefined ? [] : [data];
  });
}

/** Resolves as soon as a process has logged a message, with the instant of the first such line in milliseconds since the epoch. */
export async function said(
  process: ControllerProcess,
  message: string,
  deadlineMs = 20_000,
  matches: (line: WrittenLine) => boolean = () => true,
): Promise<number> {
  let found: WrittenLine | undefined;
  await eventually(
    `process ${process.pid} says "${message}"`,
    async () => {
      found = (await linesOf(process)).find((line) => line.msg === message && matches(line));
      return found !== undefined;
    },
    { deadlineMs },
  );
  return Date.parse(found?.time ?? '');
}

/** Resolves when a process has ended, with how and after how long from now; rejects when it has not within `deadlineMs`. */
export async function untilEnded(
  process: ControllerProcess,
  deadlineMs: number,
): Promise<{ readonly code: number | NodeJS.Signals; readonly ms: number }> {
  const since = performance.now();
  let code: number | NodeJS.Signals | undefined;
  void process.exited.then((how) => (code = how));
  await eventually(`process ${process.pid} has ended`, () => code !== undefined, { deadlineMs });
  return { code: code ?? 0, ms: performance.now() - since };
}

/** `/livez` or `/readyz`, with the sentence of each check. */
export async function probe(
  { telemetryUrl }: ControllerProcess,
  path: '/livez' | '/readyz',
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${telemetryUrl}${path}?verbose`, { signal: AbortSignal.timeout(10_000) });
  return { status: response.status, text: await response.text() };
}

/** Every sample of a metric, by its labels as they are written: `{resource="pipelines"}`, '' for none. */
export async function metric(
  { telemetryUrl }: ControllerProcess,
  name: string,
): Promise<Readonly<Record<string, number>>> {
  const response = await fetch(`${telemetryUrl}/metrics`, { signal: AbortSignal.timeout(10_000) });
  const samples = (await response.text()).matchAll(/^(\w+)(\{.*\})? (\S+)$/gm);
  return Object.fromEntries(
    [...samples].flatMap(([, of, labels = '', value]) => (of === name ? [[labels, Number(value)]] : [])),
  );
}

/** Who holds the Lease, '' when nobody does, and when it was written last, in milliseconds since the epoch. */
export async function leaseOf({
  cluster,
}: World): Promise<{ readonly holder: string; readonly renewedAt: number }> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${systemNamespace}/leases/lockkeeper-controller`;
  const { spec } = lease.parse((await cluster.api('GET', path)).body);
  return { holder: spec.holderIdentity, renewedAt: Date.parse(spec.renewTime) };
}

/** For people who read the output of a test run: nothing is judged by it. */
export function printTime(fault: string, milliseconds: number): void {
  process.stderr.write(`fault "${fault}": ${Math.round(milliseconds)} ms\n`);
}

function parsed(line: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
