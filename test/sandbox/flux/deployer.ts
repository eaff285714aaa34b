import { isDeepStrictEqual } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { messageOf } from '../../../src/base/error.ts';
import { sleep } from '../../../src/base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Fate, Occasion } from './fate.ts';
import { parseHelmRelease, type HelmRelease } from './helm-release.ts';
import { sequenceOf } from './sequence.ts';
import type { Step } from './step.ts';

/** A repository as a deployer follows it. */
export interface RepositoryView {
  /** The newest commit of the branch; undefined while there is none. */
  readonly head: () => string | undefined;
  /** The YAML files of a commit, path → text. */
  readonly files: (commit: string) => Promise<ReadonlyMap<string, string>>;
  /** Calls back after each move of the branch; gives what ends that. */
  readonly onMove: (listener: (commit: string) => void) => () => void;
}

export interface DeployerOptions {
  readonly cluster: Pick<Cluster, 'api' | 'ensureNamespace'>;
  readonly repository: RepositoryView;
  /** How much of the recorded pauses is waited: 0 none, 1 all of it. */
  readonly pace: number;
  readonly say: (line: string) => void;
}

/** What a HelmRelease runs, and since when the API server knows that it does well. */
export interface Arrival {
  readonly version: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly atMs: number;
}

const maxConflicts = 5;

const manifest = z.looseObject({
  apiVersion: z.literal('helm.toolkit.fluxcd.io/v2'),
  kind: z.literal('HelmRelease'),
  metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
  spec: z.looseObject({}),
});
type Manifest = z.infer<typeof manifest>;

/** Applies the HelmReleases of a branch as kustomize-controller does, and moves their status as helm-controller does. */
export async function startDeployer(options: DeployerOptions): Promise<Deployer> {
  const deployer = new Deployer(options);
  deployer.start();
  await deployer.settled();
  return deployer;
}

export class Deployer {
  readonly #options: DeployerOptions;
  readonly #stop = new AbortController();
  readonly #fates = new Map<string, Fate>();
  readonly #arrivals = new Map<string, Arrival>();
  /** One run at a time for each object: an edit meanwhile comes after it, as helm-controller does by default. */
  readonly #runs = new Map<string, Promise<void>>();
  readonly #applied = new Map<string, Manifest['spec']>();
  readonly #endings = new Map<string, (fate: Fate) => readonly Step[]>();
  #applying: Promise<void> = Promise.resolve();
  #unfollow: () => void = () => undefined;

  /** Use `startDeployer`. */
  constructor(options: DeployerOptions) {
    this.#options = options;
  }

  start(): void {
    const { repository } = this.#options;
    this.#unfollow = repository.onMove((commit) => this.#follow(commit));
    const head = repository.head();
    if (head !== undefined) this.#follow(head);
  }

  /** What becomes of the next attempts at a version of `namespace/name`; of every version when none is named. */
  setFate(target: string, fate: Fate, version?: string): void {
    this.#fates.set(version === undefined ? target : `${target} ${version}`, fate);
    const ending = this.#endings.get(target);
    if (ending === undefined || fate.kind === 'stuck') return;
    this.#endings.delete(target);
    this.#enqueue(target, async () => await this.#play(target, ending(fate)));
  }

  /** The controller looks without an edit: an interval run, or after a drift or an uninstall behind its back. */
  look(target: string, occasion: Occasion = 'look'): void {
    this.#enqueue(target, async () => await this.#reconcile(target, occasion));
  }

  /** When `namespace/name` last became healthy, and with what. */
  arrival(target: string): Arrival | undefined {
    return this.#arrivals.get(target);
  }

