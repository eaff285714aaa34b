import { afterEach, expect, jest, test } from '@jest/globals';
import { KubeError } from '../../../src/kube/errors.ts';
import type { Leadership } from '../../../src/kube/leader/leadership.ts';
import { Random } from '../../random.ts';
import { elector, SimulatedProcess, SimulatedTime, type Fate } from './electing.ts';
import { SimulatedLease } from './simulated-lease.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

interface Round {
  readonly leaders: number;
  readonly losses: number;
  readonly left: { readonly timers: number; readonly watchers: number };
}

/** Three processes for ten minutes on bad lines, with clocks that run apart, stopped and resumed at random; throws when two may act at once. */
async function round(seed: number): Promise<Round> {
  const numbers = new Random(seed);
  const random = (): number => numbers.next();
  jest.spyOn(Math, 'random').mockImplementation(random);
  const time = new SimulatedTime();
  const server = new SimulatedLease();
  const quiet = random() < 0.3;
  // Who starts when it was just deleted cannot know of its holder: in these rounds nobody does.
  const deleting = seed % 4 === 0;
  const leaderships: { readonly name: string; readonly leadership: Leadership }[] = [];
  const stopping = new AbortController();
  const fate = (): Fate => {
    const luck = quiet ? 1 : random();
    if (luck < 0.04) return new KubeError('Unavailable', 'reset');
    if (luck < 0.08) return { thereMs: random() * 6_000, isLost: true };
    if (luck < 0.2) return { thereMs: random() * 12_000, backMs: random() * 12_000 };
    return { thereMs: random() * 40, backMs: random() * 40 };
  };
  const check = (): void => {
    const held = leaderships.filter(({ leadership }) => leadership.isHeld);
    if (held.length > 1)
      throw new Error(`seed ${seed}: at ${time.now} both ${held.map(({ name }) => name).join(' and ')}`);
  };
  const processes = ['a', 'b', 'c'].map((name) => {
    const process = new SimulatedProcess(time, server, {
      skewMs: (random() - 0.5) * 600_000,
      rate: 0.9 + random() * 0.2,
    });
    process.fate = fate;
    return { name, process };
  });
  const running = processes.map(async ({ name, process }) => {
    for (let life = 1; !stopping.signal.aborted && !(deleting && life > 1); life += 1) {
      await process.clock.sleep(random() * 3_000, stopping.signal);
      const mine = elector(process, `${name}-${life}`);
      const leadership = await mine.elector.acquire(stopping.signal);
      leaderships.push({ name: `${name}-${life}`, leadership });
      // Sometimes it stops by itself, else when it has lost.
      const ended = AbortSignal.any([stopping.signal, leadership.lost]);
      await process.clock
        .sleep(!deleting && random() < 0.5 ? random() * 60_000 : 1e9, ended)
        .catch(() => undefined);
      await leadership.release();
    }
  });
  const ending = Promise.allSettled(running);
  const disturb = (): void => {
    if (stopping.signal.aborted) return;
    const { process } = processes[Math.floor(random() * processes.length)] ?? { process: undefined };
    if (random() < 0.5) process?.stop(random() * 40_000);
    if (deleting && time.now > 120_000) server.delete();
    time.after(random() * 40_000, disturb);
  };
  disturb();
  await time.pass(600_000, check);
  stopping.abort();
  await time.pass(60_000, check);
  await ending;
  const losses = leaderships.filter(({ leadership }) => leadership.lost.aborted).length;
  return {
    leaders: leaderships.length,
    losses,
    left: { timers: time.pending, watchers: server.watchers },
  };
}

test('in 200 random lives at no instant two may act, one does in the end, and nothing is left behind', async () => {
  let leaders = 0;
  let losses = 0;
  for (let seed = 1; seed <= 200; seed += 1) {
    const { left, ...counted } = await round(seed);
    expect({ seed, ...left }).toEqual({ seed, timers: 0, watchers: 0 });
    expect(counted.leaders).toBeGreaterThan(0);
    leaders += counted.leaders;
    losses += counted.losses;
  }
  process.stderr.write(`200 rounds: ${leaders} leaderships, ${losses} of them lost\n`);
  expect(losses).toBeGreaterThan(200);
}, 120_000);
