import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { listPages } from '../../../src/kube/reflector/list.ts';
import { Transport } from '../../../src/kube/transport/transport.ts';
import type { Cluster } from '../../sandbox/cluster/cluster.ts';
import { obtainControlPlane } from '../../sandbox/cluster/obtain-control-plane.ts';

const named = z.object({ metadata: z.object({ name: z.string() }) });

let cluster: Cluster;
beforeAll(async () => {
  cluster = await obtainControlPlane({ say: () => undefined });
}, 600_000); // the first start on a machine builds the servers
afterAll(() => cluster.stop());

test('objects of which 500 are more than an answer may hold are all read, in smaller pages of one moment', async () => {
  const namespace = await cluster.freshNamespace('large');
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const fill = 'x'.repeat(900 * 1024);
  const names = Array.from({ length: 25 }, (_, index) => `large-${index}`);
  for (const name of names) {
    const made = await cluster.api('POST', path, { metadata: { name }, data: { fill } });
    expect(made.status).toBe(201);
  }
  const asked: (string | undefined)[] = [];
  const transport = new Transport({
    server: cluster.server,
    tls: () => ({ ca: cluster.ca }),
    token: () => cluster.adminToken,
  });
  try {
    const counting: Pick<Transport, 'call'> = {
      call: async (request) => {
        asked.push(request.query?.['limit']);
        return await transport.call(request);
      },
    };
    const listed = { group: '', version: 'v1', plural: 'configmaps', namespace };
    const found: string[] = [];
    for await (const page of listPages(counting, listed, new AbortController().signal))
      found.push(...page.map((item) => named.parse(item).metadata.name));
    // The API server puts one of its own into each namespace, if its controllers run.
    expect(found.filter((name) => name.startsWith('large-')).toSorted()).toEqual(names.toSorted());
    expect(asked).toEqual(['500', '250', '125', '62', '31', '15', '15']);
  } finally {
    await transport.close();
  }
}, 60_000);
