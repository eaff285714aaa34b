import type { EventsV1Event, V1SelfSubjectAccessReview } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventBody, type EventContent, type Regarding } from '../../../src/kube/events/event-body.ts';
import { Events } from '../../../src/kube/events/events.ts';
import { Transport } from '../../../src/kube/transport/transport.ts';
import type { Cluster } from '../../sandbox/cluster/cluster.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { obtainControlPlane } from '../../sandbox/cluster/obtain-control-plane.ts';

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

const reporter = { name: 'controller', instance: 'pod-1' };

/** Events that go to the server, and what they told of. */
function recorded(by: Transport): { readonly events: Events; readonly troubles: readonly unknown[] } {
  const troubles: unknown[] = [];
  return { events: new Events(by, reporter, (trouble) => troubles.push(trouble)), troubles };
}

interface Written {
  readonly namespace: string;
  readonly troubles: readonly unknown[];
  /** As the server has them. */
  readonly events: readonly EventsV1Event[];
}

/** Writes these notes about one object in a namespace of its own. */
async function written(notes: readonly string[], name = 'anna'): Promise<Written> {
  const namespace = await cluster.freshNamespace('events');
  const { events, troubles } = recorded(transport);
  for (const note of notes) {
    events.write(boat(namespace, name), aground(note));
  }
  await events.drain();
  return { namespace, troubles, events: await eventsIn(namespace) };
}

function boat(namespace: string, name = 'anna'): Regarding {
  return { apiVersion: 'canal.test/v1', kind: 'Boat', namespace, name, uid: 'c0ffee' };
}

function aground(note = 'anna lies on the sand'): EventContent {
  return { type: 'Warning', reason: 'Aground', action: 'Raise', note };
}

/** Somebody who has these rights to Events of the namespace and nothing else. */
async function writerWith(verbs: readonly string[], namespace: string): Promise<Transport> {
  const name = verbs.join('-');
  await cluster.applyYaml(`
apiVersion: v1
kind: ServiceAccount
metadata: { name: ${name}, namespace: ${namespace} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: ${name}, namespace: ${namespace} }
rules: [{ apiGroups: [events.k8s.io], resources: [events], verbs: [${verbs.join(', ')}] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: ${name}, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: ${name} }
subjects: [{ kind: ServiceAccount, name: ${name}, namespace: ${namespace} }]
`);
  const token = await cluster.requestToken({ namespace, serviceAccount: name });
  const spec = {
    resourceAttributes: { group: 'events.k8s.io', resource: 'events', namespace, verb: verbs[0] },
  };
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec };
  await eventually('the role counts', async () => {
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const { body } = await cluster.as(token).api<V1SelfSubjectAccessReview>('POST', path, review);
    return body.status?.allowed === true;
  });
  return new Transport({ server: cluster.server, tls: () => ({ ca: cluster.ca }), token: () => token });
}

async function eventsIn(namespace: string): Promise<readonly EventsV1Event[]> {
  const { body } = await cluster.api<{ items: EventsV1Event[] }>('GET', pathOfEvents(namespace));
  return body.items;
}

