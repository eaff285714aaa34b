import { Budget, type Act, type BudgetOptions } from '../../../src/forges/budget/budget.ts';
import { addMs } from '../../../src/base/time.ts';
import type { Limit } from '../../../src/forges/budget/windows.ts';

export const minuteMs = 60_000;
export const hourMs = 3_600_000;

export const githubContent: readonly Limit[] = [
  { calls: 80, ms: minuteMs },
  { calls: 500, ms: hourMs },
];

const start = new Date('2026-11-25T08:00:00Z');

/** A budget whose time stands still until it is told to go on. */
export class SteadyBudget {
  readonly budget: Budget;
  readonly waits: string[] = [];
  ms = 0;

  constructor(options: Partial<BudgetOptions> = {}) {
    this.budget = new Budget({
      host: 'github.com',
      limits: githubContent,
      clock: { now: () => this.now },
      elapsedMs: () => this.ms,
      onWait: (why) => void this.waits.push(why),
      ...options,
    });
  }

  get now(): Date {
    return addMs(start, this.ms);
  }

  /** Of `namespace/pipeline`, into staging, with four calls. */
  act(spender: string, more: Partial<Act> = {}): Act {
    return {
      account: 'installation 52',
      act: `${spender} staging`,
      spender,
      isProtected: false,
      calls: 4,
      ...more,
    };
  }

  /** Begins an act and carries it out at once. Gives the milliseconds after which to come again where it may not begin. */
  tryToAct(spender: string, more: Partial<Act> = {}): 'done' | number {
    const wanted = this.act(spender, more);
    try {
      const reservation = this.budget.reserve(wanted);
      for (let call = 0; call < wanted.calls; call += 1) reservation.take()();
      reservation.end();
      return 'done';
    } catch (thrown) {
      return this.waitOf(thrown);
    }
  }

  /** From now until it may be tried again. */
  waitOf(thrown: unknown): number {
    const { code, retryAt } = thrown as { code?: string; retryAt?: Date }; // what it is, is checked here
    if (code !== 'WaitingForBudget' || retryAt === undefined) throw thrown;
    return retryAt.getTime() - this.now.getTime();
  }
}
