import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { startControlPlane, type ControlPlane } from './cluster/control-plane.ts';
import { renderChart, systemNamespace, type RenderedChart } from './chart.ts';
import { startController, type ControllerProcess } from './controller-process.ts';
import { environments, fleetFiles, releaseManifest, releasePath } from './fleet.ts';
import { startDeployer, type Deployer } from './flux/deployer.ts';
import { startForge, type Forge, type ForgeOptions } from './forge/forge.ts';

/** The namespace of the Pipelines, Credentials and their Secrets. */
export const pipelineNamespace = 'apps';

export interface WorldOptions {
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
  readonly version?: string;
  /** Without it nobody promotes. */
  readonly controller?: boolean;
  /** How fast the deployer plays Flux: 0 as fast as it can, 1 at the recorded speed. */
  readonly pace?: number;
  readonly forge?: Partial<ForgeOptions>;
  readonly values?: Readonly<Record<string, unknown>>;
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The App that promotes. */
export interface WorldApp {
  readonly id: number;
  readonly slug: string;
  /** PEM. */
  readonly privateKey: string;
}

/** A cluster, a forge with one repository and one App, a deployer that plays Flux, and the controller under the chart's rules. */
export interface World {
  readonly cluster: ControlPlane;
  readonly forge: Forge;
  readonly deployer: Deployer;
  readonly chart: RenderedChart;
  readonly folder: string;
  /** Undefined without one. */
  readonly controller: ControllerProcess | undefined;
  /** Of the App whose key is in Secret apps/acme-promoter. */
  readonly app: WorldApp;
  /** For a shell: KUBECONFIG, PATH with kubectl and `sandbox`, LOCKKEEPER_SANDBOX. */
  readonly env: Readonly<Record<string, string>>;
  /** Puts a version into dev, as a person would. */
  readonly release: (version: string) => Promise<void>;
  /** Starts another controller process; the last one is stopped by `stop`. */
  readonly restartController: (options?: {
    readonly nodeArgs?: readonly string[];
  }) => Promise<ControllerProcess>;
  /** `kubectl apply` of `examples/`, as a user would. */
  readonly applyExamples: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The repository that examples/ promote in. */
export const fleet = 'acme/fleet';

const exampleFolder = fileURLToPath(new URL('../../examples', import.meta.url));
const helmReleaseDefinition = new URL('flux/crd.yaml', import.meta.url);

/** Starts it all; when anything fails, nothing is left. The examples are not applied yet. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { say, version = '6.1.0' } = options;
  const signal = options.signal ?? new AbortController().signal;
  const folder = await mkdtemp(join(tmpdir(), 'lockkeeper-world-'));
  const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const giveUp = new AbortController();
  const stop = async (): Promise<void> => {
    giveUp.abort();
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    // What has started is ended even when the other one fails, or is still on its way when it does.
    const started = <T extends { stop(): Promise<unknown> }>(starting: Promise<T>): Promise<T> => {
      stops.push(async () => {
        const made = await starting.catch(() => undefined);
        await made?.stop();
      });
      return starting;
    };
    const [cluster, forge] = await Promise.all([
      started(startControlPlane({ say, signal: AbortSignal.any([signal, giveUp.signal]) })),
      started(startForge({ ...options.forge })),
    ]);
    const { helm, binFolder } = await cluster.tools();
    const chart = await renderChart(helm, {
      forges: [{ host: 'github.com', provider: 'github', apiURL: forge.urls.api, allowHTTP: true }],
      ...options.values,
    });
    await install(cluster, chart);
    const app = await populate(forge, version);
    await makeNamespacesAndSecret(cluster, app);

    const deployer = await startDeployer({
      cluster,
      repository: {
        head: () => forge.branch(fleet, 'main'),
        files: (commit) => forge.readFiles(fleet, commit, (path) => path.endsWith('.yaml')),
        onMove: (listener) => forge.onBranchMove(fleet, 'main', listener),
      },
      pace: options.pace ?? 0,
      say,
    });
    stops.push(() => deployer.stop());

    let controller: ControllerProcess | undefined;
    let starts = 0;
    const restartController: World['restartController'] = async (given = {}) => {
      await controller?.stop();
      starts += 1;
      controller = await startController({
        folder: join(folder, `controller-${starts}`),
        chart,
        server: cluster.server,
        ca: cluster.ca,
        token: await cluster.requestToken({
          namespace: systemNamespace,
          serviceAccount: 'lockkeeper-controller',
        }),
        nodeArgs: given.nodeArgs ?? options.nodeArgs ?? [],
        env: options.env ?? {},
      });
      say(`controller: ready after ${Math.round(controller.readyMs)} ms`);
      return controller;
    };
    stops.push(async () => await controller?.stop());
    if (options.controller !== false) await restartController();
    return {
      cluster,
      forge,
      deployer,
      chart,
      folder,
      get controller() {
        return controller;
      },
      app,
      env: {
        KUBECONFIG: cluster.adminKubeconfig,
        PATH: [binFolder, process.env['PATH'] ?? ''].join(delimiter),
        LOCKKEEPER_SANDBOX: forge.urls.web,
      },
      release: async (next) => {
        const files = { [releasePath('dev')]: releaseManifest('dev', next) };
        await forge.commitFiles(fleet, 'main', files, `Release podinfo ${next} to dev`);
      },
      restartController,
      applyExamples: () => applyExamples(cluster),
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

/** What `helm install` would apply, but for the Deployment: nothing here runs Pods, so the process is started by us. */
async function install(cluster: ControlPlane, chart: RenderedChart): Promise<void> {
  await cluster.ensureNamespace(systemNamespace);
  await cluster.applyYaml(await readFile(helmReleaseDefinition, 'utf8'));
  const objects = chart.objects.filter(({ kind }) => kind !== 'Deployment');
  await cluster.applyYaml(objects.map((object) => stringify(object)).join('---\n'));
}

/** An organization with a repository, and an App that may write contents and pull requests there. */
async function populate(forge: Forge, version: string): Promise<WorldApp> {
  forge.createOrganization('acme');
  await forge.createRepository(fleet, fleetFiles(version));
  const { app, privateKey } = forge.createApp({
    slug: 'acme-promoter',
    owner: 'acme',
    permissions: { contents: 'write', pull_requests: 'write', metadata: 'read' },
  });
  forge.install(app, 'acme', [fleet]);
  return { id: app.id, slug: app.slug, privateKey };
}

/** What examples/ leave to the user: the Secret with the App's key. */
async function makeNamespacesAndSecret(cluster: ControlPlane, app: WorldApp): Promise<void> {
  for (const name of [pipelineNamespace, ...environments.map((each) => `podinfo-${each}`)])
    await cluster.ensureNamespace(name);
  await cluster.applyYaml(
    stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'acme-promoter', namespace: pipelineNamespace },
      stringData: { appId: String(app.id), privateKey: app.privateKey },
    }),
  );
}

async function applyExamples(cluster: ControlPlane): Promise<void> {
  const { code, stderr } = await cluster.kubectl(['apply', '-f', exampleFolder]);
  if (code !== 0) throw new Error(`kubectl apply -f examples/: ${stderr}`);
}