function pathOfEvents(namespace: string): string {
  return `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
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
  const { events, troubles } = recorded(transport);
  events.write(boat('nowhere-at-all'), aground());
  await events.drain();
  expect(troubles).toMatchObject([
    { code: 'NotFound', message: expect.stringContaining('namespaces "nowhere-at-all" not found') },
  ]);
});

describe('an event that happens again', () => {
  const threeTimes = Array<string>(3).fill('anna lies on the sand');

  test('is one object with its count and the time of the last', async () => {
    const began = Date.now();
    const { troubles, events } = await written(threeTimes);
    expect(troubles).toEqual([]);
    expect(events).toEqual([
      expect.objectContaining({ series: { count: 3, lastObservedTime: expect.any(String) } }),
    ]);
    const lastAt = Date.parse(String(events[0]?.series?.lastObservedTime));
    expect(lastAt).toBeGreaterThanOrEqual(began);
    expect(lastAt).toBeLessThanOrEqual(Date.now());
  });

  test('is shown with its count and its age by kubectl, and in the description of its object', async () => {
    const namespace = await cluster.freshNamespace('events');
    const { body } = await cluster.api<{ metadata: { uid: string } }>(
      'POST',
      `/api/v1/namespaces/${namespace}/configmaps`,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'anna' } },
    );
    const { uid } = body.metadata;
    const { events } = recorded(transport);
    const anna = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'anna', uid };
    for (const note of threeTimes) events.write(anna, aground(note));
    await events.drain();
    const kubectl = async (...args: string[]): Promise<string> =>
      (await cluster.kubectl(['--namespace', namespace, ...args])).stdout;
    expect(await kubectl('events')).toMatch(/\d+s \(x3 over \d+s\) +Warning +Aground +ConfigMap\/anna/);
    expect(await kubectl('describe', 'configmap', 'anna')).toMatch(
      /Warning +Aground +\d+s \(x3 over \d+s\) +lockkeeper\.dev\/controller +anna lies on the sand/,
    );
    expect(await kubectl('get', 'events', '-o', 'wide')).toMatch(
      /^\d+s +Warning .* anna lies on the sand +\d+s +3 +anna\./m,
    );
  });

  test('is made anew with its count when somebody deleted it', async () => {
    const namespace = await cluster.freshNamespace('events');
    const { events, troubles } = recorded(transport);
    events.write(boat(namespace), aground());
    await events.drain();
    await cluster.api('DELETE', pathOfEvents(namespace));
    expect(await eventsIn(namespace)).toEqual([]);
    events.write(boat(namespace), aground());
    await events.drain();
    expect(troubles).toEqual([]);
    expect(await eventsIn(namespace)).toEqual([
      expect.objectContaining({ series: expect.objectContaining({ count: 2 }) }),
    ]);
  });

  // The fields from before series: the server takes them in Events of old only, so they are no way to show a count.
  test.each([
    [{ deprecatedCount: 3 }, 'is invalid: count: Invalid value: "": needs to be unset'],
    [
      { deprecatedFirstTimestamp: '2026-11-25T08:00:00Z' },
      'is invalid: firstTimestamp: Invalid value: "": needs to be unset',
    ],
  ])('cannot be shown by %j', async (field, refusal) => {
    const namespace = await cluster.freshNamespace('events');
    const body = { ...eventBody(boat(namespace), aground(), reporter), ...field };
    expect(await cluster.api('POST', pathOfEvents(namespace), body)).toEqual({
      status: 422,
      body: expect.objectContaining({ message: expect.stringContaining(refusal) }),
    });
  });

  test('needs the rights to create and to patch, and no more', async () => {
    const namespace = await cluster.freshNamespace('events');
    const asWriter = await writerWith(['create', 'patch'], namespace);
    const asCreator = await writerWith(['create'], namespace);
    const troublesOf = async (who: Transport, name: string): Promise<readonly unknown[]> => {
      const { events, troubles } = recorded(who);
      for (const note of threeTimes) events.write(boat(namespace, name), aground(note));
      await events.drain();
      await who.close();
      return troubles;
    };
    expect(await troublesOf(asWriter, 'anna')).toEqual([]);
    expect(await troublesOf(asCreator, 'berta')).toEqual([expect.objectContaining({ code: 'Forbidden' })]);
    const counts = (await eventsIn(namespace)).map(({ regarding, series }) => [
      regarding?.name,
      series?.count,
    ]);
    expect(new Map(counts as [string, number][])).toEqual(
      // pairs, as just made
      new Map([
        ['anna', 3],
        ['berta', undefined],
      ]),
    );
  });
});

test('an event of a namespace that is being deleted is dropped without a word', async () => {
  const namespace = await cluster.freshNamespace('events');
  await cluster.api('DELETE', `/api/v1/namespaces/${namespace}`);
  const refused = await cluster.api(
    'POST',
    pathOfEvents(namespace),
    eventBody(boat(namespace), aground(), reporter),
  );
  expect(refused.status).toBe(403);
  const { events, troubles } = recorded(transport);
  events.write(boat(namespace), aground());
  await events.drain();
  expect(troubles).toEqual([]);
});
