import { beforeEach, describe, expect, test } from '@jest/globals';
import { codeOf, messageOf } from '../../src/base/error.ts';
import { defaultTimings } from '../../src/kube/election.ts';
import { KubeError } from '../../src/kube/errors.ts';
import type { Leadership } from '../../src/kube/leadership.ts';
import { elector, SimulatedLease, SimulatedProcess, SimulatedTime } from './electing.ts';

let time: SimulatedTime;
let server: SimulatedLease;

beforeEach(() => {
  time = new SimulatedTime();
  server = new SimulatedLease();
});

interface Standby {
  readonly process: SimulatedProcess;
  readonly told: readonly unknown[];
  readonly stop: AbortController;
  readonly ended: Promise<unknown>;
  /** On the time of the test. */
  actsAt: number | undefined;
  leadership: Leadership | undefined;
}

/** Begins to stand by. @param before what its process is made to meet */
function standby(
  identity: string,
  { skewMs = 0, before }: { skewMs?: number; before?: (process: SimulatedProcess) => void } = {},
): Standby {
  const process = new SimulatedProcess(time, server, { skewMs });
  before?.(process);
  const { elector: made, told } = elector(process, identity);
  const stop = new AbortController();
  const ended = made.acquire(stop.signal).then(
    (leadership) => {
      standing.actsAt = time.now;
      standing.leadership = leadership;
      return leadership;
    },
    (thrown: unknown) => thrown,
  );
  const standing: Standby = { process, told, stop, ended, actsAt: undefined, leadership: undefined };
  return standing;
}

/** Ends what stands by or leads, and sees that nothing is left. */
async function end(...standing: readonly Standby[]): Promise<void> {
  for (const { stop, leadership } of standing) {
    stop.abort();
    void leadership?.release();
  }
  await time.pass(10_000);
  expect({ timers: time.pending, watchers: server.watchers }).toEqual({ timers: 0, watchers: 0 });
}

const heldByOld = {
  holderIdentity: 'old',
  leaseDurationSeconds: 15,
  acquireTime: '2026-11-25T07:00:00.000000Z',
  renewTime: '2026-11-25T07:59:58.000000Z',
  leaseTransitions: 3,
};

describe('a Lease that is nobody’s', () => {
  test('is made at once where there is none', async () => {
    const one = standby('one');
    await time.pass(10);
    expect(one.leadership?.assertHeld()).toBeUndefined();
    expect(server.asked.map(({ method, priority }) => ({ method, priority }))).toEqual([
      { method: 'GET', priority: 'high' },
      { method: 'POST', priority: 'high' },
    ]);
    expect(server.stored?.metadata).toMatchObject({ namespace: 'lockkeeper', name: 'controller' });
    expect(server.spec).toEqual({
      holderIdentity: 'one',
      leaseDurationSeconds: 15,
      acquireTime: '2026-11-25T08:00:00.002000Z',
      renewTime: '2026-11-25T08:00:00.002000Z',
      leaseTransitions: 0,
    });
    await end(one);
  });

  test('is taken at once where it was given back, and keeps what others wrote beside', async () => {
    server.put({ ...heldByOld, holderIdentity: '', leaseDurationSeconds: 1 }, { labels: { team: 'blue' } });
    const one = standby('one');
    await time.pass(10);
    expect(server.spec).toMatchObject({ holderIdentity: 'one', leaseTransitions: 4 });
    expect(server.stored?.metadata).toMatchObject({ labels: { team: 'blue' } });
    await end(one);
  });

  test.each([
    ['no spec', undefined],
    ['an empty spec', {}],
    ['no holder', { leaseDurationSeconds: 15, renewTime: heldByOld.renewTime }],
    ['rubbish', { holderIdentity: 7, leaseDurationSeconds: 'long', renewTime: [], leaseTransitions: -1 }],
    ['a spec that is none', 'rubbish'],
  ])('is one with %s', async (_what, spec) => {
    server.put(spec);
    const one = standby('one');
    await time.pass(10);
    expect(server.spec).toMatchObject({ holderIdentity: 'one', leaseTransitions: 1 });
    expect(one.told).toEqual([]);
    await end(one);
  });

  test('goes to one of three, and the others are told nothing', async () => {
    const three = ['a', 'b', 'c'].map((name) => standby(name));
    await time.pass(1_000);
    expect(three.filter(({ leadership }) => leadership !== undefined)).toHaveLength(1);
    expect(three.flatMap(({ told }) => told)).toEqual([]);
    expect(server.spec).toMatchObject({ leaseTransitions: 0 });
    await end(...three);
  });
});

