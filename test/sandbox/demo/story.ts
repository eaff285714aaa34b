import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { sleep } from '../../../src/base/time.ts';
import type { EnvironmentStatus } from '../../../src/api/pipeline-status.ts';
import { Endings } from '../endings.ts';
import { followPipelines } from './follow-pipelines.ts';
import { readCredentials, readPipelineStatus } from '../pipeline-view.ts';
import { fleet, pipelineNamespace, startWorld, type World } from '../world.ts';
import { environments, type EnvironmentName } from '../fleet.ts';

export interface Narration {
  /** What takes long: one line a step. */
  readonly progress: (line: string) => void;
  /** The story. */
  readonly tell: (text: string) => void;
  /** Whether anybody watches it unfold. */
  readonly tellsAsItGoes: boolean;
}

export interface DemoOptions {
  readonly narration: Narration;
  /** How long a pull request waits for a person before the demo merges it. */
  readonly waitMs: number;
  readonly keep: boolean;
  readonly signal: AbortSignal;
}

/** What `--json` prints. */
export interface DemoReport {
  readonly promotions: readonly PromotionReport[];
  readonly credentials: Awaited<ReturnType<typeof readCredentials>>;
  readonly reachedLast: boolean;
}

export interface PromotionReport {
  readonly environment: string;
  readonly revision: string;
  readonly pullRequest: { readonly number: number; readonly url: string };
  /** From "healthy in the source", as the API server acknowledged it, to "pull request open", as the forge answered it. */
  readonly milliseconds: number;
  /** What the controller asked of the forge for it, by route. */
  readonly forgeRequests: Readonly<Record<string, number>>;
}

const firstVersion = '6.1.0';
const nextVersion = '6.2.0';
const stepDeadlineMs = 60_000;

