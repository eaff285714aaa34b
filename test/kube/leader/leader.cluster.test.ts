import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { codeOf } from '../../../src/base/error.ts';
import { systemElectionClock, type ElectionTimings } from '../../../src/kube/leader/election.ts';
import { LeaderElector } from '../../../src/kube/leader/leader.ts';
import { isOutrun, type Leadership } from '../../../src/kube/leader/leadership.ts';
import { SharedLease } from '../../../src/kube/leader/lease.ts';
import { Transport } from '../../../src/kube/transport/transport.ts';
import type { Cluster } from '../../sandbox/cluster/cluster.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { obtainControlPlane } from '../../sandbox/cluster/obtain-control-plane.ts';

/** Nobody loses it because the machine is busy. In the Lease stand whole seconds, so that others wait for 15. */
const patient: ElectionTimings = { leaseMs: 14_500, renewWithinMs: 10_000, retryMs: 300 };
/** Where a test waits for the end of the Lease. */
const short: ElectionTimings = { leaseMs: 2_500, renewWithinMs: 2_000, retryMs: 300 };
const name = 'controller';

interface Spec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

let cluster: Cluster;
let namespace: string;
/** As the administrator. */
let administrator: Transport;
let replicas: Replica[] = [];
/** Names of replicas that held it at the same instant as another one. */
let together: string[] = [];

/** A process that may lead. Ask it whether it does as its effects would. */
class Replica {
  readonly name: string;
  readonly told: unknown[] = [];
  leadership: Leadership | undefined;
  /** No call gets through and no watch is opened: each hangs until it is ended. */
  isCutOff = false;
  /** Calls that were answered, refusals too. */
  answers = 0;
  readonly #stop = new AbortController();
  readonly #standing: Promise<unknown>;

  constructor(identity: string, { skewMs = 0, transport = administrator, timings = patient } = {}) {
    this.name = identity;
    const through = <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
      this.isCutOff
        ? new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason), { once: true });
          })
        : work();
    const elector = new LeaderElector({
      transport: {
        call: async (request) => {
          const { signal, timeoutMs = 1_000 } = request;
          const either = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
          return await through(either, () => transport.call(request)).finally(() => (this.answers += 1));
        },
        watch: (path, query, signal) => through(signal, () => transport.watch(path, query, signal)),
      },
      lease: { namespace, name },
      identity,
      onTrouble: (error) => this.told.push(error),
      timings,
      clock: { ...systemElectionClock, wall: () => new Date(Date.now() + skewMs) },
    });
    this.#standing = elector.acquire(this.#stop.signal).then(
      (leadership) => (this.leadership = leadership),
      () => undefined,
    );
    replicas.push(this);
  }

  get holds(): boolean {
    try {
      this.leadership?.assertHeld();
      return this.leadership !== undefined;
    } catch {
      return false;
    }
  }

  async leads(): Promise<void> {
    await eventually(`${this.name} leads`, () => this.holds);
  }

  /** Ends it well. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#standing;
    await this.leadership?.release();
  }
}

let looking: NodeJS.Timeout;

beforeAll(async () => {
  cluster = await obtainControlPlane({ say: () => undefined });
  const { server, ca, adminToken } = cluster;
  administrator = new Transport({ server, tls: () => ({ ca }), token: () => adminToken });
}, 600_000); // the first start on a machine builds the servers

beforeEach(async () => {
  namespace = await cluster.freshNamespace('leader');
  replicas = [];
  together = [];
  looking = setInterval(() => {
    const holding = replicas.filter(({ holds }) => holds);
    if (holding.length > 1) together.push(holding.map((each) => each.name).join(' and '));
  }, 5);
});

afterEach(async () => {
  clearInterval(looking);
  await Promise.all(replicas.map((each) => each.end()));
  expect(together).toEqual([]);
});

afterAll(async () => {
  await administrator.close();
  await cluster.stop();
});

function path(): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
}

async function spec(): Promise<Spec> {
  return (await cluster.api<{ spec: Spec }>('GET', path())).body.spec;
}

/** What they were told went wrong. On a busy machine a call may take longer than these short timings allow: that is no fault of theirs. */
function troubles(...those: readonly Replica[]): unknown[] {
  return those.flatMap(({ told }) => told).filter((each) => codeOf(each) !== 'Timeout');
}

