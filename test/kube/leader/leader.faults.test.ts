import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { codeOf, messageOf } from '../../../src/base/error.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import { elector, SimulatedProcess } from './electing.ts';
import { heldByOld, holds, waiting, type Waiting } from './standby.ts';

let time: Waiting['time'];
let server: Waiting['server'];
let standby: Waiting['standby'];
let end: Waiting['end'];

beforeEach(() => {
  ({ time, server, standby, end } = waiting());
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe('a write that takes the Lease', () => {
  test('and meets itself, since its answer was lost and it was sent again, costs no pause', async () => {
    server.put({ ...heldByOld, holderIdentity: '' });
    const one = standby('one', {
      before: (process) => {
        let isFirst = true;
        process.fate = ({ method }) => {
          if (method !== 'PUT' || !isFirst) return {};
          isFirst = false;
          return { isRepeated: true };
        };
      },
    });
    await time.pass(20);
    expect(holds(one)).toBe(true);
    expect(server.spec).toMatchObject({ holderIdentity: 'one', leaseTransitions: 4 });
    expect(one.told).toEqual([]);
    await end(one);
  });

  test('and is outrun again and again is not repeated without a pause', async () => {
    server.put({ ...heldByOld, holderIdentity: '' });
    const outrun = new KubeError('Conflict', 'the object has been modified');
    const one = standby('one', {
      before: (process) => (process.fate = ({ method }) => (method === 'PUT' ? outrun : {})),
    });
    await time.pass(10_000);
    expect(one.actsAt).toBeUndefined();
    // Twice and a pause of two seconds at least.
    expect(server.asked.length).toBeLessThanOrEqual(12);
    await end(one);
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
    for (let renewal = 1; renewal <= 31; renewal += 1) {
      await time.pass(2_000);
      server.put({ ...heldByOld, renewTime: `renewal ${renewal}` });
    }
    expect(one.actsAt).toBeUndefined();
    expect(server.asked.length).toBeLessThan(32);
    const diedAt = time.now;
    await time.pass(24_000);
    expect((one.actsAt ?? Infinity) - diedAt).toBeLessThan(21_600);
    await end(one);
  });

  test('that is refused does not make us late: who polls also wakes at the end', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.99);
    server.put(heldByOld);
    const refused = new KubeError('Unavailable', 'no');
    const one = standby('one', {
      before: (process) => (process.fate = ({ isWatch }) => (isWatch ? refused : {})),
    });
    await time.pass(15_050);
    expect(holds(one)).toBe(true);
    await end(one);
  });

  test('that ends as soon as it begins is not begun anew without a pause', async () => {
    server.put(heldByOld);
    const process = new SimulatedProcess(time, server);
    const nothing = (async function* (): AsyncGenerator<Uint8Array> {})();
    const transport = { ...process.transport, watch: () => Promise.resolve(nothing) };
    const { elector: made, told } = elector(Object.assign(process, { transport }), 'one');
    const stop = new AbortController();
    const ended = made.acquire(stop.signal).catch(codeOf);
    await time.pass(14_000);
    expect([...new Set(told.map(codeOf))]).toEqual(['Unavailable']);
    expect(server.asked.length).toBeLessThan(9);
    stop.abort(new KubeError('Timeout', 'stopped'));
    expect(await ended).toBe('Timeout');
  });

  test('that we may not have is told of with the right that is missing', async () => {
    server.put(heldByOld);
    const one = standby('one', {
      before: (process) =>
        (process.fate = ({ isWatch }) => (isWatch ? new KubeError('Forbidden', 'no') : {})),
    });
    await time.pass(1_000);
    expect(one.told.map(messageOf)).toEqual([
      'Lease lockkeeper/controller: we may not watch it; grant our service account watch on leases of coordination.k8s.io in namespace lockkeeper',
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
    expect(holds(one)).toBe(true);
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
