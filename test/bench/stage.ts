import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { eventually } from '../sandbox/cluster/eventually.ts';
import type { ControllerProcess } from '../sandbox/controller-process.ts';
import { noLimits, type LimitSettings } from '../sandbox/forge/limits.ts';
import type { LoggedRequest } from '../sandbox/forge/request-log.ts';
import { readEnvironment } from '../sandbox/pipeline-view.ts';
import { fleet, pipelineNamespace, startWorld, type World } from '../sandbox/world.ts';
import { fastImportStream, release, type FleetSize } from './fleet-generator.ts';

export const requestWatcher = fileURLToPath(new URL('watch-requests.ts', import.meta.url));

const deadlineMs = 180_000;

export interface StageOptions {
  readonly size: FleetSize;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** Further flags for the controller's Node. */
  readonly nodeArgs: readonly string[];
  /** Calls a minute that create content: what the forge allows an account and the controller is told. Absent: no limits of any kind. */
  readonly contentPerMinute?: number;
}

/**
 * The sandbox's world around a fleet of a given size. Unless wanted, the forge's limits are off, since a benchmark makes in a minute
 * what GitHub allows in an hour, and so is its judge of answers, whose time would count as the forge's. No controller runs yet.
 */
export async function startStage({
  size,
  say,
  signal,
  nodeArgs,
  contentPerMinute,
}: StageOptions): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'lockkeeper-bench-'));
  const requestsFile = join(folder, 'requests.jsonl');
  try {
    const world = await startWorld({
      say,
      signal,
      controller: false,
      forge: {
        limits: contentPerMinute === undefined ? noLimits : onlyContent(contentPerMinute),
        strict: false,
      },
      budget: { contentPerMinute: contentPerMinute ?? 0, contentPerHour: 0 },
      repository: {
        stream: fastImportStream(size),
        deployedFolders: size.pipelines.map((each) => `apps/${each}`),
      },
      values: { crossNamespaceTargets: 'Allow' },
      nodeArgs: [...nodeArgs, '--import', requestWatcher],
      env: { LOCKKEEPER_BENCH_REQUESTS: requestsFile },
    });
    return new Stage(world, size.pipelines, folder, requestsFile);
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true });
    throw thrown;
  }
}

function onlyContent(contentPerMinute: number): LimitSettings {
  const { primary, secondary } = noLimits;
  const unlimited = { concurrent: Infinity, restPointsPerMinute: Infinity, graphqlPointsPerMinute: Infinity };
  return {
    primary,
    secondary: { ...secondary, ...unlimited, enabled: true, contentPerMinute, contentPerHour: Infinity },
  };
}

export class Stage {
  readonly world: World;
  readonly pipelines: readonly string[];
  readonly folder: string;
  /** All requests of all controllers that ran here. */
  readonly requestsFile: string;

  /** Use `startStage`. */
  constructor(world: World, pipelines: readonly string[], folder: string, requestsFile: string) {
    this.world = world;
    this.pipelines = pipelines;
    this.folder = folder;
    this.requestsFile = requestsFile;
  }

  /** A Credential that the controller may use, and the Pipelines. */
  async applyPipelines(): Promise<void> {
    const objects = [...credential, ...this.pipelines.map(pipelineOf)];
    await this.world.cluster.applyYaml(objects.map((each) => stringify(each)).join('---\n'));
  }

  /** A fresh controller process. */
  async startController(): Promise<ControllerProcess> {
    return await this.world.restartController();
  }

  /** Puts a version of every app into dev; resolves when all are healthy there, with the time when the last one was. */
  async release(version: string): Promise<number> {
    const files = this.pipelines.map((each) => release(each, 'dev', { version }));
    await this.world.forge.commitFiles(
      fleet,
      'main',
      Object.fromEntries(files.map(({ path, text }) => [path, text])),
      `Release ${version} to dev`,
    );
    await this.world.deployer.settled();
    const arrivals = this.pipelines.map((each) => {
      const arrival = this.world.deployer.arrival(`${each}-dev/${each}`);
      if (arrival?.version !== version) throw new Error(`${version} of ${each} did not become healthy`);
      return arrival.atMs;
    });
    return Math.max(...arrivals);
  }

  /** Answers to requests that make a pull request or change its text, from now on; rejects when they do not come. */
  async published(count: number, withinMs = deadlineMs): Promise<readonly LoggedRequest[]> {
    const found: LoggedRequest[] = [];
    return await new Promise((resolve, reject) => {
      const unlisten = this.world.forge.log.onAdd((entry) => {
        if (!/^(POST|PATCH) .*\/pulls/.test(entry.route) || entry.status >= 300) return;
        found.push(entry);
        if (found.length === count) end(() => resolve(found));
      });
      const timer = setTimeout(() => {
        end(() =>
          reject(new Error(`${found.length} of ${count} pull requests were opened in ${withinMs} ms`)),
        );
      }, withinMs);
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        unlisten();
        settle();
      };
    });
  }

  /** Until the status of a Pipeline says so of its promotion into staging. */
  async untilPhase(pipeline: string, version: string, phase: 'Proposed' | 'Promoted'): Promise<void> {
    await eventually(
      `${pipeline} ${version} is ${phase}`,
      async () => {
        const seen = await readEnvironment(this.world.cluster, pipelineNamespace, pipeline, 'staging');
        return seen?.promotion?.phase === phase && seen.promotion.revision.version === version;
      },
      { deadlineMs },
    );
  }

  /** A person merges whatever is open, and Flux rolls it out. */
  async mergeAll(): Promise<void> {
    for (const { number, state } of this.world.forge.pullRequests(fleet))
      if (state === 'open') await this.world.forge.merge(fleet, number);
    await this.world.deployer.settled();
  }

  async stop(): Promise<void> {
    await this.world.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const name = 'acme-promoter';
const secretReader = 'lockkeeper-acme-promoter';

const credential = [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: secretReader, namespace: pipelineNamespace },
    rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: [name], verbs: ['get'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: secretReader, namespace: pipelineNamespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: secretReader },
    subjects: [{ kind: 'ServiceAccount', name: 'lockkeeper-controller', namespace: 'lockkeeper-system' }],
  },
  {
    apiVersion: 'lockkeeper.dev/v1alpha1',
    kind: 'Credential',
    metadata: { name, namespace: pipelineNamespace },
    spec: { host: 'github.com', repositories: [fleet], githubApp: { secretRef: { name } } },
  },
];

/** Without `paths`: markers count in the whole repository, which is the dearest that a user can ask for. */
function pipelineOf(app: string): object {
  return {
    apiVersion: 'lockkeeper.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: app, namespace: pipelineNamespace },
    spec: {
      appRef: { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', name: app },
      environments: [
        { name: 'dev', targets: [{ namespace: `${app}-dev` }] },
        { name: 'staging', targets: [{ namespace: `${app}-staging` }] },
      ],
      promotion: {
        strategy: { pullRequest: { url: `https://github.com/${fleet}`, credentialRef: { name } } },
      },
    },
  };
}
