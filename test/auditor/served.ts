import { z } from 'zod';
import type { Cluster } from '../sandbox/cluster/cluster.ts';

const groups = z.object({
  groups: z.array(z.object({ versions: z.array(z.object({ groupVersion: z.string() })) })),
});
const resources = z.object({
  groupVersion: z.string(),
  resources: z.array(z.object({ name: z.string(), verbs: z.array(z.string()) })),
});

/** All that an API server serves, by its discovery, such as `create pods/exec` or `patch deployments.apps`. */
export async function servedBy(cluster: Cluster): Promise<ReadonlySet<string>> {
  const all = groups.parse((await cluster.api('GET', '/apis')).body).groups;
  const roots = all.flatMap(({ versions }) => versions.map(({ groupVersion }) => `/apis/${groupVersion}`));
  const lists = await Promise.all(
    ['/api/v1', ...roots].map(async (root) => resources.parse((await cluster.api('GET', root)).body)),
  );
  const served = lists.flatMap((list) => {
    const group = list.groupVersion.split('/').slice(0, -1).join('');
    return list.resources.flatMap(({ name, verbs }) =>
      verbs.map((verb) => `${verb} ${group === '' ? name : `${name}.${group}`}`),
    );
  });
  return new Set(served);
}