  /** Resolves when nothing is being applied or run. */
  async settled(): Promise<void> {
    await this.#applying;
    await Promise.all(this.#runs.values());
  }

  async stop(): Promise<void> {
    this.#unfollow();
    this.#stop.abort();
    await this.settled();
  }

  #follow(commit: string): void {
    this.#applying = this.#applying.then(async () => {
      if (this.#stop.signal.aborted) return;
      try {
        await this.#apply(commit);
      } catch (thrown) {
        this.#options.say(`deployer: ${commit.slice(0, 8)}: ${messageOf(thrown)}`);
      }
    });
  }

  async #apply(commit: string): Promise<void> {
    for (const [path, text] of await this.#options.repository.files(commit)) {
      // A file that is no YAML stops this file's objects alone.
      for (const document of parseAllDocuments(text, { logLevel: 'silent' })) {
        if (document.errors.length > 0) {
          this.#options.say(`deployer: ${path} is not YAML`);
          continue;
        }
        const parsed = manifest.safeParse(document.toJS());
        if (parsed.success) await this.#applyOne(parsed.data);
      }
    }
  }

  async #applyOne(wanted: Manifest): Promise<void> {
    const { namespace, name } = wanted.metadata;
    const target = `${namespace}/${name}`;
    if (isDeepStrictEqual(this.#applied.get(target), wanted.spec)) return;
    const { cluster } = this.#options;
    const path = `${pathOf(target)}?fieldManager=kustomize-controller&force=true`;
    let answer = await cluster.api('PATCH', path, wanted, 'application/apply-patch+yaml');
    if (answer.status === 404) {
      await cluster.ensureNamespace(namespace);
      answer = await cluster.api('PATCH', path, wanted, 'application/apply-patch+yaml');
    }
    if (answer.status >= 300) {
      this.#options.say(`deployer: ${target} was refused with ${answer.status}`);
      return;
    }
    this.#applied.set(target, wanted.spec);
    this.look(target);
  }

  #enqueue(target: string, work: () => Promise<void>): void {
    const before = this.#runs.get(target) ?? Promise.resolve();
    const run = before.then(async () => {
      if (this.#stop.signal.aborted) return;
      try {
        await work();
      } catch (thrown) {
        if (!this.#stop.signal.aborted) this.#options.say(`deployer: ${target}: ${messageOf(thrown)}`);
      }
    });
    this.#runs.set(target, run);
  }

  async #reconcile(target: string, occasion: Occasion): Promise<void> {
    const release = await this.#read(target);
    if (release === undefined) return;
    const { version } = release.spec.chart.spec;
    const fate = this.#fates.get(`${target} ${version}`) ?? this.#fates.get(target) ?? { kind: 'good' };
    const { steps, conclude } = sequenceOf(release, fate, occasion);
    if (conclude !== undefined) this.#endings.set(target, conclude);
    await this.#play(target, steps);
  }

  async #play(target: string, steps: readonly Step[]): Promise<void> {
    const begun = await this.#read(target);
    if (begun === undefined) return;
    for (const step of steps) {
      const pauseMs = step.isExact === true ? step.afterMs : step.afterMs * this.#options.pace;
      if (pauseMs > 0) await sleep(pauseMs, this.#stop.signal);
      // An edit between our reading and our writing is a conflict: the step is taken again on what is there now.
      for (let attempt = 1; (await this.#take(target, step, begun)) === 'conflict'; attempt += 1) {
        if (attempt === maxConflicts)
          throw new Error('the object changes faster than its status can be written');
      }
    }
  }

  async #take(target: string, step: Step, begun: HelmRelease): Promise<'taken' | 'conflict'> {
    const release = await this.#read(target);
    if (release === undefined) return 'taken';
    const { generation } = release.metadata;
    // What was only waited for falls away with an edit.
    if (step.isIdle === true && generation !== begun.metadata.generation) return 'taken';
    const status = step.change(release.status, { now: new Date(), generation });
    if (isDeepStrictEqual(status, release.status)) return 'taken';
    return await this.#write(target, release, status);
  }

  async #write(
    target: string,
    release: HelmRelease,
    status: HelmRelease['status'],
  ): Promise<'taken' | 'conflict'> {
    const { cluster } = this.#options;
    const { status: code } = await cluster.api('PUT', `${pathOf(target)}/status`, { ...release, status });
    if (code === 409) return 'conflict';
    if (code >= 300) throw new Error(`the status was refused with ${code}`);
    const ready = status.conditions?.find(({ type }) => type === 'Ready');
    const busy =
      status.conditions?.some(({ type, status: is }) => type === 'Reconciling' && is === 'True') === true;
    const done =
      ready?.status === 'True' && !busy && status.observedGeneration === release.metadata.generation;
    const version = status.history?.[0]?.chartVersion;
    if (done && version !== undefined && this.#arrivals.get(target)?.version !== version) {
      this.#arrivals.set(target, { version, atMs: performance.timeOrigin + performance.now() });
    }
    return 'taken';
  }

  async #read(target: string): Promise<HelmRelease | undefined> {
    const { status, body } = await this.#options.cluster.api('GET', pathOf(target));
    return status === 200 ? parseHelmRelease(body) : undefined;
  }
}

function pathOf(target: string): string {
  const [namespace = '', name = ''] = target.split('/');
  return `/apis/helm.toolkit.fluxcd.io/v2/namespaces/${namespace}/helmreleases/${name}`;
}
