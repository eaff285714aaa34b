import type { EventsV1Event } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Events } from '../../src/kube/events.ts';
import { Transport } from '../../src/kube/transport.ts';
import type { Cluster } from '../sandbox/cluster/cluster.ts';
import { obtainControlPlane } from '../sandbox/cluster/obtain-control-plane.ts';

let cluster: Cluster;
let transport: Transport;

beforeAll(async () => {
  cluster = await obtainControlPlane({ say: () => undefined });
  const { server, ca, adminToken } = cluster;
  transport = new Transport({ server, tls: () => ({ ca }), token: () => adminToken });
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  await transport.close();
  await cluster.stop();
});

interface Written {
  readonly namespace: string;
  readonly troubles: readonly unknown[];
  /** As the server has them. */
  readonly events: readonly EventsV1Event[];
}

/** Writes these notes about one object in a namespace of its own. */
async function written(notes: readonly string[], name = 'anna'): Promise<Written> {
  const namespace = await cluster.freshNamespace('events');
  const troubles: unknown[] = [];
  const events = new Events(transport, { name: 'controller', instance: 'pod-1' }, (trouble) =>
    troubles.push(trouble),
  );
  for (const note of notes) {
    events.write(
      { apiVersion: 'canal.test/v1', kind: 'Boat', namespace, name, uid: 'c0ffee' },
      { type: 'Warning', reason: 'Aground', action: 'Raise', note },
    );
  }
  await events.drain();
  const { body } = await cluster.api<{ items: EventsV1Event[] }>(
    'GET',
    `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  );
  return { namespace, troubles, events: body.items };
}

test('an event arrives whole', async () => {
  const began = Date.now();
  const { namespace, troubles, events } = await written(['anna lies on the sand']);
  expect(troubles).toEqual([]);
  expect(events).toEqual([
    expect.objectContaining({
      type: 'Warning',
      reason: 'Aground',
      action: 'Raise',
      note: 'anna lies on the sand',
      regarding: { apiVersion: 'canal.test/v1', kind: 'Boat', namespace, name: 'anna', uid: 'c0ffee' },
      reportingController: 'lockkeeper.dev/controller',
      reportingInstance: 'pod-1',
    }),
  ]);
  const at = Date.parse(String(events[0]?.eventTime));
  expect(at).toBeGreaterThanOrEqual(began);
  expect(at).toBeLessThanOrEqual(Date.now());
});

test('kubectl shows it with the object that it is about', async () => {
  const { namespace } = await written(['anna lies on the sand']);
  const { stdout } = await cluster.kubectl([
    '--namespace',
    namespace,
    'events',
    '--for',
    'Boat.v1.canal.test/anna',
  ]);
  const { stdout: all } = await cluster.kubectl(['--namespace', namespace, 'get', 'events']);
  expect(`${stdout}${all}`).toMatch(/Warning\s+Aground\s+boat\/anna\s+anna lies on the sand/i);
});

test('the longest note and the longest name are taken', async () => {
  const { troubles, events } = await written(['⛵'.repeat(2_000)], `${'a'.repeat(199)}.${'b'.repeat(53)}`);
  expect(troubles).toEqual([]);
  expect(events).toHaveLength(1);
});

test('of a flood about one object twenty arrive', async () => {
  const { events } = await written(Array.from({ length: 50 }, (_, index) => `wave ${index}`));
  expect(new Set(events.map(({ note }) => note))).toEqual(
    new Set(Array.from({ length: 20 }, (_, index) => `wave ${index}`)),
  );
});

test('one that the server does not take is told of', async () => {
  const troubles: unknown[] = [];
  const events = new Events(transport, { name: 'controller', instance: 'pod-1' }, (trouble) =>
    troubles.push(trouble),
  );
  events.write(
    { apiVersion: 'canal.test/v1', kind: 'Boat', namespace: 'nowhere-at-all', name: 'anna', uid: 'c0ffee' },
    { type: 'Normal', reason: 'Risen', action: 'Raise', note: 'up' },
  );
  await events.drain();
  expect(troubles).toMatchObject([
    { code: 'NotFound', message: expect.stringContaining('namespaces "nowhere-at-all" not found') },
  ]);
});
