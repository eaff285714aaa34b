import { stringify } from 'yaml';
import { examples } from '../api/written.ts';
import type { ControlPlane } from '../sandbox/cluster/control-plane.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import type { ControllerProcess } from '../sandbox/controller-process.ts';
import { lessOne, movedTo, type KubeObject } from './moved-rights.ts';
import { rolesOf, rulesOf } from './rules.ts';

/** What a user sees of a controller, each by what it is called. */
export interface Seen {
  readonly 'knows Pipelines': boolean;
  readonly 'knows Credentials': boolean;
  readonly 'knows HelmReleases': boolean;
  readonly 'knows namespaces': boolean;
  readonly 'is chosen among replicas': boolean;
  readonly 'stands by without trouble': boolean;
  readonly 'says in a Pipeline what it waits for': boolean;
  readonly 'says in a Credential how it is': boolean;
  readonly 'reads the Secret of a Credential': boolean;
  readonly 'tells in Events what has changed': boolean;
  readonly 'counts what happens again in one Event': boolean;
}

const account = 'lockkeeper-controller';
const credentialName = 'acme-promoter';

/** Who holds the Lease before the controller comes: nobody yet, nobody any more, or another one for long. */
export type LeaseBefore = 'none' | 'free' | 'held';

/**
 * The rights of the chart and of examples/ in a namespace of its own, of which one may be left out, with a Credential, its Secret and a
 * Pipeline of which nothing else exists.
 */
export class BareInstall {
  readonly namespace: string;
  readonly #cluster: ControlPlane;

  constructor(cluster: ControlPlane, namespace: string) {
    this.#cluster = cluster;
    this.namespace = namespace;
  }

  /** @param without as `rulesOf` writes it */
  async apply(chart: readonly KubeObject[], lease: LeaseBefore, without?: string): Promise<void> {
    const { namespace } = this;
    await this.#cluster.ensureNamespace(namespace);
    const own = rolesOf(chart, account).map((object) => movedTo(namespace, object));
    const shown = examples()
      .map(({ object }) => object)
      .filter(({ kind }) => kind !== 'Namespace')
      .map((object) => movedTo(namespace, object));
    const roles = [...own, ...shown].map((object) => lessOne(object, without));
    const objects = [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace } },
      ...roles,
      ...(lease === 'none' ? [] : [leaseOf(namespace, lease)]),
    ];
    await this.#applyAll(objects);
    await this.setKey('no key');
  }

  /** Rights that are left, as `rulesOf` writes them. */
  left(chart: readonly KubeObject[], without?: string): string[] {
    const all = [...rolesOf(chart, account), ...examples().map(({ object }) => object)];
    return rulesOf(all).filter((right) => right !== without);
  }

  /** Puts something in place of the App's key into the Secret; undefined takes it out. Wakes whoever looks at the Credential. */
  async setKey(privateKey: string | undefined): Promise<void> {
    const { namespace } = this;
    const data = { appId: '12', ...(privateKey === undefined ? {} : { privateKey }) };
    const path = `/api/v1/namespaces/${namespace}/secrets/${credentialName}`;
    await this.#cluster.api('DELETE', path);
    await this.#applyAll([
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: credentialName, namespace }, stringData: data },
    ]);
  }

  /** Releases the Lease, as a holder does that ends. */
  async freeLease(): Promise<void> {
    await this.#applyAll([leaseOf(this.namespace, 'free')]);
  }

  /** Reason of the Credential's condition Ready, after a pass was asked for. */
  async #readiness(): Promise<string | undefined> {
    const path = `/apis/lockkeeper.dev/v1alpha1/namespaces/${this.namespace}/credentials/${credentialName}`;
    const asked = { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': String(Math.random()) } } };
    await this.#cluster.api('PATCH', path, asked, 'application/merge-patch+json');
    const { body } = await this.#cluster.api<WithConditions>('GET', path);
    return body.status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
  }

  /** Lets the same thing happen to the Credential again, which is one Event that is counted on. */
  async sayTwice(): Promise<void> {
    for (let times = 0; times < 3; times += 1) {
      await this.setKey('no key');
      await eventually('the key is none', async () => (await this.#readiness()) === 'Malformed');
      await this.setKey(undefined);
      await eventually('the key is gone', async () => (await this.#readiness()) === 'Missing');
    }
  }

  async seen(controller: ControllerProcess): Promise<Seen> {
    const ready = await fetch(`${controller.telemetryUrl}/readyz?verbose`).then(
      (response) => response.text(),
      () => '', // it has ended
    );
    const knows = (plural: string): boolean =>
      ready.split('\n').some((line) => line.includes(`cache-${plural}`) && line.includes('was current'));
    const of = `/apis/lockkeeper.dev/v1alpha1/namespaces/${this.namespace}`;
    const pipeline = await this.#cluster.api<WithConditions>('GET', `${of}/pipelines/podinfo`);
    const credential = await this.#cluster.api<WithConditions>('GET', `${of}/credentials/${credentialName}`);
    const events = await this.#cluster.api<{ items: readonly { series?: { count: number } }[] }>(
      'GET',
      `/apis/events.k8s.io/v1/namespaces/${this.namespace}/events`,
    );
    const said = await controller.log();
    const readiness = credential.body.status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
    return {
      'knows Pipelines': knows('pipelines'),
      'knows Credentials': knows('credentials'),
      'knows HelmReleases': knows('helmreleases'),
      'knows namespaces': knows('namespaces'),
      'is chosen among replicas': said.includes('"msg":"leading"'),
      'stands by without trouble': !said.includes('"what":"leader election"'),
      'says in a Pipeline what it waits for': pipeline.body.status?.conditions !== undefined,
      'says in a Credential how it is': readiness !== undefined,
      'reads the Secret of a Credential': readiness !== undefined && readiness !== 'AccessDenied',
      'tells in Events what has changed': events.body.items.length > 0,
      'counts what happens again in one Event': events.body.items.some(({ series }) => series !== undefined),
    };
  }

  async #applyAll(objects: readonly KubeObject[]): Promise<void> {
    await this.#cluster.applyYaml(
      objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n'),
    );
  }
}

interface WithConditions {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly reason: string }[] };
}

function leaseOf(namespace: string, lease: LeaseBefore): KubeObject {
  const now = `${new Date().toISOString().slice(0, 23)}000Z`;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: account, namespace },
    spec: {
      holderIdentity: lease === 'held' ? 'another' : '',
      leaseDurationSeconds: lease === 'held' ? 3600 : 1,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: 0,
    },
  };
}
