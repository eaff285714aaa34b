import { pipeline as pipelineSchema, type Pipeline } from '../../src/api/pipeline.ts';
import {
  pipelineStatus,
  type EnvironmentStatus,
  type PipelineStatus,
} from '../../src/api/pipeline-status.ts';
import { isReason } from '../../src/api/reasons.ts';
import { toTimestamp } from '../../src/base/time.ts';
import type { Credential } from '../../src/api/credential.ts';
import type { AppObject } from '../../src/engines/engine.ts';
import { fluxHelmRelease } from '../../src/engines/flux-helm-release.ts';
import type { Tools } from '../../src/promotion/act.ts';
import { PipelineReconciler } from '../../src/promotion/reconcile.ts';
import { MarkerIndex } from '../../src/proposing/marker-index.ts';
import { appCredential, tokenCredential, type Acme, type Promoter } from '../credentials/promoter.ts';
import { helmRelease, type HelmReleaseGiven } from '../engines/helm-release.ts';
import type { PullRequest } from '../sandbox/forge/repository.ts';

const key = 'apps/podinfo';
export const branch = 'promotion/apps/podinfo/staging';

export function pipelineOf(fullName: string, environments: readonly string[] = ['dev', 'staging']): Pipeline {
  return pipelineSchema.parse({
    metadata: { namespace: 'apps', name: 'podinfo', uid: 'uid-1', resourceVersion: '1', generation: 1 },
    spec: {
      appRef: { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', name: 'podinfo' },
      environments: environments.map((name) => ({ name, targets: [{ namespace: `podinfo-${name}` }] })),
      promotion: {
        strategy: {
          pullRequest: {
            url: `https://github.com/${fullName}`,
            paths: ['apps/podinfo'],
            credentialRef: { name: 'acme-promoter' },
          },
        },
      },
    },
  });
}

/** A Pipeline from dev to staging, the API server as far as it keeps it, and passes over it against the sandbox forge. */
export class Stage {
  readonly acme: Acme;
  readonly own: Promoter;
  /** As the API server has it. */
  stored: Pipeline;
  /** As the cache has it, when that lags behind. */
  cached: Pipeline | undefined;
  /** By `namespace/name`. */
  readonly credentials = new Map<string, Credential>();
  readonly written: PipelineStatus[] = [];
  /** Statuses that were written over another version than they named. */
  conflicts = 0;
  /** What people were told: `Warning NotInstalled: …`. */
  readonly said: string[] = [];
  /** Failures that nobody foresaw, with the environment that they are of. */
  readonly unexpected: (readonly [string, unknown])[] = [];
  /** In place of the API server taking a status. */
  refuseStatus: ((status: PipelineStatus) => 'gone' | undefined) | undefined;
  #reconciler: PipelineReconciler;
  readonly #apps = new Map<string, AppObject>();

  constructor(acme: Acme, own: Promoter, environments?: readonly string[]) {
    this.acme = acme;
    this.own = own;
    this.stored = pipelineOf(own.fullName, environments);
    this.credential = own.credential;
    this.#reconciler = this.#start();
    this.run('dev', '6.1.0');
    this.run('staging', '6.1.0');
  }

  get credential(): Credential | undefined {
    return this.credentials.get('apps/acme-promoter');
  }

  set credential(credential: Credential | undefined) {
    if (credential === undefined) this.credentials.delete('apps/acme-promoter');
    else this.credentials.set('apps/acme-promoter', credential);
  }

  get tools(): Tools {
    return {
      keyring: this.own.keyring,
      index: new MarkerIndex(),
      instance: 'blue',
      credential: (namespace, name) => this.credentials.get(`${namespace}/${name}`),
      onUnexpected: (environment, error) => void this.unexpected.push([environment, error]),
    };
  }

  #start(): PipelineReconciler {
    return new PipelineReconciler({
      tools: this.tools,
      caches: {
        pipeline: (name) => (name === key ? (this.cached ?? this.stored) : undefined),
        app: (_engine, namespace, name) => this.#apps.get(`${namespace}/${name}`),
        namespaceAnnotations: () => ({}),
      },
      crossNamespaceTargets: 'Allow',
      uses: this.own.uses,
      clock: this.own.clock,
      writeStatus: (pipeline, status) => {
        if (this.refuseStatus?.(status) === 'gone') return Promise.resolve(undefined);
        if (pipeline.metadata.uid !== this.stored.metadata.uid) return Promise.resolve(undefined);
        if (pipeline.metadata.resourceVersion !== this.stored.metadata.resourceVersion) this.conflicts += 1;
        this.#accept(status);
        return Promise.resolve(this.stored.metadata.resourceVersion);
      },
      announce: (_, { type, reason, note }) => void this.said.push(`${type} ${reason}: ${note}`),
    });
  }

  #accept(status: PipelineStatus): void {
    // What the API server would not take fails the test.
    pipelineStatus.parse(status);
    for (const { waiting } of status.environments ?? []) {
      if (waiting !== undefined && !isReason(waiting.reason))
        throw new Error(`${waiting.reason} is no reason`);
    }
    this.written.push(status);
    const { metadata } = this.stored;
    const resourceVersion = String(Number(metadata.resourceVersion) + 1);
    this.stored = { ...this.stored, metadata: { ...metadata, resourceVersion }, status };
  }

  /** A new process with nothing in memory. */
  restart(): void {
    this.#reconciler = this.#start();
  }

  /** From now on by the token of a person, whose commits the forge does not sign. */
  useToken(login: string): void {
    const { forge } = this.acme;
    const person = forge.createUser(login);
    forge.world.accounts.require(this.own.repository.owner).admins.add(person.id);
    this.own.secrets.put('apps/acme-promoter', { token: forge.createToken(login, ['repo']) });
    this.credential = tokenCredential(this.own.fullName);
  }

  /** The app object of an environment says that it runs this, since now. */
  run(environment: string, version: string, given: HelmReleaseGiven = {}): void {
    const lastTransitionTime = toTimestamp(this.own.clock.now());
    const ready = given.ready ?? { status: 'True', reason: 'UpgradeSucceeded' };
    const object = helmRelease({ attempted: version, ...given, ready: { lastTransitionTime, ...ready } });
    this.#apps.set(`podinfo-${environment}/podinfo`, fluxHelmRelease.project(object));
  }

  /** It failed at this, a minute ago. */
  fail(environment: string, version: string): void {
    const lastTransitionTime = toTimestamp(new Date(this.own.clock.now().getTime() - 60_000));
    this.run(environment, version, {
      ready: { status: 'False', reason: 'UpgradeFailed', message: 'it broke', lastTransitionTime },
      history: [{ status: 'failed', chartVersion: version }],
    });
  }

  /** The Pipeline promotes in the repository of another owner from now on, with the key of that one. */
  moveTo({ fullName, app, privateKey }: Promoter): void {
    this.own.secrets.put('apps/acme-promoter', { appId: String(app.id), privateKey });
    this.credential = appCredential(fullName);
    this.changeSpec((spec) => ({ ...spec, promotion: pipelineOf(fullName).spec.promotion }));
  }

  changeSpec(change: (spec: Pipeline['spec']) => Pipeline['spec']): void {
    const { metadata, spec } = this.stored;
    this.stored = {
      ...this.stored,
      metadata: { ...metadata, generation: metadata.generation + 1 },
      spec: change(spec),
    };
  }

  /** One pass, `afterMs` later; gives when the next is due. */
  async pass(afterMs = 0, signal = new AbortController().signal): Promise<number | undefined> {
    this.own.clock.advance(afterMs);
    return (await this.#reconciler.reconcile(key, signal)).requeueAfterMs;
  }

  /** Passes as the queue makes them, until none is due at once. */
  async settle(afterMs = 0): Promise<number | undefined> {
    let next = await this.pass(afterMs);
    for (let passes = 1; next === 0; passes += 1) {
      if (passes > 10) throw new Error('it does not come to rest');
      next = await this.pass();
    }
    return next;
  }

  get staging(): EnvironmentStatus {
    const found = this.stored.status?.environments?.find(({ name }) => name === 'staging');
    if (found === undefined) throw new Error('there is no status of staging');
    return found;
  }

  /** What staging waits for: `PullRequestOpen: …`. */
  get waiting(): string {
    const { waiting } = this.staging;
    return waiting === undefined ? '' : `${waiting.reason}: ${waiting.message}`;
  }

  condition(type: string): string {
    const found = this.stored.status?.conditions?.find((each) => each.type === type);
    return found === undefined ? 'absent' : `${found.status} ${found.reason}`;
  }

  pullRequests(): readonly PullRequest[] {
    return this.acme.forge.pullRequests(this.own.fullName);
  }

  /** The requests since the last time, as routes. */
  asked(): string[] {
    const asked = this.acme.asked();
    this.acme.forge.log.clear();
    return asked;
  }
}
