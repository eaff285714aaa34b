import { z } from 'zod';
import { Store, type Stored } from '../../src/kube/reflector/store.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import type { ControllerProcess } from '../sandbox/controller-process.ts';
import type { World } from '../sandbox/world.ts';
import { metric } from './replicas.ts';

const kinds = {
  pipelines: '/apis/lockkeeper.dev/v1alpha1/pipelines',
  credentials: '/apis/lockkeeper.dev/v1alpha1/credentials',
  helmreleases: '/apis/helm.toolkit.fluxcd.io/v2/helmreleases',
  namespaces: '/api/v1/namespaces',
};

const list = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        namespace: z.string().default(''),
        uid: z.string(),
        resourceVersion: z.string(),
      }),
    }),
  ),
});

/** Each kind that controllers follow as the server has it now, by the labels of a controller's metrics. */
async function listed({ cluster }: World): Promise<Readonly<Record<string, readonly [number, number]>>> {
  const each = Object.entries(kinds).map(async ([resource, path]) => {
    const store = new Store<Stored>();
    for (const object of list.parse((await cluster.api('GET', path)).body).items) store.set(object);
    return [`{resource="${resource}"}`, [store.size, store.checksum]] as const;
  });
  return Object.fromEntries(await Promise.all(each));
}

/** Resolves when each of the controllers holds the same versions of the same objects as the server, of every kind that they follow. */
export async function untilSameAsServer(
  world: World,
  ...controllers: readonly ControllerProcess[]
): Promise<void> {
  for (const controller of controllers) {
    // Listed each time, since statuses may still be written.
    await eventually(`process ${controller.pid} holds what the server has`, async () => {
      const server = await listed(world);
      const sizes = await metric(controller, 'lockkeeper_store_objects');
      const checksums = await metric(controller, 'lockkeeper_store_checksum');
      return Object.entries(server).every(
        ([kind, [size, checksum]]) => sizes[kind] === size && checksums[kind] === checksum,
      );
    });
  }
}
