import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { CodedError } from '../../src/base/error.ts';
import { whyNotRevision } from '../../src/base/revision.ts';
import { startControlPlane, type ControlPlane } from './cluster/control-plane.ts';
import type { Tools } from './cluster/tools.ts';
import { startWatchdog } from './cluster/watchdog.ts';
import { renderChart, systemNamespace, type RenderedChart } from './chart.ts';
import { startController, type ControllerOptions, type ControllerProcess } from './controller-process.ts';
import { Endings } from './endings.ts';
import { environments, fleetFiles, releaseManifest, releasePath } from './fleet.ts';
import { startDeployer, type Deployer } from './flux/deployer.ts';
import { namedFates } from './flux/named-fates.ts';
import { startForge, type Forge, type ForgeOptions } from './forge/forge.ts';
import type { ExtraForm } from './forge/pages.ts';

/** The namespace of the Pipelines, Credentials and their Secrets. */
export const pipelineNamespace = 'apps';

export interface WorldOptions {
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
  readonly version?: string;
  /** Without it nobody promotes. */
  readonly controller?: boolean;
  /** Whether the auditor runs too; not unless asked for. */
  readonly auditor?: boolean;
  /** How fast the deployer plays Flux: 0 as fast as it can, 1 at the recorded speed. */
  readonly pace?: number;
  readonly forge?: Partial<ForgeOptions>;
  /** What the controller is told of the forge's limits: github.com's when absent. */
  readonly budget?: { readonly contentPerMinute: number; readonly contentPerHour: number };
  /** Another repository than podinfo's. */
  readonly repository?: {
    /** For `git fast-import`. */
    readonly stream: Iterable<string>;
    /** Where the deployer finds what it applies. */
    readonly deployedFolders: readonly string[];
  };
  readonly values?: Readonly<Record<string, unknown>>;
  readonly nodeArgs?: readonly string[];
  /** Further flags of the controller. */
  readonly controllerArgs?: readonly string[];
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
  /** With kubectl, helm, `sandbox` and `lockkeeper`; to stand first in PATH. */
  readonly binFolder: string;
  /** Puts a version into dev, as a person would. Rejects with VersionRefused when it is none. */
  readonly release: (version: string) => Promise<void>;
  /** Starts another controller process; the last one is stopped by `stop`. */
  readonly restartController: (options?: {
    readonly nodeArgs?: readonly string[];
  }) => Promise<ControllerProcess>;
  /** Starts one more controller process beside those that run; all of them are stopped by `stop`. */
  readonly startReplica: (
    options?: Pick<ControllerOptions, 'extraArgs' | 'env' | 'until'>,
  ) => Promise<ControllerProcess>;
  /** `kubectl apply` of `examples/`, as a user would. */
  readonly applyExamples: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The repository that examples/ promote in. */
export const fleet = 'acme/fleet';

const exampleFolder = fileURLToPath(new URL('../../examples', import.meta.url));
const sandboxCommand = fileURLToPath(new URL('main.ts', import.meta.url));
const lockkeeperCommand = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const helmReleaseDefinition = new URL('flux/crd.yaml', import.meta.url);

/** Starts it all; when anything fails, nothing is left. The examples are not applied yet. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { say, version = '6.1.0' } = options;
  const signal = options.signal ?? new AbortController().signal;
  const folder = await mkdtemp(join(tmpdir(), 'lockkeeper-world-'));
  // Removes the folder in the end, also when we are killed.
  const watchdog = startWatchdog({ folder });
  const stops = new Endings();
  stops.push(() => watchdog.close());
  const giveUp = new AbortController();
  const stop = async (): Promise<void> => {
    giveUp.abort();
    await stops.run();
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
      started(startForge({ parentFolder: folder, ...options.forge })),
    ]);
    const tools = await cluster.tools();
    const chart = await renderChart(tools.helm, {
      forges: [
        {
          host: 'github.com',
          provider: 'github',
          apiURL: forge.urls.api,
          allowHTTP: true,
          allowPrivateNetwork: true,
          ...(options.budget === undefined ? {} : { budget: options.budget }),
        },
      ],
      ...options.values,
    });
    await install(cluster, chart);
    const app = await populate(forge, version, options.repository?.stream);
    await makeNamespacesAndSecret(cluster, app);

    const deployer = await startDeployer({
      cluster,
      repository: {
        head: () => forge.branch(fleet, 'main'),
        files: (commit) =>
          forge.readFiles(
            fleet,
            commit,
            (path) => path.endsWith('.yaml'),
            options.repository?.deployedFolders,
          ),
        onMove: (listener) => forge.onBranchMove(fleet, 'main', listener),
      },
      pace: options.pace ?? 0,
      say,
    });
    stops.push(() => deployer.stop());

    const release = (next: string): Promise<void> => releaseToDev(forge, next);
    for (const form of personForms(release, deployer)) forge.addForm(form);

    let controller: ControllerProcess | undefined;
    let starts = 0;
    const start = async (given: Partial<ControllerOptions>): Promise<ControllerProcess> => {
      starts += 1;
      const made = await startController({
        folder: join(folder, `controller-${starts}`),
        chart,
        server: cluster.server,
        ca: cluster.ca,
        token: await cluster.requestToken({
          namespace: systemNamespace,
          serviceAccount: 'lockkeeper-controller',
        }),
        nodeArgs: given.nodeArgs ?? options.nodeArgs ?? [],
        extraArgs: [...(options.controllerArgs ?? []), ...(given.extraArgs ?? [])],
        env: { ...options.env, ...given.env },
        until: given.until ?? 'ready',
        watchdog,
      });
      say(`controller: ready after ${Math.round(made.readyMs)} ms`);
      return made;
    };
    const restartController: World['restartController'] = async (given = {}) => {
      await controller?.stop();
      controller = await start(given);
      return controller;
    };
    const startReplica: World['startReplica'] = async (given = {}) => {
      const replica = await start(given);
      stops.push(() => replica.stop());
      return replica;
    };
    stops.push(async () => await controller?.stop());
    if (options.auditor === true) {
      const auditor = await startAuditor({ cluster, chart, folder, watchdog });
      stops.push(() => auditor.stop());
      say(`auditor: ready after ${Math.round(auditor.readyMs)} ms`);
    }
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
      binFolder: await makeBinFolder(folder, tools),
      release,
      restartController,
      startReplica,
      applyExamples: () => apply(cluster, exampleFolder),
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

/** The auditor of the chart, under its own account. */
async function startAuditor({
  cluster,
  chart,
  folder,
  watchdog,
}: Pick<World, 'cluster' | 'chart' | 'folder'> &
  Pick<ControllerOptions, 'watchdog'>): Promise<ControllerProcess> {
  if (chart.auditor === undefined) throw new Error('the chart was rendered without an auditor');
  return await startController({
    folder: join(folder, 'auditor'),
    chart: chart.auditor,
    server: cluster.server,
    ca: cluster.ca,
    token: await cluster.requestToken({ namespace: systemNamespace, serviceAccount: 'lockkeeper-auditor' }),
    ...(watchdog === undefined ? {} : { watchdog }),
  });
}

/** Programs for a person's shell, two of them ours. */
async function makeBinFolder(folder: string, { kubectl, helm }: Tools): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await symlink(kubectl, join(bin, 'kubectl'));
  await symlink(helm, join(bin, 'helm'));
  for (const [name, program] of [
    ['sandbox', sandboxCommand],
    ['lockkeeper', lockkeeperCommand],
  ] as const) {
    const script = `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`;
    await writeFile(join(bin, name), script, { mode: 0o755 });
  }
  return bin;
}