describe('on a real Lease', () => {
  test('the first leads, renews, and gives it back so that the second leads at once', async () => {
    const one = new Replica('one');
    await one.leads();
    const first = await spec();
    expect(first).toEqual({
      holderIdentity: 'one',
      leaseDurationSeconds: 15,
      acquireTime: expect.stringMatching(/T.*\.\d{6}Z$/),
      renewTime: first.acquireTime,
      leaseTransitions: 0,
    });
    const two = new Replica('two');
    await eventually('it is renewed', async () => (await spec()).renewTime !== first.renewTime);
    expect(two.holds).toBe(false);
    const began = performance.now();
    await one.end();
    await two.leads();
    process.stderr.write(`given back → the other leads: ${Math.round(performance.now() - began)} ms\n`);
    expect(await spec()).toMatchObject({ holderIdentity: 'two', leaseTransitions: 1 });
    expect(troubles(one, two)).toEqual([]);
  });

  test('given back it is free to all who read it', async () => {
    const one = new Replica('one');
    await one.leads();
    await one.end();
    expect(await spec()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 });
  });

  test('of three that begin together one leads', async () => {
    const three = ['a', 'b', 'c'].map((each) => new Replica(each));
    await eventually('one leads', () => three.some(({ holds }) => holds));
    const { renewTime } = await spec();
    await eventually('it is renewed', async () => (await spec()).renewTime !== renewTime);
    expect(three.filter(({ holds }) => holds)).toHaveLength(1);
    expect(troubles(...three)).toEqual([]);
  });

  test('that is deleted stays with its holder, who makes it anew', async () => {
    const one = new Replica('one');
    await one.leads();
    const two = new Replica('two');
    // Not before: who finds no Lease at first makes one at once, as client-go does, whoever holds the one that was deleted.
    await eventually('the other one knows of it', () => two.answers > 0);
    const { uid } = (await cluster.api<{ metadata: { uid: string } }>('GET', path())).body.metadata;
    await cluster.api('DELETE', path());
    await eventually('there is another Lease', async () => {
      const { status, body } = await cluster.api<{ metadata: { uid: string } }>('GET', path());
      return status === 200 && body.metadata.uid !== uid;
    });
    expect(await spec()).toMatchObject({ holderIdentity: 'one' });
    expect({ one: one.holds, two: two.holds }).toEqual({ one: true, two: false });
  });
});

test('what was read from a Lease that is gone, or is another one now, is not written over it', async () => {
  const shared = new SharedLease(administrator, { namespace, name });
  const sending = { signal: new AbortController().signal, timeoutMs: 5_000 };
  const record = {
    holder: 'one',
    durationMs: 15_000,
    acquireTime: undefined,
    renewTime: undefined,
    transitions: 0,
  };
  const lease = await shared.create(record, sending);
  await cluster.api('DELETE', path());
  expect(isOutrun(await shared.update(lease, record, sending).catch((thrown: unknown) => thrown))).toBe(true);
  expect(await shared.read(sending)).toBeUndefined();
  await shared.create({ ...record, holder: 'two' }, sending);
  expect(isOutrun(await shared.update(lease, record, sending).catch((thrown: unknown) => thrown))).toBe(true);
  expect((await shared.read(sending))?.record.holder).toBe('two');
});

describe('a holder that is cut off', () => {
  test.each([
    ['by a right clock', 0],
    ['by a clock that is five minutes fast', 300_000],
    ['by a clock that is five minutes slow', -300_000],
  ])('loses it before another one leads, %s', async (_which, skewMs) => {
    const one = new Replica('one', { timings: short, skewMs });
    await one.leads();
    const two = new Replica('two', { timings: short });
    const three = new Replica('three', { timings: short, skewMs: -skewMs });
    let others: readonly boolean[] = [];
    one.leadership?.lost.addEventListener('abort', () => (others = [two.holds, three.holds]));
    const { renewTime } = await spec();
    await eventually('it is renewed', async () => (await spec()).renewTime !== renewTime);
    expect([one.holds, two.holds, three.holds]).toEqual([true, false, false]);
    const began = performance.now();
    one.isCutOff = true;
    await eventually('it is lost', () => one.leadership?.lost.aborted === true);
    const lostMs = performance.now() - began;
    expect(codeOf(one.leadership?.lost.reason)).toBe('LeadershipLost');
    expect(others).toEqual([false, false]);
    await eventually('another one leads', () => two.holds || three.holds);
    process.stderr.write(
      `cut off → lost: ${Math.round(lostMs)} ms, → another leads: ${Math.round(performance.now() - began)} ms\n`,
    );
    expect(await spec()).toMatchObject({ leaseTransitions: 1 });
  });
});

test('it takes the rights to get, update and watch one Lease and to create some, and no other', async () => {
  const metadata = { name: 'elector', namespace };
  await cluster.applyYaml(`
apiVersion: v1
kind: ServiceAccount
metadata: ${JSON.stringify(metadata)}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: ${JSON.stringify(metadata)}
rules:
  - { apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [${name}], verbs: [get, update, watch] }
  - { apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: ${JSON.stringify(metadata)}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: elector }
subjects: [{ kind: ServiceAccount, name: elector, namespace: ${namespace} }]
`);
  const token = await cluster.requestToken({ namespace, serviceAccount: 'elector' });
  const { server, ca } = cluster;
  const transport = new Transport({ server, tls: () => ({ ca }), token: () => token });
  try {
    await eventually('the role counts', async () => {
      const query = { watch: 'true', fieldSelector: `metadata.name=${name}`, timeoutSeconds: '1' };
      const watching = transport.watch(path().replace(`/${name}`, ''), query, AbortSignal.timeout(5_000));
      return await watching.then(
        () => true,
        () => false,
      );
    });
    const one = new Replica('one', { transport });
    await one.leads();
    await cluster.api('DELETE', path());
    const isThere = async (): Promise<boolean> => (await cluster.api('GET', path())).status === 200;
    await eventually('there is another Lease', isThere);
    const { renewTime } = await spec();
    await eventually('its holder knows of it', async () => (await spec()).renewTime !== renewTime);
    // Not before: it would find no Lease, and make one.
    const two = new Replica('two', { transport });
    await one.end();
    await two.leads();
    await two.end();
    expect(troubles(one, two)).toEqual([]);
  } finally {
    await transport.close();
  }
});
