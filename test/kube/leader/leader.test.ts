import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { defaultTimings } from '../../../src/kube/leader/election.ts';
import { countListeners } from '../leaks.ts';
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

describe('a Lease that is nobody’s', () => {
  test('is made at once where there is none', async () => {
    const one = standby('one');
    await time.pass(10);
    expect(holds(one)).toBe(true);
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
    expect(holds(one)).toBe(true);
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

  test('leaves nothing at the signal of who waits, however often its watch is begun anew', async () => {
    server.put(heldByOld);
    let watches = 0;
    const one = standby('one', {
      before: (process) => {
        process.fate = ({ isWatch }) => {
          if (isWatch) watches += 1;
          return { isLost: isWatch }; // it brings nothing, so that it is looked after
        };
      },
    });
    const counts = new Set<number>();
    for (let second = 2; second <= 60; second += 2) {
      server.put({ ...heldByOld, renewTime: `2026-11-25T08:00:${second}.000000Z` });
      await time.pass(2_000);
      counts.add(countListeners([one.stop.signal]));
    }
    expect(watches).toBeGreaterThan(5);
    expect([...counts]).toEqual([1]);
    await end(one);
  });

  test('is not written by all who wait for its end at the same instant', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.9);
    server.put(heldByOld);
    const one = standby('one');
    await time.pass(15_440);
    expect(holds(one)).toBe(false);
    await time.pass(30);
    expect(holds(one)).toBe(true);
    await end(one);
  });

  test('whose holder is killed goes to a standby within 16 s, wherever that was between two renewals', async () => {
    const tookMs: number[] = [];
    for (let kill = 0; kill < 50; kill += 1) {
      const first = standby(`first-${kill}`);
      await time.pass(100);
      const second = standby(`second-${kill}`);
      await time.pass(10_000 + kill * 41);
      expect([holds(first), holds(second)]).toEqual([true, false]);
      first.process.stop(1e9);
      const killedAt = time.now;
      await time.pass(20_000);
      tookMs.push((second.actsAt ?? Infinity) - killedAt);
      void second.leadership?.release();
      await time.pass(10);
    }
    const sorted = tookMs.toSorted((a, b) => a - b);
    const seconds = (at: number): string => ((sorted[at] ?? 0) / 1000).toFixed(1);
    process.stderr.write(
      `killed → the other leads, in simulated time: p50 ${seconds(25)} s, max ${seconds(49)} s\n`,
    );
    expect(sorted.at(-1)).toBeLessThan(16_000);
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

  test('and that is deleted is waited for as long as its holder had it', async () => {
    server.put({ ...heldByOld, leaseDurationSeconds: 60 });
    const knew = standby('knew');
    await time.pass(4_000);
    server.delete();
    await time.pass(59_900);
    expect(knew.actsAt).toBeUndefined();
    await time.pass(3_000);
    expect(server.spec).toMatchObject({ holderIdentity: 'knew' });
    await end(knew);
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

test.each([
  ['a Lease no longer than the time to renew it', { leaseMs: 10_000 }],
  ['no time for a second try', { retryMs: 9_000 }],
])('timings with which two could act are refused: %s', (_what, wrong) => {
  const process = new SimulatedProcess(time, server);
  expect(() => elector(process, 'one', { ...defaultTimings, ...wrong })).toThrow(
    expect.objectContaining({ code: 'ElectionTimingsInvalid' }),
  );
});
