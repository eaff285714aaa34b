import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { applyStatus, type StatusWrite } from '../../src/kube/apply.ts';
import { Transport } from '../../src/kube/transport/transport.ts';
import type { Cluster } from '../sandbox/cluster/cluster.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { obtainControlPlane } from '../sandbox/cluster/obtain-control-plane.ts';
import { boatDefinition, boats } from './boat-definition.ts';

interface Boat {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly managedFields: readonly {
      readonly manager: string;
      readonly operation: string;
      readonly subresource?: string;
      readonly fieldsV1: object;
    }[];
  };
  readonly spec?: unknown;
  readonly status?: unknown;
}

let cluster: Cluster;
let namespace: string;
/** As the administrator. */
let transport: Transport;
const accounts: Transport[] = [];

beforeAll(async () => {
  cluster = await obtainControlPlane({ say: () => undefined });
  await cluster.applyYaml(boatDefinition);
  namespace = await cluster.freshNamespace('apply');
  const { server, ca, adminToken } = cluster;
  transport = new Transport({ server, tls: () => ({ ca }), token: () => adminToken });
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  await Promise.all([transport, ...accounts].map((each) => each.close()));
  await cluster.stop();
});

function collection(): string {
  return `/apis/${boats.group}/v1/namespaces/${namespace}/boats`;
}

async function create(name: string): Promise<Boat> {
  const { body } = await cluster.api<Boat>('POST', collection(), {
    apiVersion: `${boats.group}/v1`,
    kind: 'Boat',
    metadata: { name },
    spec: { colour: 'red' },
  });
  return body;
}

/** A transport as a service account that has no rights yet. */
async function account(serviceAccount: string): Promise<Transport> {
  const metadata = { name: serviceAccount, namespace };
  await cluster.applyYaml(JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata }));
  const token = await cluster.requestToken({ namespace, serviceAccount });
  const made = new Transport({ server: cluster.server, tls: () => ({ ca: cluster.ca }), token: () => token });
  accounts.push(made);
  return made;
}

async function read({ metadata: { name } }: Boat): Promise<Boat> {
  return (await cluster.api<Boat>('GET', `${collection()}/${name}`)).body;
}

async function apply(
  { metadata }: Boat,
  status: unknown,
  over: Partial<StatusWrite> = {},
  by = transport,
): Promise<string | undefined> {
  return await applyStatus(
    by,
    {
      resource: boats,
      kind: 'Boat',
      metadata,
      status,
      fieldManager: 'keeper',
      isDecidedUpon: () => true,
      ...over,
    },
    AbortSignal.timeout(10_000),
  );
}

describe('a status that is applied', () => {
  test('stands there, with one owner and the version that was answered, and touches nothing else', async () => {
    const boat = await create('owned');
    const version = await apply(boat, { level: 1, crew: ['ada'] });
    const now = await read(boat);
    expect(now).toMatchObject({
      metadata: { resourceVersion: version, uid: boat.metadata.uid },
      spec: { colour: 'red' },
      status: { level: 1, crew: ['ada'] },
    });
    const ours = now.metadata.managedFields.filter(({ manager }) => manager === 'keeper');
    expect(ours).toEqual([
      expect.objectContaining({
        operation: 'Apply',
        subresource: 'status',
        fieldsV1: { 'f:status': { 'f:level': {}, 'f:crew': {} } },
      }),
    ]);
  });

  test('again is no write: the version stays', async () => {
    const boat = await create('again');
    const first = await apply(boat, { level: 1, crew: ['ada'] });
    expect(await apply(boat, { level: 1, crew: ['ada'] })).toBe(first);
    expect(await apply(boat, { level: 2, crew: ['ada'] })).not.toBe(first);
  });

  test('loses what is left out', async () => {
    const boat = await create('less');
    await apply(boat, { level: 1, harbour: 'Ghent', crew: ['ada'] });
    await apply(boat, { level: 1 });
    expect((await read(boat)).status).toEqual({ level: 1 });
  });

  test("keeps another owner's fields, and takes over the ones that both write", async () => {
    const boat = await create('shared');
    await apply(boat, { level: 1, harbour: 'Ghent' }, { fieldManager: 'auditor' });
    await apply(boat, { level: 2 });
    expect((await read(boat)).status).toEqual({ level: 2, harbour: 'Ghent' });
    await apply(boat, {});
    expect((await read(boat)).status).toEqual({ harbour: 'Ghent' });
  });

  test('does not care how old our view of the object is', async () => {
    const boat = await create('changed');
    await cluster.api(
      'PATCH',
      `${collection()}/changed`,
      { spec: { colour: 'blue' } },
      'application/merge-patch+json',
    );
    expect(await apply(boat, { level: 1 })).toBe((await read(boat)).metadata.resourceVersion);
  });
});

test('a status that was decided upon another one than stands there now is not applied', async () => {
  const boat = await create('overtaken');
  const isDecidedUpon = (live: unknown): boolean =>
    JSON.stringify((live as Boat).status) === JSON.stringify(boat.status); // what this test made
  await apply(boat, { level: 1 }, { isDecidedUpon });
  await expect(apply(boat, { level: 2 }, { isDecidedUpon })).rejects.toMatchObject({ code: 'Conflict' });
  expect((await read(boat)).status).toEqual({ level: 1 });
});

describe('a status that has nowhere to go', () => {
  test('because the object is gone is no failure, and makes no new one', async () => {
    const boat = await create('gone');
    await cluster.api('DELETE', `${collection()}/gone`);
    expect(await apply(boat, { level: 1 })).toBeUndefined();
    expect(await cluster.api('GET', `${collection()}/gone`)).toMatchObject({ status: 404 });
  });

  test('because another object has the name now is no failure, and leaves that one alone', async () => {
    const before = await create('replaced');
    await cluster.api('DELETE', `${collection()}/replaced`);
    const after = await create('replaced');
    expect(await apply(before, { level: 1 })).toBeUndefined();
    expect(await read(after)).toEqual(after);
  });
});

describe('a status that is refused', () => {
  test('because it is wrong says what is wrong', async () => {
    await expect(apply(await create('wrong'), { level: 10 })).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining('status.level'),
    });
  });

  test('because we may not write it says who may not do what', async () => {
    const deckhand = await account('deckhand');
    await expect(apply(await create('forbidden'), { level: 1 }, {}, deckhand)).rejects.toMatchObject({
      code: 'Forbidden',
      message: expect.stringContaining('cannot patch resource "boats/status"'),
    });
  });
});

test('it takes the right to list and to patch the status, and no other, also for an old view', async () => {
  const keeper = await account('keeper');
  await cluster.applyYaml(`
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: keeper, namespace: ${namespace} }
rules:
  - { apiGroups: ['${boats.group}'], resources: [boats], verbs: [list] }
  - { apiGroups: ['${boats.group}'], resources: [boats/status], verbs: [patch] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: keeper, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: keeper }
subjects: [{ kind: ServiceAccount, name: keeper, namespace: ${namespace} }]
`);
  const boat = await create('old');
  await apply(boat, { level: 1 }, { fieldManager: 'auditor' });
  await eventually('the role counts', async () => {
    const version = await apply(boat, { level: 2 }, {}, keeper).catch(() => undefined);
    return version !== undefined;
  });
  expect((await read(boat)).status).toEqual({ level: 2 });
});
