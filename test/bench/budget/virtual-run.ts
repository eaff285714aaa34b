import { Budget } from '../../../src/forges/budget/budget.ts';
import type { Limit } from '../../../src/forges/budget/windows.ts';
import { isForgeError } from '../../../src/forges/errors.ts';
import { Random } from '../../random.ts';

export interface VirtualRun {
  /** When each call that creates content came to the forge. */
  readonly arrivals: readonly number[];
  /** From the moment that all were due. */
  readonly lastMs: number;
  readonly lastOfSmallMs: number;
  /** How often somebody asked for his calls, those who got them included. */
  readonly asked: number;
  /** Processor time of the accounting alone. */
  readonly cpuMs: number;
}

export interface VirtualOptions {
  readonly acts: number;
  /** Of them, those of a second namespace, which come last. */
  readonly ofSmall: number;
  readonly callsOfAct: number;
  readonly limits: readonly Limit[];
}

/** What a pass takes from its time until it asks, and requests take on their way: as on github.com from a cluster that has other work. */
const [leastPassMs, mostPassMs] = [5, 400];
const [leastRequestMs, mostRequestMs] = [80, 900];

/**
 * Acts that are due at once, against the limits of github.com in their real length, by a clock that jumps from one event to the next. What
 * decides is the controller's own accounting; who asks, how long passes and requests take is played.
 */
export function runVirtually({ acts, ofSmall, callsOfAct, limits }: VirtualOptions): VirtualRun {
  const random = new Random(20_261_125);
  const between = (least: number, most: number): number => least + random.next() * (most - least);
  let now = 0;
  const events: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  let order = 0;
  const at = (ms: number, run: () => void): void => {
    order += 1;
    const index = events.findLastIndex((event) => event.at <= ms) + 1;
    events.splice(index, 0, { at: ms, order, run });
  };
  const start = Date.parse('2026-11-25T08:00:00Z');
  const budget = new Budget({
    host: 'github.com',
    limits,
    clock: { now: () => new Date(start + now) },
    elapsedMs: () => now,
  });
  const arrivals: number[] = [];
  let [asked, lastMs, lastOfSmallMs] = [0, 0, 0];

  const act = (index: number): void => {
    const isSmall = index >= acts - ofSmall;
    const spender = `${isSmall ? 'small' : 'large'}/app-${index}`;
    asked += 1;
    try {
      const reservation = budget.reserve({
        account: 'installation 52',
        act: `${spender} staging`,
        spender,
        isProtected: false,
        calls: callsOfAct,
      });
      const send = (left: number): void => {
        if (left === 0) {
          reservation.end();
          lastMs = now;
          if (isSmall) lastOfSmallMs = now;
          return;
        }
        const answered = reservation.take();
        const takes = between(leastRequestMs, mostRequestMs);
        arrivals.push(now + random.next() * takes);
        at(now + takes, () => {
          answered();
          send(left - 1);
        });
      };
      // The token is minted first.
      at(now + between(leastRequestMs, mostRequestMs), () => send(callsOfAct));
    } catch (thrown) {
      if (!isForgeError(thrown) || thrown.retryAt === undefined) throw thrown;
      const wait = thrown.retryAt.getTime() - start - now;
      at(now + wait + between(leastPassMs, mostPassMs), () => act(index));
    }
  };
  for (let index = 0; index < acts; index += 1) at(between(leastPassMs, mostPassMs), () => act(index));
  const cpu = process.cpuUsage();
  for (let next = events.shift(); next !== undefined; next = events.shift()) {
    now = next.at;
    next.run();
  }
  const { user, system } = process.cpuUsage(cpu);
  return { arrivals, lastMs, lastOfSmallMs, asked, cpuMs: (user + system) / 1_000 };
}
