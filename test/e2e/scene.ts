import { stringify } from 'yaml';
import { z } from 'zod';
import type { EnvironmentStatus } from '../../src/api/pipeline-status.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { untilRbacCounts } from '../sandbox/cluster/until-rbac-counts.ts';
import { startDeployer, type Deployer } from '../sandbox/flux/deployer.ts';
import type { App, Installation } from '../sandbox/forge/credentials.ts';
import type { Permissions } from '../sandbox/forge/permission-set.ts';
import type { PullRequest } from '../sandbox/forge/repository.ts';
import { readEnvironment } from '../sandbox/pipeline-view.ts';
import { startWorld, type World, type WorldOptions } from '../sandbox/world.ts';
import { outputsOf } from './outputs.ts';
import { SecretPieces } from './secret-pieces.ts';
import {
  credentialName,
  credentialObject,
  environmentNames,
  environmentNamespace,
  grantObjects,
  marker,
  namespaceObject,
  pipelineObject,
  releaseFile,
  releasePath,
  secretObject,
  type CredentialChanges,
  type PipelineChanges,
} from './objects.ts';

/**
 * A world whose Pipelines stand beside each other: each test sets a stage of its own, and tests of one file run at once. The
 * control plane is the file's own and not the shared one, because the controller takes every Pipeline of its cluster for its: two
 * controllers would work on each other's.
 */
export interface Scene {
  readonly world: World;
  /** A Pipeline podinfo with everything that it needs, up to date at 6.1.0. */
  readonly stage: (namespace: string, options?: StageOptions) => Promise<Stage>;
  /**
   * Ends it all. Rejects when a piece of a secret is found where others can read it, whatever the tests were about.
   * @param planted a test has put one there itself
   */
  readonly stop: (options?: { readonly planted?: boolean }) => Promise<void>;
}

export interface StageOptions {
  readonly credential?: 'githubApp' | 'token';
  readonly permissions?: Permissions;
  /** Flux follows main; that branch holds the same files at first. */
  readonly baseBranch?: string;
}

const firstVersion = '6.1.0';
export const nextVersion = '6.2.0';

export async function startScene(options: Partial<WorldOptions> = {}): Promise<Scene> {
  const world = await startWorld({ say: () => undefined, ...options });
  const stages: Stage[] = [];
  return {
    world,
    stage: async (namespace, stageOptions = {}) => {
      const stage = new Stage(world, namespace, stageOptions);
      stages.push(stage);
      await stage.set();
      return stage;
    },
    stop: async ({ planted = false } = {}) => {
      try {
        if (!planted) await assertNothingLeaked(world, stages);
      } finally {
        await Promise.all(stages.map((stage) => stage.leave()));
        await world.stop();
      }
    },
  };
}

async function assertNothingLeaked(world: World, stages: readonly Stage[]): Promise<void> {
  const secrets = stages.flatMap((stage) =>
    stage.secrets.map(([name, value]) => [`${name} of ${stage.namespace}`, value] as const),
  );
  const pieces = new SecretPieces([...secrets, ['the unused key', world.app.privateKey]]);
  const leaks = (await outputsOf(world)).flatMap(({ where, text }) => pieces.findIn(where, text));
  if (leaks.length === 0) return;
  throw new Error(`secrets leaked: ${leaks.map(({ secret, where }) => `${secret} in ${where}`).join(', ')}`);
}

/** One Pipeline with namespaces, a repository, a credential and a Flux of its own. Its parts can be broken and mended. */
export class Stage {
  readonly namespace: string;
  /** `acme/<namespace>` */
  readonly repository: string;
  /** Who the pull requests are from. */
  readonly login: string;
  readonly app: App;
  /** The App's, on the repository alone. */
  installation: Installation;
  readonly world: World;
  readonly #options: StageOptions;
  /** What the Secret holds when nothing is broken. */
  readonly secretData: Readonly<Record<string, string>>;
  #deployer: Deployer | undefined;