describe('a Lease that somebody holds', () => {
  test.each([
    ['right', 0],
    ['five minutes fast', 300_000],
    ['five minutes slow', -300_000],
  ])('is taken when it was not renewed for its length, also by a clock that is %s', async (_what, skewMs) => {
    server.put(heldByOld);
    const one = standby('one', { skewMs });
    await time.pass(14_999);
    expect(one.actsAt).toBeUndefined();
    await time.pass(600);
    expect(one.leadership?.assertHeld()).toBeUndefined();
    expect(server.spec).toMatchObject({ holderIdentity: 'one', leaseTransitions: 4 });
    expect(server.spec['renewTime']).toBe(server.spec['acquireTime']);
    await end(one);
  });

  test.each([
    ['a longer one of its own', 60, 60_000],
    ['a shorter one', 5, 5_000],
    ['none, which counts as ours', undefined, 15_000],
  ])('lasts for its own length: %s', async (_what, leaseDurationSeconds, ms) => {
    const { leaseDurationSeconds: _ours, ...rest } = heldByOld;
    server.put({ ...rest, ...(leaseDurationSeconds === undefined ? {} : { leaseDurationSeconds }) });
    const one = standby('one');
    await time.pass(ms);
    expect(one.actsAt).toBeUndefined();
    await time.pass(600);
    expect(one.actsAt).toBeDefined();
    await end(one);
  });

  test('is not ended by what others write beside the record, nor is it longer by that', async () => {
    server.put(heldByOld);
    const one = standby('one');
    for (let second = 1; second <= 14; second += 1) {
      await time.pass(1_000);
      server.put(heldByOld, { labels: { second } });
    }
    await time.pass(1_600);
    expect(one.actsAt).toBeGreaterThan(15_000);
    await end(one);
  });

  test('is not ours because an old process had our name in part', async () => {
    server.put({ ...heldByOld, holderIdentity: 'pod-1_a' });
    const one = standby('pod-1_b');
    await time.pass(14_000);
    expect(one.actsAt).toBeUndefined();
    await end(one);
  });

  test('is followed by its watch: no request until its end while it is renewed', async () => {
    server.put(heldByOld);
    const one = standby('one');
    for (let second = 2; second <= 60; second += 2) {
      await time.pass(2_000);
      server.put({ ...heldByOld, renewTime: `2026-11-25T08:00:${second}.000000Z` });
    }
    expect(server.asked.map(({ method }) => method)).toEqual(['GET']);
    await time.pass(14_900);
    expect(one.actsAt).toBeUndefined();
    await time.pass(700);
    expect(one.actsAt).toBeDefined();
    await end(one);
  });

  test('is taken within the blink that it is given back', async () => {
    server.put(heldByOld);
    const three = ['a', 'b', 'c'].map((name) => standby(name));
    await time.pass(4_000);
    server.put({ ...heldByOld, holderIdentity: '', leaseDurationSeconds: 1 });
    await time.pass(20);
    expect(three.filter(({ leadership }) => leadership !== undefined)).toHaveLength(1);
    await end(...three);
  });

  test('and that is deleted may still be held: who knew it waits, who never saw it does not', async () => {
    server.put(heldByOld);
    const knew = standby('knew');
    await time.pass(4_000);
    server.delete();
    await time.pass(14_900);
    expect(knew.actsAt).toBeUndefined();
    const fresh = standby('fresh');
    await time.pass(50);
    expect(fresh.leadership).toBeDefined();
    await time.pass(30_000);
    expect(knew.actsAt).toBeUndefined();
    expect(server.spec).toMatchObject({ holderIdentity: 'fresh' });
    await end(knew, fresh);
  });

  test('and that stays deleted is made anew', async () => {
    server.put(heldByOld);
    const knew = standby('knew');
    await time.pass(4_000);
    server.delete();
    await time.pass(16_000);
    expect(server.spec).toMatchObject({ holderIdentity: 'knew' });
    await end(knew);
  });
});

describe('a watch', () => {
  test.each([
    ['is refused', { failing: new KubeError('Forbidden', 'no') }],
    ['has forgotten where we were', { failing: new KubeError('Gone', 'too old') }],
    ['brings nothing', { failing: { isLost: true } }],
  ])('that %s costs little: the Lease is read instead, and its holder lives', async (_what, { failing }) => {
    server.put(heldByOld);
    const one = standby('one', {
      before: (process) => (process.fate = ({ isWatch }) => (isWatch ? failing : {})),
    });
    for (let second = 2; second <= 58; second += 2) {
      await time.pass(2_000);
      server.put({ ...heldByOld, renewTime: `2026-11-25T08:00:${second}.000000Z` });
    }
    expect(one.actsAt).toBeUndefined();
    expect(server.asked.length).toBeLessThan(32);
    const diedAt = time.now;
    await time.pass(24_000);
    expect((one.actsAt ?? Infinity) - diedAt).toBeLessThan(21_600);
    await end(one);
  });

  test('that we may not have is told of with the right that is missing', async () => {
    server.put(heldByOld);
    const one = standby('one', {
      before: (process) =>
        (process.fate = ({ isWatch }) => (isWatch ? new KubeError('Forbidden', 'no') : {})),
    });
    await time.pass(1_000);
    expect(one.told.map(messageOf)).toEqual([
      'Lease lockkeeper/controller: we may not watch it, so that no replica of ours can lead; grant the service account watch on leases of coordination.k8s.io in namespace lockkeeper',
    ]);
    await end(one);
  });
});

