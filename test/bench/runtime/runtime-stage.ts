import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { systemNamespace } from '../../sandbox/chart.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { startWatchdog, type Watchdog } from '../../sandbox/cluster/watchdog.ts';
import { startController, type ControllerProcess } from '../../sandbox/controller-process.ts';
import { Endings } from '../../sandbox/endings.ts';
import { noLimits } from '../../sandbox/forge/limits.ts';
import { startWorld, type World } from '../../sandbox/world.ts';
import { requestWatcher } from '../stage.ts';
import type { Wishes } from '../wishes.ts';
import { probeProgram } from './ask-probe.ts';
import { fill } from './fill.ts';
import { collectionOf, credentials, helmReleases, namespaces, pipelines } from './fleet-objects.ts';

const definitionFile = new URL('../../sandbox/flux/crd.yaml', import.meta.url);
const definitions = z.looseObject({
  spec: z.looseObject({ versions: z.array(z.looseObject({ subresources: z.unknown() })) }),
});
const readyWithinMs = 180_000;

/** A controller that is watched from within its process. */
export interface Watched {
  readonly controller: ControllerProcess;
  readonly probeSocket: string;
  /** What `readRequests` reads. */
  readonly requestsFile: string;
}

/** The sandbox's world without a controller and without limits of the forge; controllers are started and ended one by one. */
export async function startRuntimeStage({ say, signal, nodeArgs }: Wishes): Promise<RuntimeStage> {
  const endings = new Endings();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'lockkeeper-bench-'));
    const watchdog = startWatchdog({ folder });
    endings.push(() => watchdog.close());
    const world = await startWorld({
      say,
      signal,
      controller: false,
      forge: { limits: noLimits, strict: false },
      budget: { contentPerMinute: 0, contentPerHour: 0 },
    });
    endings.push(() => world.stop());
    return new RuntimeStage({ world, folder, watchdog, endings, say, signal, nodeArgs });
  } catch (thrown) {
    await endings.run();
    throw thrown;
  }
}

interface Parts {
  readonly world: World;
  readonly folder: string;
  readonly watchdog: Watchdog;
  readonly endings: Endings;
  readonly say: Wishes['say'];
  readonly signal: AbortSignal;
  readonly nodeArgs: readonly string[];
}

export class RuntimeStage {
  readonly world: World;
  readonly #parts: Parts;
  #starts = 0;

  /** Use `startRuntimeStage`. */
  constructor(parts: Parts) {
    this.world = parts.world;
    this.#parts = parts;
  }

  /** Makes so many Pipelines and four times as many HelmReleases. */
  async fill(count: number): Promise<void> {
    const { cluster, app } = this.world;
    const secret = { appId: String(app.id), privateKey: app.privateKey };
    const filling = { ...this.#parts, cluster };
    // With a status subresource each HelmRelease would take two writes.
    await this.#defineHelmRelease({ withStatus: false });
    await fill(filling, 'namespaces', namespaces());
    await fill(filling, 'Credentials and their Secrets', credentials(secret));
    await fill(filling, 'HelmReleases', helmReleases(count));
    await fill(filling, 'Pipelines', pipelines(count));
    await this.#defineHelmRelease({ withStatus: true });
  }

  /** A fresh controller process; `watched` costs it some processor time until it is asked. */
  async startController({ watched }: { readonly watched: boolean }): Promise<Watched> {
    const { folder, nodeArgs, watchdog } = this.#parts;
    const { cluster, chart } = this.world;
    this.#starts += 1;
    const own = join(folder, `controller-${this.#starts}`);
    const probeSocket = `${own}.sock`;
    const requestsFile = `${own}.requests.jsonl`;
    const controller = await startController({
      folder: own,
      chart,
      server: cluster.server,
      ca: cluster.ca,
      token: await this.controllerToken(),
      nodeArgs: watched ? [...nodeArgs, '--import', probeProgram, '--import', requestWatcher] : nodeArgs,
      env: { LOCKKEEPER_BENCH_PROBE: probeSocket, LOCKKEEPER_BENCH_REQUESTS: requestsFile },
      readyWithinMs,
      watchdog,
    });
    this.#parts.endings.push(() => controller.stop());
    return { controller, probeSocket, requestsFile };
  }

  /** Of the chart's service account. */
  async controllerToken(): ReturnType<World['cluster']['requestToken']> {
    const account = { namespace: systemNamespace, serviceAccount: 'lockkeeper-controller' };
    return await this.world.cluster.requestToken(account);
  }

  async stop(): Promise<void> {
    await this.#parts.endings.run();
  }

  /** Resolves when the server goes by it. */
  async #defineHelmRelease({ withStatus }: { readonly withStatus: boolean }): Promise<void> {
    const { cluster } = this.world;
    const definition = definitions.parse(parse(await readFile(definitionFile, 'utf8')));
    const versions = definition.spec.versions.map(({ subresources, ...rest }) =>
      withStatus ? { ...rest, subresources } : rest,
    );
    await cluster.applyYaml(stringify({ ...definition, spec: { ...definition.spec, versions } }));
    const root = '/apis/helm.toolkit.fluxcd.io/v2';
    await eventually(
      'the definition of HelmReleases is served',
      async () => {
        const { status, body } = await cluster.api<{ resources?: { name: string }[] }>('GET', root);
        const has = body.resources?.some(({ name }) => name === 'helmreleases/status');
        if (status !== 200 || has !== withStatus) return false;
        // Discovery runs ahead of the handler.
        const nothing = await cluster.api('GET', `${collectionOf('podinfo-dev')}/podinfo/status`);
        return withStatus ? nothing.status === 200 : nothing.status === 404;
      },
      { deadlineMs: 60_000 },
    );
  }
}
