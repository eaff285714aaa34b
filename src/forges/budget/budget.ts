import { LRUCache } from 'lru-cache';
import { addMs, type Clock } from '../../base/time.ts';
import { isForgeError, type ForgeError } from '../errors.ts';
import type { Answer } from '../connection.ts';
import type { RateFacts } from '../identity.ts';
import type { Spending } from '../provider.ts';
import { Account } from './account.ts';
import { AccountsOfTokens } from './accounts-of-tokens.ts';
import type { Ending } from './gate.ts';
import { rateIn, retryAfterMs } from './headers.ts';
import { waitingForContent, waitingForForge } from './sentences.ts';
import type { Asking } from './waiting-list.ts';
import type { Limit } from './windows.ts';

export interface BudgetOptions {
  readonly host: string;
  /** Of calls that create content, for each account; none: without limit. */
  readonly limits: readonly Limit[];
  readonly clock: Clock;
  /** Milliseconds of a clock that is never set; by `clock` when absent. */
  readonly elapsedMs?: () => number;
  /** Told of each that has to wait: for our own count of calls, or because the forge asked to. */
  readonly onWait?: (why: 'content' | 'forge') => void;
}

/** Who wants to write, and how much. */
export interface Act extends Asking {
  /** Whose limits at the forge it counts against: see account-name.ts, and `Budget.tokens` for stored ones. */
  readonly account: string;
}

/** An act that may go on to its end. */
export interface Reservation extends Spending {
  /** Gives back what was not sent. Doing it twice is doing it once. */
  readonly end: () => void;
}

/** What is left of one limit of one account. */
export interface BudgetFacts {
  readonly host: string;
  readonly account: string;
  /** `content_minute`, `content_hour`; `core`, `graphql` and other resources of the forge. */
  readonly limit: string;
  readonly remaining: number;
}

const minuteMs = 60_000;
const mostAccounts = 5_000;
/** An act reads a little too: so many calls beside its own must be left of the primary limit. */
const readsOfAct = 6;

/**
 * What may be sent to one host, by account: the forge's word when not to ask, and our own count of calls that create content. Nobody
 * waits in here: who may not send now is refused with WaitingForBudget and the instant when to come again.
 */
export class Budget {
  readonly tokens = new AccountsOfTokens();
  readonly #options: BudgetOptions;
  readonly #accounts = new LRUCache<string, Account>({ max: mostAccounts });

  constructor(options: BudgetOptions) {
    this.#options = options;
  }

  /** Reserves all the calls of an act, or throws WaitingForBudget with its own time. Asking again keeps the place. */
  reserve({ account: name, ...asking }: Act): Reservation {
    const account = this.#account(name);
    const now = this.#now();
    const { limits } = account.windows;
    // More than a limit allows at all could wait for ever; the rest is taken one by one.
    const calls = Math.min(asking.calls, ...limits.map((limit) => limit.calls));
    const notBefore = latest([
      this.#shutUntil(this.#concerned([name], now), now),
      account.usedUpUntil(now, calls + readsOfAct),
    ]);
    if (limits.length === 0) {
      if (notBefore !== undefined) throw this.#forgeWaits(notBefore, now, asking.act);
      account.windows.reserve(calls);
      return this.#reservation(account, calls);
    }
    const answer = account.ask({ ...asking, calls }, now, notBefore ?? now);
    if (answer.kind === 'now') return this.#reservation(account, calls);
    if (answer.at === notBefore) throw this.#forgeWaits(notBefore, now, asking.act);
    this.#options.onWait?.('content');
    const { host } = this.#options;
    throw waitingForContent({
      ...asking,
      host,
      limits,
      before: answer.before,
      until: this.#instant(answer.at, now),
    });
  }

  /**
   * Runs a call that counts against these accounts, unless the forge has asked one of them to wait, and heeds what it says of limits.
   * The first is the one that the call is made as.
   */
  async through<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const now = this.#now();
    const accounts = this.#concerned(names, now);
    const shut = this.#shutUntil(accounts, now);
    if (shut !== undefined) throw this.#forgeWaits(shut, now);
    const probing = accounts.filter(({ gate }) => gate.enter(now));
    let result: T;
    try {
      result = await work();
    } catch (thrown) {
      this.#failed(accounts[0], probing, thrown);
      throw thrown;
    }
    for (const { gate } of probing) gate.probed('accepted', this.#now());
    for (const account of accounts) await account.settle();
    return result;
  }

  /** Throws WaitingForBudget when no request for this resource may be sent: another may have been refused a moment ago. */
  assertOpen(name: string, resource: string): void {
    const account = this.#account(name);
    const now = this.#now();
    const shut = account.gate.closedUntil(now) ?? account.usedUpUntil(now, 1, resource);
    if (shut !== undefined) throw this.#forgeWaits(shut, now);
  }