describe('failures', () => {
  test('a right that is missing is told of by its verb, and once it is granted we lead', async () => {
    let isGranted = false;
    const one = standby('one', {
      before: (process) =>
        (process.fate = ({ method }) =>
          method === 'POST' && !isGranted ? new KubeError('Forbidden', 'no') : {}),
    });
    await time.pass(20_000);
    expect(one.told.length).toBeGreaterThan(3);
    expect(one.told.length).toBeLessThan(11);
    expect([...new Set(one.told.map(codeOf))]).toEqual(['Forbidden']);
    expect(messageOf(one.told[0])).toContain('may not create it');
    isGranted = true;
    await time.pass(5_000);
    expect(one.leadership).toBeDefined();
    await end(one);
  });

  test('a server that does not answer is asked again, and is not believed dead for the holder', async () => {
    server.put(heldByOld);
    const one = standby('one');
    await time.pass(1_000);
    one.process.fate = () => new KubeError('Unavailable', 'gone');
    server.put({ ...heldByOld, holderIdentity: 'old', renewTime: '2026-11-25T08:00:30.000000Z' });
    await time.pass(60_000);
    server.put({ ...heldByOld, renewTime: '2026-11-25T08:01:00.000000Z' });
    one.process.fate = () => ({});
    await time.pass(14_000);
    expect(one.actsAt).toBeUndefined();
    expect(one.told.length).toBeGreaterThan(10);
    await end(one);
  });

  test('an answer that was lost is not forgotten: what it took is ours', async () => {
    const one = standby('one', {
      before: (process) => (process.fate = ({ method }) => ({ isLost: method === 'POST' })),
    });
    await time.pass(10_000);
    expect(one.leadership?.assertHeld()).toBeUndefined();
    expect(server.spec).toMatchObject({ holderIdentity: 'one', leaseTransitions: 0 });
    expect(server.spec['acquireTime']).toBe('2026-11-25T08:00:00.002000Z');
    await end(one);
  });

  test('an answer that is no Lease is told of, and nothing ends', async () => {
    const process = new SimulatedProcess(time, server);
    const { elector: made, told } = elector(
      Object.assign(process, { transport: { ...process.transport, call: () => Promise.resolve([]) } }),
      'one',
    );
    const stop = new AbortController();
    const ended = made.acquire(stop.signal).catch(codeOf);
    await time.pass(5_000);
    expect([...new Set(told.map(codeOf))]).toEqual(['Malformed']);
    stop.abort(new KubeError('Timeout', 'stopped'));
    expect(await ended).toBe('Timeout');
  });
});

describe('stopping a standby', () => {
  test.each([
    ['while it watches', {}, 0],
    // What is on its way to the server is not ours any more.
    ['while a request hangs', { thereMs: 1e6 }, 1],
    ['while it waits for another try', new KubeError('Unavailable', 'no'), 0],
  ])('%s rejects with the reason and leaves nothing behind', async (_when, fate, timers) => {
    server.put(heldByOld);
    const one = standby('one', { before: (process) => (process.fate = () => fate) });
    await time.pass(1_500);
    const reason = new Error('stopped');
    one.stop.abort(reason);
    await time.pass(0);
    expect(await one.ended).toBe(reason);
    expect({ timers: time.pending, watchers: server.watchers }).toEqual({ timers, watchers: 0 });
  });

  test('before it began asks for nothing', async () => {
    const process = new SimulatedProcess(time, server);
    const reason = new Error('stopped');
    const { elector: made } = elector(process, 'one');
    await expect(made.acquire(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(server.asked).toEqual([]);
  });

  test('while it takes the Lease gives that back at once', async () => {
    const one = standby('one', {
      before: (process) => (process.fate = () => ({ thereMs: 500, backMs: 500 })),
    });
    await time.pass(1_200);
    const reason = new Error('stopped');
    one.stop.abort(reason);
    await time.pass(2_500);
    expect(await one.ended).toBe(reason);
    expect(server.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await end(one);
  });
});

test.each([
  ['a Lease no longer than the time to renew it', { leaseMs: 10_000 }],
  ['no time for a second try', { retryMs: 9_000 }],
])('timings with which two could act are refused: %s', (_what, wrong) => {
  const process = new SimulatedProcess(time, server);
  expect(() => elector(process, 'one', { ...defaultTimings, ...wrong })).toThrow(
    expect.objectContaining({ code: 'ElectionTimingsInvalid' }),
  );
});