async function releaseToDev(forge: Forge, version: string): Promise<void> {
  const why = whyNotRevision(version);
  if (why !== undefined) throw new CodedError('VersionRefused', why);
  const files = { [releasePath('dev')]: releaseManifest('dev', version) };
  await forge.commitFiles(fleet, 'main', files, `Release podinfo ${version} to dev`);
}

/** What a person can do on the forge's first page beside reading and merging. */
function personForms(release: World['release'], deployer: Deployer): ExtraForm[] {
  return [
    {
      path: '/release',
      label: 'Put a version of podinfo into dev',
      field: { name: 'version', example: '6.2.0' },
      submit: release,
    },
    {
      path: '/fate',
      label: 'What becomes of the next rollouts',
      field: { name: 'fate', example: 'failing staging' },
      submit: async (value) => {
        const [name = '', environment = 'dev'] = value.trim().split(/\s+/);
        const fate = namedFates[name];
        const known = environments.find((each) => each === environment);
        if (fate === undefined || known === undefined) {
          const names = `${Object.keys(namedFates).join(', ')}; then ${environments.join(', ')}`;
          throw new CodedError('FateUnknown', `say one of: ${names}`);
        }
        deployer.setFate(`podinfo-${known}/podinfo`, fate);
        await Promise.resolve();
      },
    },
  ];
}

/** What `helm install` would apply, but for the Deployment: nothing here runs Pods, so the process is started by us. */
async function install(cluster: ControlPlane, chart: RenderedChart): Promise<void> {
  await cluster.ensureNamespace(systemNamespace);
  await cluster.applyYaml(await readFile(helmReleaseDefinition, 'utf8'));
  const objects = chart.objects.filter(({ kind }) => kind !== 'Deployment');
  await cluster.applyYaml(objects.map((object) => stringify(object)).join('---\n'));
}

/** An organization with a repository, and an App that may write contents and pull requests there. */
async function populate(
  forge: Forge,
  version: string,
  stream: Iterable<string> | undefined,
): Promise<WorldApp> {
  forge.createOrganization('acme');
  if (stream === undefined) await forge.createRepository(fleet, fleetFiles(version));
  else await forge.importRepository(fleet, stream);
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
  // By kubectl, as it would otherwise warn the user whose apply comes upon objects of somebody else's making.
  await apply(cluster, join(exampleFolder, '00-namespaces.yaml'));
  await cluster.applyYaml(
    stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'acme-promoter', namespace: pipelineNamespace },
      stringData: { appId: String(app.id), privateKey: app.privateKey },
    }),
  );
}

async function apply(cluster: ControlPlane, path: string): Promise<void> {
  const { code, stderr } = await cluster.kubectl(['apply', '-f', path]);
  if (code !== 0) throw new Error(`kubectl apply -f ${path}: ${stderr}`);
}
