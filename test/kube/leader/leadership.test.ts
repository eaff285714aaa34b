import { beforeEach, describe, expect, test } from '@jest/globals';
import { codeOf, messageOf } from '../../../src/base/error.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import type { ElectionTimings } from '../../../src/kube/leader/election.ts';
import type { Leadership } from '../../../src/kube/leader/leadership.ts';
import { elector, SimulatedProcess, SimulatedTime, type Fate } from './electing.ts';
import { SimulatedLease } from './simulated-lease.ts';

let time: SimulatedTime;
let server: SimulatedLease;
let process: SimulatedProcess;
let told: readonly unknown[];
let leadership: Leadership;

/** One that leads, with the first renewal two seconds away unless said otherwise. */
async function lead(timings?: ElectionTimings): Promise<void> {
  time = new SimulatedTime();
  server = new SimulatedLease();
  process = new SimulatedProcess(time, server);
  const made = elector(process, 'one', timings);
  ({ told } = made);
  const acquiring = made.elector.acquire(new AbortController().signal);
  await time.pass(10);
  leadership = await acquiring;
  server.asked.splice(0);
}

beforeEach(() => lead());

/** What asking says, before and after being asserted. */
function codeOfAssertion(): string {
  const { isHeld } = leadership;
  try {
    leadership.assertHeld();
    expect([isHeld, leadership.isHeld]).toEqual([true, true]);
    return 'held';
  } catch (thrown) {
    expect([isHeld, leadership.isHeld]).toEqual([false, false]);
    return codeOf(thrown);
  }
}

/** What becomes of the requests in their order; of all after the last as of the last. */
function fates(...each: readonly Fate[]): void {
  let count = 0;
  process.fate = () => each[Math.min(count++, each.length - 1)] ?? {};
}

const hung: Fate = { thereMs: 1e6 };

function left(): object {
  return { timers: time.pending, watchers: server.watchers };
}

describe('while it is renewed', () => {
  test('it is held, each two seconds by one update of what was written last', async () => {
    const { acquireTime } = server.spec;
    for (let minute = 0; minute < 2; minute += 1) {
      await time.pass(60_000);
      expect(codeOfAssertion()).toBe('held');
    }
    expect(server.asked.map(({ method }) => method)).toEqual(Array.from({ length: 60 }, () => 'PUT'));
    expect(server.spec).toMatchObject({ holderIdentity: 'one', acquireTime, leaseTransitions: 0 });
    expect(server.spec['renewTime']).toMatch(/^2026-11-25T08:02:00\.\d{3}000Z$/);
    expect(leadership.lost.aborted).toBe(false);
  });

  test('a request that hangs does not take the others their time', async () => {
    fates(hung, {});
    await time.pass(60_000);
    expect(codeOfAssertion()).toBe('held');
    expect(told.map(codeOf)).toEqual(['Timeout']);
  });

  test('failures are told of and tried again until the deadline', async () => {
    const down = new KubeError('Unavailable', 'no');
    fates(down, down, down, {});
    await time.pass(60_000);
    expect(codeOfAssertion()).toBe('held');
    expect(told).toEqual([down, down, down]);
  });

  test('an answer that was lost is made good by reading', async () => {
    fates({ isLost: true }, {});
    await time.pass(60_000);
    expect(codeOfAssertion()).toBe('held');
    expect(server.asked.slice(0, 4).map(({ method }) => method)).toEqual(['PUT', 'PUT', 'GET', 'PUT']);
  });

  test('what others write beside the record is kept', async () => {
    server.put(server.spec, { labels: { team: 'blue' } });
    await time.pass(4_000);
    expect(codeOfAssertion()).toBe('held');
    expect(server.stored?.metadata).toMatchObject({ labels: { team: 'blue' } });
  });

  test('what others write into the record while they leave us our name is put right', async () => {
    const before = server.spec;
    server.put({ ...before, leaseDurationSeconds: 1, leaseTransitions: 9 });
    await time.pass(2_010);
    expect(server.spec).toEqual({ ...before, renewTime: expect.any(String) });
    expect(codeOfAssertion()).toBe('held');
  });

  test('a Lease that is deleted is made anew', async () => {
    const { acquireTime } = server.spec;
    server.delete();
    await time.pass(4_000);
    expect(codeOfAssertion()).toBe('held');
    expect(server.spec).toMatchObject({ holderIdentity: 'one', acquireTime });
  });
});