  /** Use `Scene.stage`. */
  constructor(world: World, namespace: string, options: StageOptions) {
    const { forge } = world;
    this.world = world;
    this.namespace = namespace;
    this.repository = `acme/${namespace}`;
    this.#options = options;
    const permissions = options.permissions ?? {
      contents: 'write',
      pull_requests: 'write',
      metadata: 'read',
    };
    const { app, privateKey } = forge.createApp({ slug: `${namespace}-app`, owner: 'acme', permissions });
    this.app = app;
    this.installation = forge.install(app, 'acme', []);
    const isApp = this.kind === 'githubApp';
    this.login = isApp ? `${app.slug}[bot]` : forge.createUser(`${namespace}-bot`).login;
    this.secretData = isApp ? { appId: String(app.id), privateKey } : { token: this.newToken() };
  }

  get kind(): 'githubApp' | 'token' {
    return this.#options.credential ?? 'githubApp';
  }

  get deployer(): Deployer {
    if (this.#deployer === undefined) throw new Error('the stage is not set yet');
    return this.#deployer;
  }

  /** Of the bot whose token the stage uses. */
  newToken(): string {
    return this.world.forge.createToken(this.login, ['repo']);
  }

  /** Makes everything; resolves when the Pipeline says that staging runs what dev runs. */
  async set(): Promise<void> {
    const { namespace, world } = this;
    await this.createRepository();
    await this.apply(
      namespaceObject(namespace),
      ...environmentNames.map((each) => namespaceObject(environmentNamespace(namespace, each), namespace)),
      secretObject(namespace, this.secretData),
      ...grantObjects(namespace),
    );
    // What is refused at first is asked for again more than a minute later.
    await untilRbacCounts(world.cluster, { namespace });
    await this.apply(credentialObject(namespace, this.kind));
    this.#deployer = await startDeployer({
      cluster: world.cluster,
      repository: {
        head: () => world.forge.branch(this.repository, 'main'),
        files: (commit) => world.forge.readFiles(this.repository, commit, (path) => path.endsWith('.yaml')),
        onMove: (listener) => world.forge.onBranchMove(this.repository, 'main', listener),
      },
      pace: 0,
      say: () => undefined,
    });
    await this.applyPipeline();
    await this.eventually(
      'staging runs the first version',
      (staging) => staging.revision?.version === firstVersion,
    );
  }

  /** With its files; the App is installed on it, or the bot may write to it. @param version in dev */
  async createRepository(version = firstVersion): Promise<void> {
    const { forge } = this.world;
    const made = await forge.createRepository(this.repository, this.files(version));
    if (this.#options.baseBranch !== undefined) await this.commit(this.files(), this.#options.baseBranch);
    this.installation.repositories = new Set([made.id]);
    const bot = forge.world.accounts.byLogin(this.login);
    if (bot !== undefined) made.collaborators.set(bot.id, 'write');
  }

  /** The files of the repository when nothing is broken. */
  files(version = firstVersion): Record<string, string> {
    const { namespace } = this;
    return {
      [releasePath('dev')]: releaseFile(namespace, 'dev', version),
      [releasePath('staging')]: releaseFile(namespace, 'staging', `${firstVersion} ${marker(namespace)}`),
    };
  }

  async apply(...objects: readonly object[]): Promise<void> {
    await this.world.cluster.applyYaml(objects.map((object) => stringify(object)).join('---\n'));
  }

  /** A Secret with exactly these keys, whatever it held before. */
  async putSecret(stringData: Readonly<Record<string, string>>): Promise<void> {
    const secrets = `/api/v1/namespaces/${this.namespace}/secrets`;
    const object = secretObject(this.namespace, stringData);
    const { api } = this.world.cluster;
    // An apply would leave the keys that are not in it.
    const { status } = await api('PUT', `${secrets}/${credentialName}`, object);
    if (status === 404) await api('POST', secrets, object);
  }

  async applyCredential(changes: CredentialChanges = {}): Promise<void> {
    await this.apply(credentialObject(this.namespace, this.kind, changes));
  }

  async applyPipeline(changes: PipelineChanges = {}): Promise<void> {
    const { baseBranch = 'main' } = this.#options;
    await this.apply(pipelineObject(this.namespace, { baseBranch, ...changes }));
  }

  /** @param path with its query */
  async delete(path: string): Promise<void> {
    const { status } = await this.world.cluster.api('DELETE', path);
    if (status !== 200) throw new Error(`${path} was not deleted: ${status}`);
  }

  /** As a person pushes. */
  async commit(files: Readonly<Record<string, string | undefined>>, branch = 'main'): Promise<void> {
    await this.world.forge.commitFiles(this.repository, branch, files, 'Change');
  }

  /** Puts a version into dev. @param version as it stands in the file */
  async release(version = nextVersion): Promise<void> {
    await this.commit({ [releasePath('dev')]: releaseFile(this.namespace, 'dev', version) });
  }

  /** What the Pipeline's status says of staging. */
  async staging(): Promise<EnvironmentStatus | undefined> {
    return await readEnvironment(this.world.cluster, this.namespace, 'podinfo', 'staging');
  }

  /** Resolves with staging's status as soon as `holds`; rejects with what it says instead. */
  async eventually(
    what: string,
    holds: (staging: EnvironmentStatus) => boolean,
    deadlineMs = 30_000,
  ): Promise<EnvironmentStatus> {
    let last: EnvironmentStatus | undefined;
    try {
      await eventually(
        `${this.namespace}: ${what}`,
        async () => {
          last = await this.staging();
          return last !== undefined && holds(last);
        },
        { deadlineMs },
      );
    } catch (cause) {
      throw new Error(`${String(cause)}; staging says ${JSON.stringify(last)}`, { cause });
    }
    if (last === undefined) throw new Error('there is no status');
    return last;
  }

  /** The promotion branch and every pull request that there ever was; none where there is no repository. */
  get proposal(): { readonly head: string | undefined; readonly pullRequests: readonly PullRequest[] } {
    const found = this.world.forge.world.repositories.find('acme', this.namespace)?.repository;
    return {
      head: found?.git.ref(`refs/heads/promotion/${this.namespace}/podinfo/staging`),
      pullRequests: [...(found?.pullRequests.values() ?? [])],
    };
  }

  /** What the stage's App or bot has asked of the forge, by route. */
  get requests(): readonly string[] {
    const { log } = this.world.forge;
    return log.entries().flatMap(({ owner, route }) => (owner === this.login ? [route] : []));
  }

  /** Those of its requests that change something on the forge; minting and revoking a token does not. */
  get writes(): readonly string[] {
    return this.requests.filter((route) => !harmless.test(route));
  }

  /** Every secret that the stage has had so far: what the Secret holds, and what was made with it. */
  get secrets(): readonly (readonly [string, string])[] {
    const { credentials } = this.world.forge.world;
    const tokens = credentials
      .tokens()
      .filter((token) =>
        token.kind === 'installation'
          ? token.installation.app === this.app
          : token.owner.login === this.login,
      )
      .map(({ value }, index) => [`token ${index}`, value] as const);
    const jwts = [...this.app.jwts].map((jwt, index) => [`JWT ${index}`, jwt] as const);
    const { privateKey } = this.secretData;
    return [...tokens, ...jwts, ...(privateKey === undefined ? [] : [['private key', privateKey] as const])];
  }

  /** Reasons of the Warnings that people were sent about the Pipeline. */
  async warnings(): Promise<ReadonlySet<string>> {
    const path = `/apis/events.k8s.io/v1/namespaces/${this.namespace}/events`;
    const { items } = eventList.parse((await this.world.cluster.api('GET', path)).body);
    return new Set(items.flatMap(({ type, reason }) => (type === 'Warning' ? [reason] : [])));
  }

  /** All that people can read about the stage in the cluster, and the controller's log. */
  async outputs(): Promise<string> {
    const { cluster, controller } = this.world;
    const collections = [
      `/apis/lockkeeper.dev/v1alpha1/namespaces/${this.namespace}/pipelines`,
      `/apis/lockkeeper.dev/v1alpha1/namespaces/${this.namespace}/credentials`,
      `/apis/events.k8s.io/v1/namespaces/${this.namespace}/events`,
    ];
    const answers = await Promise.all(collections.map((path) => cluster.api('GET', path)));
    return [...answers.map(({ body }) => JSON.stringify(body)), await controller?.log()].join('\n');
  }

  async leave(): Promise<void> {
    await this.#deployer?.stop();
  }
}

const eventList = z.object({ items: z.array(z.object({ type: z.string(), reason: z.string() })) });

const harmless = /^GET |^POST \/graphql repository$|^POST .*\/access_tokens$|^DELETE \/installation\/token$/;
