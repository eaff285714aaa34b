import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { Reflector, type ReflectorOptions } from '../../../src/kube/reflector/reflector.ts';
import { pathOf } from '../../../src/kube/resource.ts';
import type { Stored } from '../../../src/kube/reflector/store.ts';
import type { Connection } from '../../../src/kube/transport/connection.ts';
import { Transport } from '../../../src/kube/transport/transport.ts';
import type { Cluster } from '../../sandbox/cluster/cluster.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { obtainControlPlane } from '../../sandbox/cluster/obtain-control-plane.ts';
import { boatDefinition, boats } from '../boat-definition.ts';

const boat = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
  }),
});

let cluster: Cluster;
let namespace: string;
let collection: string;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  cluster = await obtainControlPlane({ say: () => undefined });
  namespace = await cluster.freshNamespace('reflector');
  await cluster.applyYaml(boatDefinition);
  collection = pathOf(boats, { namespace });
}, 600_000); // the first start on a machine builds the servers

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(() => cluster.stop());

interface Reflecting {
  readonly reflector: Reflector<Stored>;
  readonly changes: string[];
  readonly troubles: unknown[];
}

function isOurs({ metadata }: Stored): boolean {
  return metadata.namespace === namespace;
}

/** The boats of our namespace, as the cluster's administrator sees them. */
async function reflect(
  transportOf = (connection: Connection) => new Transport(connection),
  initial: ReflectorOptions<Stored>['initial'] = 'stream',
): Promise<Reflecting> {
  const { server, ca, adminToken } = cluster;
  const transport = transportOf({ server, tls: () => ({ ca }), token: () => adminToken });
  const [changes, troubles]: [string[], unknown[]] = [[], []];
  const reflector = new Reflector<Stored>({
    transport,
    resource: boats,
    project: (object) => boat.parse(object),
    onChange: ({ kind, object }) => {
      if (isOurs(object)) changes.push(`${kind} ${object.metadata.name}`);
    },
    onTrouble: (trouble) => troubles.push(trouble),
    initial,
  });
  closing.push(
    () => transport.close(),
    () => reflector.stop(),
  );
  await reflector.start();
  return { reflector, changes, troubles };
}

async function create(name: string): Promise<void> {
  const body = { apiVersion: `${boats.group}/v1`, kind: 'Boat', metadata: { name }, spec: {} };
  expect(await cluster.api('POST', collection, body)).toMatchObject({ status: 201 });
}

async function paint(name: string, colour: string): Promise<void> {
  const path = `${collection}/${name}`;
  const type = 'application/merge-patch+json';
  expect(await cluster.api('PATCH', path, { spec: { colour } }, type)).toMatchObject({ status: 200 });
}

async function remove(name: string): Promise<void> {
  expect(await cluster.api('DELETE', `${collection}/${name}`)).toMatchObject({ status: 200 });
}

/** Name, uid and version of all that the server has. */
async function onServer(): Promise<string[]> {
  const { body } = await cluster.api<{ items: Stored[] }>('GET', collection);
  return body.items.map(written).toSorted();
}

function inStore({ reflector: { store } }: Reflecting): string[] {
  return [...store.values()].filter(isOurs).map(written).toSorted();
}

function written({ metadata: { name, uid, resourceVersion } }: Stored): string {
  return `${name} ${uid} ${resourceVersion}`;
}

async function equal(made: Reflecting): Promise<void> {
  const expected = await onServer();
  await eventually('the store equals the server', () => inStore(made).join() === expected.join());
}

test('the store follows what is created, updated, deleted and created anew', async () => {
  await create('a');
  await create('b');
  const made = await reflect();
  await equal(made);
  made.changes.length = 0;

  await create('c');
  await paint('a', 'blue');
  await remove('b');
  await remove('c');
  await create('c');
  await equal(made);
  expect(made.changes).toEqual(['added c', 'updated a', 'deleted b', 'deleted c', 'added c']);
  expect(made.troubles).toEqual([]);
});

const manyNames = Array.from({ length: 1_100 }, (_, index) => `page-${index}`);

test('more objects than fit on a page are all there, and are all followed', async () => {
  const queue = [...manyNames];
  const workers = Array.from({ length: 8 }, async () => {
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) await create(name);
  });
  await Promise.all(workers);
  for (const initial of ['pages', 'stream'] as const) {
    const made = await reflect(undefined, initial);
    expect(made.reflector.store.size).toBeGreaterThanOrEqual(1_100);
    expect(inStore(made)).toEqual(await onServer());
    expect(made.troubles).toEqual([]);
  }
  const made = await reflect();
  await paint('page-0', 'blue');
  await remove('page-1099');
  await equal(made);
}, 60_000);

describe('when the server has forgotten the version that a watch begins at', () => {
  /** Begins its second watch at the first version that there ever was, as one that was away for too long. */
  class LongAway extends Transport {
    count = 0;
    override async watch(
      path: string,
      query: Readonly<Record<string, string>>,
      signal: AbortSignal,
    ): Promise<AsyncIterable<Uint8Array>> {
      this.count += 1;
      return await super.watch(path, this.count === 1 ? { ...query, resourceVersion: '1' } : query, signal);
    }
  }

  test('it is listed again, and nothing is told twice', async () => {
    await create('kept');
    let transport: LongAway | undefined;
    const made = await reflect((connection) => (transport = new LongAway(connection)), 'pages');
    made.changes.length = 0;
    await eventually('it watches again', () => transport?.count === 2);
    await create('new');
    await equal(made);
    expect(made.changes).toEqual(['added new']);
    expect(made.troubles).toEqual([]);
  });
});

test('who may not list is told so until it may', async () => {
  const serviceAccount = 'reader';
  await cluster.applyYaml(`
apiVersion: v1
kind: ServiceAccount
metadata: { name: ${serviceAccount}, namespace: ${namespace} }
`);
  const token = await cluster.requestToken({ namespace, serviceAccount });
  const troubles: unknown[] = [];
  const transport = new Transport({
    server: cluster.server,
    tls: () => ({ ca: cluster.ca }),
    token: () => token,
  });
  const reflector = new Reflector<Stored>({
    transport,
    resource: boats,
    project: (object) => boat.parse(object),
    onChange: () => undefined,
    onTrouble: (trouble) => troubles.push(trouble),
  });
  closing.push(
    () => transport.close(),
    () => reflector.stop(),
  );
  const started = reflector.start();
  started.catch(() => undefined);
  await eventually('it is told', () => troubles.length > 0);
  expect(reflector.isPermitted).toBe(false);
  expect(troubles[0]).toMatchObject({
    code: 'Forbidden',
    message: `GET /apis/${boats.group}/v1/boats: boats.${boats.group} is forbidden: User "system:serviceaccount:${namespace}:${serviceAccount}" cannot watch resource "boats" in API group "${boats.group}" at the cluster scope`,
  });
  await cluster.applyYaml(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: ${namespace} }
rules: [{ apiGroups: ['${boats.group}'], resources: [boats], verbs: [list, watch] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${namespace} }
subjects: [{ kind: ServiceAccount, name: ${serviceAccount}, namespace: ${namespace} }]
`);
  await started;
  expect(reflector.isPermitted).toBe(true);
});