describe('it is lost', () => {
  test('ten seconds after the last renewal was sent, not answered', async () => {
    fates({ backMs: 2_500 }, hung);
    // Sent at 2.002 s, answered at 4.503 s.
    await time.pass(12_000 - 10);
    expect(codeOfAssertion()).toBe('held');
    expect(leadership.lost.aborted).toBe(false);
    await time.pass(10);
    expect(leadership.lost.aborted).toBe(true);
    expect(leadership.lost.reason).toMatchObject({
      code: 'LeadershipLost',
      message: 'Lease lockkeeper/controller could not be renewed within 10 s: another replica may lead now',
    });
    expect(() => leadership.assertHeld()).toThrow(
      expect.objectContaining({ message: messageOf(leadership.lost.reason) }),
    );
  });

  test('at its deadline, also where no renewal is tried just then', async () => {
    await lead({ leaseMs: 15_000, renewWithinMs: 10_000, retryMs: 3_000 });
    fates({}, new KubeError('Unavailable', 'no'));
    // Sent at 3 s and good until 13 s, between the tries at 12 s and 15 s.
    await time.pass(12_980);
    expect(leadership.lost.aborted).toBe(false);
    await time.pass(30);
    expect(leadership.lost.aborted).toBe(true);
  });

  test('by a process that was stopped past it, before any of its timers goes off', async () => {
    await time.pass(5_000);
    process.stop(20_000);
    await time.pass(15_000);
    expect(leadership.lost.aborted).toBe(false);
    expect(codeOfAssertion()).toBe('LeadershipLost');
    expect(leadership.lost.aborted).toBe(true);
  });

  test('for ever: an answer that was waiting for a process that was stopped changes nothing', async () => {
    const down = new KubeError('Unavailable', 'no');
    // Sent at 8 s, and held since 0 s: it would be good until 18 s.
    fates(down, down, down, { backMs: 500 }, {});
    await time.pass(8_100);
    process.stop(4_000);
    await time.pass(60_000);
    expect(codeOfAssertion()).toBe('LeadershipLost');
    expect(server.asked.map(({ method }) => method)).toEqual(['PUT']);
    expect(left()).toEqual({ timers: 0, watchers: 0 });
  });

  test('as soon as somebody else is seen to hold it, whose record stays as it is', async () => {
    const theirs = { holderIdentity: 'two\u202e', leaseDurationSeconds: 15, leaseTransitions: 1 };
    server.put(theirs);
    await time.pass(2_010);
    expect(leadership.lost.reason).toMatchObject({
      message: 'Lease lockkeeper/controller is held by two: another replica may lead now',
    });
    expect(server.spec).toEqual(theirs);
    expect(left()).toEqual({ timers: 0, watchers: 0 });
  });

  test('when it was deleted and somebody else was faster to make it anew', async () => {
    server.delete();
    server.put({ holderIdentity: 'two', leaseDurationSeconds: 15, leaseTransitions: 0 });
    await time.pass(2_010);
    expect(codeOfAssertion()).toBe('LeadershipLost');
    expect(server.spec).toMatchObject({ holderIdentity: 'two' });
  });

  test('when somebody took our name out of it', async () => {
    server.put({ ...server.spec, holderIdentity: '' });
    await time.pass(2_010);
    expect(leadership.lost.reason).toMatchObject({
      message: 'Lease lockkeeper/controller was taken from us: another replica may lead now',
    });
    expect(server.spec).toMatchObject({ holderIdentity: '' });
  });

  test('and is not given back then: that would hand over what may still be at work', async () => {
    fates(hung);
    await time.pass(12_000);
    const before = server.asked.length;
    process.fate = () => ({});
    await leadership.release();
    expect(server.asked.length).toBe(before);
    expect(server.spec).toMatchObject({ holderIdentity: 'one' });
  });
});

describe('given back', () => {
  async function release(): Promise<void> {
    const releasing = leadership.release();
    await time.pass(3_000);
    await releasing;
  }

  test('it is nobody’s for a second, which others read as free, and nothing is left behind', async () => {
    const before = server.spec;
    await time.pass(5_000);
    await release();
    expect(server.spec).toEqual({
      ...before,
      holderIdentity: '',
      leaseDurationSeconds: 1,
      acquireTime: '2026-11-25T08:00:05.010000Z',
      renewTime: '2026-11-25T08:00:05.010000Z',
    });
    expect(left()).toEqual({ timers: 0, watchers: 0 });
    expect(told).toEqual([]);
  });

  test('it is held no more before the request is sent, and that is not losing it', async () => {
    let held: string | undefined;
    process.fate = () => {
      held = codeOfAssertion();
      return {};
    };
    await release();
    expect(held).toBe('LeadershipLost');
    expect(leadership.lost.aborted).toBe(false);
    await time.pass(60_000);
    expect(leadership.lost.aborted).toBe(false);
  });

  test('twice sends once', async () => {
    await Promise.all([release(), leadership.release()]);
    expect(server.asked.map(({ method }) => method)).toEqual(['PUT']);
  });

  test('it is so also while a renewal is on its way, whether that arrives or not', async () => {
    fates({ thereMs: 50 }, { thereMs: 100 });
    await time.pass(2_000);
    await release();
    expect(server.asked.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'GET', 'PUT']);
    expect(server.spec).toMatchObject({ holderIdentity: '' });
  });

  test('it is told when somebody wrote twice meanwhile, and the Lease is left to end by itself', async () => {
    const conflict = new KubeError('Conflict', 'the object has been modified');
    fates(conflict, {}, conflict);
    await release();
    expect(server.asked.map(({ method }) => method)).toEqual(['GET']);
    expect(told).toEqual([conflict]);
  });

  test('somebody else’s Lease stays as it is', async () => {
    const theirs = { holderIdentity: 'two', leaseDurationSeconds: 15, leaseTransitions: 1 };
    server.put(theirs);
    await release();
    expect(server.spec).toEqual(theirs);
    expect(told).toEqual([]);
  });

  test('a deleted Lease is not made anew for that', async () => {
    server.delete();
    await release();
    expect(server.stored).toBeUndefined();
    expect(told).toEqual([]);
  });

  test('one that was just made anew is free too, though the answer to that is not there yet', async () => {
    server.delete();
    fates({}, {}, { backMs: 1_000 }, {});
    await time.pass(2_100);
    expect(server.spec).toMatchObject({ holderIdentity: 'one' });
    await release();
    expect(server.asked.map(({ method }) => method)).toEqual(['PUT', 'GET', 'POST', 'GET', 'PUT']);
    expect(server.spec).toMatchObject({ holderIdentity: '' });
    expect(told).toEqual([]);
  });

  test('to a server that does not answer ends within two seconds, and is told of', async () => {
    fates(hung);
    let hasEnded = false;
    void leadership.release().then(() => (hasEnded = true));
    await time.pass(2_010);
    expect(hasEnded).toBe(true);
    expect(told.map(codeOf)).toEqual(['Timeout']);
  });
});