/** Plays the demo; leaves nothing behind, however it ends. */
export async function runDemo({ narration, waitMs, keep, signal }: DemoOptions): Promise<DemoReport> {
  const { tell, progress, tellsAsItGoes } = narration;
  const world = await startWorld({ say: progress, signal, version: firstVersion, pace: 0.3 });
  const stops = new Endings();
  stops.push(() => world.stop());
  try {
    tell(
      `\nThe Pipeline, as a user writes it (examples/pipeline.yaml):\n\n${indent(await examplePipeline())}`,
    );
    await world.applyExamples();
    if (tellsAsItGoes) stops.push(await follow(world, tell));
    await untilStatus(world, signal, 'every environment runs the first version', (each) =>
      runs(each, firstVersion),
    );
    tell(`\nVersion ${nextVersion} goes into dev: a commit to main, which Flux rolls out.\n`);
    await world.release(nextVersion);
    const promotions: PromotionReport[] = [];
    for (const environment of environments.slice(1)) {
      promotions.push(await promote(world, environment, narration, waitMs, signal));
    }
    const reachedLast = await untilStatus(world, signal, 'prod runs it', (each) =>
      runs(each, nextVersion),
    ).then(
      () => true,
      () => false,
    );
    tell(
      `\nprod runs ${nextVersion}. Whose token was that?\n\n${indent(await kubectl(world, ['get', 'credentials', '-n', pipelineNamespace]))}`,
    );
    for (const { environment, forgeRequests, milliseconds } of promotions) {
      const count = Object.values(forgeRequests).reduce((sum, each) => sum + each, 0);
      tell(
        `${environment}: ${count} forge requests, pull request open ${Math.round(milliseconds)} ms after its source was healthy`,
      );
    }
    const report = {
      promotions,
      credentials: await readCredentials(world.cluster, pipelineNamespace),
      reachedLast,
    };
    if (keep) {
      tell(
        `\nThe world stays up until Ctrl-C.\n  export KUBECONFIG=${world.cluster.adminKubeconfig}\n  ${world.forge.urls.web}`,
      );
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    return report;
  } finally {
    await stops.run();
  }
}

async function promote(
  world: World,
  environment: EnvironmentName,
  { tell }: Narration,
  waitMs: number,
  signal: AbortSignal,
): Promise<PromotionReport> {
  const source = environments[environments.indexOf(environment) - 1] ?? 'dev';
  const began = performance.timeOrigin + performance.now();
  await untilStatus(
    world,
    signal,
    `a pull request for ${environment} is open`,
    (each) => each.name !== environment || isOpen(each),
  );
  const { promotion } = await environmentOf(world, environment);
  if (promotion?.pullRequest === undefined) throw new Error(`no pull request for ${environment}`);
  const { number, url } = promotion.pullRequest;
  const requests = world.forge.log
    .entries()
    .filter(({ owner, startMs }) => owner === `${world.app.slug}[bot]` && startMs >= began - 60_000);
  const opened = requests.findLast(
    ({ route, status }) => route.endsWith('/pulls') && route.startsWith('POST') && status === 201,
  );
  const healthyAt = world.deployer.arrival(`podinfo-${source}/podinfo`)?.atMs;
  const pullRequest = world.forge.pullRequest(fleet, number);
  const { diff } = await world.forge.diffOf(pullRequest);
  tell(`\nThe pull request for ${environment}: ${url}\n\n${indent(`${pullRequest.title}\n\n${diff}`)}`);
  tell(
    `Its commit is ${promotion.verified === true ? 'Verified: the forge signed it for the App' : 'not verified'}.`,
  );
  if (waitMs > 0) tell(`Press Merge on that page, or wait: I merge it in ${Math.round(waitMs / 1000)} s.`);
  await mergeUnlessMerged(world, number, waitMs, signal);
  tell('Merged; Flux rolls it out.\n');
  await untilStatus(
    world,
    signal,
    `${environment} runs it`,
    (each) => each.name !== environment || runs(each, nextVersion),
  );
  const forgeRequests: Record<string, number> = {};
  for (const { route, startMs } of requests) {
    if (healthyAt === undefined || startMs >= healthyAt)
      forgeRequests[route] = (forgeRequests[route] ?? 0) + 1;
  }
  return {
    environment,
    revision: promotion.revision.version,
    pullRequest: { number, url },
    milliseconds: opened === undefined || healthyAt === undefined ? 0 : opened.endMs - healthyAt,
    forgeRequests,
  };
}

async function mergeUnlessMerged(
  world: World,
  number: number,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + waitMs;
  const isOpen = (): boolean => world.forge.pullRequest(fleet, number).state === 'open';
  while (performance.now() < deadline && isOpen()) await sleep(250, signal);
  if (isOpen()) await world.forge.merge(fleet, number);
}

function runs({ revision }: EnvironmentStatus, version: string): boolean {
  return revision?.version === version;
}

function isOpen({ promotion }: EnvironmentStatus): boolean {
  return promotion?.phase === 'Proposed' && promotion.revision.version === nextVersion;
}

async function environmentOf(world: World, name: string): Promise<EnvironmentStatus> {
  const status = await readPipelineStatus(world.cluster, pipelineNamespace, 'podinfo');
  const found = status?.environments?.find((each) => each.name === name);
  if (found === undefined) throw new Error(`the status has no environment ${name}`);
  return found;
}

/** Waits until `holds` for every environment; rejects with what the status says when it does not within a minute. */
async function untilStatus(
  world: World,
  signal: AbortSignal,
  what: string,
  holds: (environment: EnvironmentStatus) => boolean,
): Promise<void> {
  const deadline = performance.now() + stepDeadlineMs;
  for (;;) {
    const status = await readPipelineStatus(world.cluster, pipelineNamespace, 'podinfo');
    const all = status?.environments ?? [];
    if (all.length > 0 && all.every(holds)) return;
    if (performance.now() > deadline) {
      const impossible = world.forge.violations
        .map((each) => `\nthe forge: ${each.split('\n', 2).join('')}`)
        .slice(0, 5);
      throw new Error(
        `not within a minute: ${what}; the Pipeline says: ${JSON.stringify(status?.summary)}${impossible.join('')}`,
      );
    }
    await sleep(50, signal);
  }
}

/** Shows the Pipelines' columns from now on, whenever they change. */
async function follow({ cluster }: World, tell: Narration['tell']): Promise<() => Promise<void>> {
  const { kubectl } = await cluster.tools();
  tell(`    $ kubectl get pipelines -n ${pipelineNamespace} -w`);
  return followPipelines({
    kubectl,
    kubeconfig: cluster.adminKubeconfig,
    namespace: pipelineNamespace,
    tell: (line) => tell(`    ${line}`),
  });
}

async function kubectl({ cluster }: World, args: readonly string[]): Promise<string> {
  const { stdout, stderr, code } = await cluster.kubectl([...args]);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return `$ kubectl ${args.join(' ')}\n${stdout}`;
}

async function examplePipeline(): Promise<string> {
  const text = await readFile(
    fileURLToPath(new URL('../../../examples/pipeline.yaml', import.meta.url)),
    'utf8',
  );
  return text.replace(/^#.*\n/gm, '').trim();
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`.trimEnd())
    .concat('')
    .join('\n');
}
