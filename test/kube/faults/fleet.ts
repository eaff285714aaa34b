import { expect } from '@jest/globals';
import { z } from 'zod';
import { pathOf, type Resource } from '../../../src/kube/resource.ts';
import type { Answer } from '../../sandbox/cluster/cluster-client.ts';
import type { Cluster } from '../../sandbox/cluster/cluster.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { boatDefinition, boats } from '../boat-definition.ts';

const boat = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
  }),
  spec: z.object({ town: z.string(), level: z.number() }),
});

export type Boat = z.infer<typeof boat>;

/** What is kept of a boat. */
export function projectBoat(object: unknown): Boat {
  return boat.parse(object);
}

/** Its letters take one to four bytes each. */
const town = 'Zürich, 東京 🛶';

/** Boats of a group of their own in a namespace of their own, on the real server and past every proxy. */
export class Fleet {
  readonly resource: Resource;
  readonly namespace: string;
  /** Keys of all boats that were changed. */
  readonly touched = new Set<string>();
  readonly #cluster: Cluster;
  #count = 0;

  constructor(cluster: Cluster, group: string, namespace: string) {
    this.#cluster = cluster;
    this.resource = { ...boats, group };
    this.namespace = namespace;
  }

  get definition(): string {
    return boatDefinition.replaceAll(boats.group, this.resource.group);
  }

  get #collection(): string {
    return pathOf(this.resource, { namespace: this.namespace });
  }

  /** A boat with a name that none had before; gives its name. */
  async create(name = `boat-${(this.#count += 1)}`): Promise<string> {
    const apiVersion = `${this.resource.group}/${this.resource.version}`;
    const body = { apiVersion, kind: 'Boat', metadata: { name }, spec: { town, level: 1 } };
    expect(await this.#ask('POST', this.#collection, body)).toMatchObject({ status: 201 });
    this.#touch(name);
    return name;
  }

  async createMany(count: number): Promise<void> {
    const names = Array.from({ length: count }, () => `boat-${(this.#count += 1)}`);
    const workers = Array.from({ length: 8 }, async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) await this.create(name);
    });
    await Promise.all(workers);
  }

  async raise(name: string, level: number): Promise<void> {
    const path = `${this.#collection}/${name}`;
    const type = 'application/merge-patch+json';
    expect(await this.#ask('PATCH', path, { spec: { level } }, type)).toMatchObject({ status: 200 });
    this.#touch(name);
  }

  async remove(name: string): Promise<void> {
    expect(await this.#ask('DELETE', `${this.#collection}/${name}`)).toMatchObject({ status: 200 });
    this.#touch(name);
  }

  /** Another boat of the same name. */
  async replace(name: string): Promise<void> {
    await this.remove(name);
    await this.create(name);
  }

  /** Every kind of change there is, to three boats that were there and one that was not; there have to be three. */
  async change(): Promise<void> {
    const own = (await this.all()).filter(({ metadata }) => metadata.namespace === this.namespace);
    const [first, second, third] = own.map(({ metadata }) => metadata.name);
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('three boats are needed');
    await this.create();
    await this.raise(first, 7);
    await this.remove(second);
    await this.replace(third);
  }

  /** All that the server has of the group, by key. */
  async all(): Promise<readonly Boat[]> {
    const { status, body } = await this.#ask<{ items: unknown[] }>('GET', pathOf(this.resource));
    expect(status).toBe(200);
    return body.items.map(projectBoat);
  }

  /** Does what the namespace's controller would: there is none here. */
  async removeNamespace(): Promise<void> {
    const path = `/api/v1/namespaces/${this.namespace}`;
    for (const { metadata } of await this.all())
      if (metadata.namespace === this.namespace) this.#touch(metadata.name);
    const { status, body } = await this.#ask<object>('DELETE', path);
    expect(status).toBe(200);
    expect(await this.#ask('DELETE', this.#collection)).toMatchObject({ status: 200 });
    const finalized = { ...body, spec: { finalizers: [] } };
    expect(await this.#ask('PUT', `${path}/finalize`, finalized)).toMatchObject({ status: 200 });
    await eventually('the namespace is gone', async () => (await this.#ask('GET', path)).status === 404);
  }

  /** With all boats of the group; resolves when the server has forgotten the kind, also in what it says of itself. */
  async removeDefinition(): Promise<void> {
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    const path = `${definitions}/${this.resource.plural}.${this.resource.group}`;
    expect(await this.#ask('DELETE', path)).toMatchObject({ status: 200 });
    const { group, version } = this.resource;
    for (const each of [path, `/apis/${group}/${version}`, pathOf(this.resource)])
      await eventually(`${each} is gone`, async () => (await this.#ask('GET', each)).status === 404);
  }

  /** A server that was just started says for a while that it is not ready for the kind. */
  async #ask<Body>(...input: Parameters<Cluster['api']>): Promise<Answer<Body>> {
    let answer = await this.#cluster.api<Body>(...input);
    const ask = async (): Promise<boolean> => {
      answer = await this.#cluster.api<Body>(...input);
      return answer.status !== 429;
    };
    if (answer.status === 429) await eventually('the server is ready for boats', ask, { deadlineMs: 30_000 });
    return answer;
  }

  #touch(name: string): void {
    this.touched.add(`${this.namespace}/${name}`);
  }
}