  /** Heeds what an answer's status and headers tell. */
  hear(name: string, { status, headers }: Answer): void {
    const account = this.#account(name);
    const [now, wall] = [this.#now(), this.#options.clock.now()];
    const rate = rateIn(headers, wall);
    if (rate !== undefined) account.hear(rate, now + rate.resetAt.getTime() - wall.getTime());
    if (status !== 429 && status !== 403) return;
    const waitMs = retryAfterMs(headers, wall);
    if (status === 429 || waitMs !== undefined)
      account.gate.close(waitMs === undefined ? undefined : now + waitMs, now);
  }

  /** One more call that creates content, outside of what was reserved. Throws WaitingForBudget when there is none left. */
  takeOne(name: string): () => void {
    const account = this.#account(name);
    const now = this.#now();
    if (account.windows.free(now) < 1) {
      const { limits } = account.windows;
      const until = this.#instant(account.windows.nextFree(now), now);
      this.#options.onWait?.('content');
      throw waitingForContent({ host: this.#options.host, limits, before: 0, until });
    }
    account.windows.reserve(1);
    return () => account.windows.answered(this.#now());
  }

  /** An App and its installation: while one is asked to wait, the other does not ask either. */
  link(app: string, installation: string): void {
    this.#account(app).installations.add(installation);
    this.#account(installation).app = app;
  }

  /** If nothing may be sent for this account: does `work` when the forge takes its calls again. */
  oweWhileShut(name: string, work: () => Promise<void>): void {
    const now = this.#now();
    if (this.#concerned([name], now).some(({ gate }) => gate.opensAt(now) !== undefined))
      this.#account(name).owe(work);
  }

  /** The primary limit of REST as last heard; undefined when the forge said nothing, or its window is over. */
  rateOf(name: string): RateFacts | undefined {
    const rates = this.#accounts.peek(name)?.rates(this.#now()) ?? [];
    const core = rates.find(({ resource }) => resource === 'core');
    return core && { limit: core.limit, remaining: core.remaining, resetAt: core.resetAt };
  }

  facts(): readonly BudgetFacts[] {
    const now = this.#now();
    const { host } = this.#options;
    // Of some tokens nothing is known but a hash, which is nobody's business.
    const shown = [...this.#accounts.values()].filter(({ name }) => !name.startsWith('token '));
    return shown.flatMap((account) => {
      const rows = [
        ...account.windows.left(now).map(({ limit, calls }) => [limitName(limit), calls] as const),
        ...account.rates(now).map(({ resource, remaining }) => [resource, remaining] as const),
      ];
      return rows.map(([limit, remaining]) => ({ host, account: account.name, limit, remaining }));
    });
  }

  #reservation({ name, windows }: Account, calls: number): Reservation {
    let left = calls;
    return {
      take: () => {
        if (left === 0) return this.takeOne(name);
        left -= 1;
        return () => windows.answered(this.#now());
      },
      end: () => {
        windows.giveBack(left);
        left = 0;
      },
    };
  }

  #failed(own: Account | undefined, probing: readonly Account[], thrown: unknown): void {
    const now = this.#now();
    const { ending, until } = this.#endingOf(thrown, now);
    if (ending !== 'refused') {
      for (const { gate } of probing) gate.probed(ending, now);
      return;
    }
    const refused = new Set(own === undefined ? probing : [own, ...probing]);
    for (const { gate } of refused) gate.close(until, now);
  }

  #endingOf(thrown: unknown, now: number): { readonly ending: Ending; readonly until?: number } {
    if (!isForgeError(thrown)) return { ending: 'unknown' };
    const { code, status, retryAt } = thrown;
    if (code === 'RateLimited') {
      const waitMs = retryAt === undefined ? 0 : retryAt.getTime() - this.#options.clock.now().getTime();
      return { ending: 'refused', until: now + waitMs };
    }
    // A no of another kind is an answer too; an error of the server's own tells nothing of limits.
    return { ending: status !== undefined && status < 500 ? 'accepted' : 'unknown' };
  }

  /** When one who must wait for the forge shall come again: each at another time. Undefined: nobody must. */
  #shutUntil(accounts: readonly Account[], now: number): number | undefined {
    const shut = accounts.filter(({ gate }) => gate.opensAt(now) !== undefined);
    return latest(shut.map(({ gate }) => gate.place(now)));
  }

  #forgeWaits(until: number, now: number, act?: string): ForgeError {
    this.#options.onWait?.('forge');
    return waitingForForge({ host: this.#options.host, until: this.#instant(until, now), act });
  }

  /**
   * Whose word a call as these heeds. An installation is not asked while its App is told to wait; an App that asks for itself waits
   * while all its installations do, and not for one of them alone, which may be another tenant's.
   */
  #concerned(names: readonly string[], now: number): readonly Account[] {
    const own = names.map((name) => this.#account(name));
    const apps = own.flatMap(({ app }) => (app === undefined ? [] : [this.#account(app)]));
    const installations = own.length > 1 ? [] : own.flatMap((account) => [...account.installations]);
    const theirs = installations.map((name) => this.#account(name));
    const allWait = theirs.every(({ gate }) => gate.opensAt(now) !== undefined);
    return [...new Set([...own, ...apps, ...(allWait ? theirs : [])])];
  }

  #account(name: string): Account {
    const known = this.#accounts.get(name);
    if (known !== undefined) return known;
    const made = new Account(name, name.startsWith('app ') ? [] : this.#options.limits);
    this.#accounts.set(name, made);
    return made;
  }

  /** By the clock that people read. */
  #instant(at: number, now: number): Date {
    return addMs(this.#options.clock.now(), at - now);
  }

  #now(): number {
    const { clock, elapsedMs = () => clock.now().getTime() } = this.#options;
    return elapsedMs();
  }
}

function latest(instants: readonly (number | undefined)[]): number | undefined {
  const known = instants.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function limitName({ ms }: Limit): string {
  return ms <= minuteMs ? 'content_minute' : 'content_hour';
}
