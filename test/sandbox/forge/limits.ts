import { type Caller, budgetOf } from './caller.ts';
import { GithubError } from './github-error.ts';

/** GitHub's published limits; each group can be switched off. */
export interface LimitSettings {
  readonly primary: {
    readonly enabled: boolean;
    readonly restPerHour: number;
    readonly graphqlPerHour: number;
    readonly anonymousPerHour: number;
  };
  readonly secondary: {
    readonly enabled: boolean;
    readonly concurrent: number;
    readonly restPointsPerMinute: number;
    readonly graphqlPointsPerMinute: number;
    readonly contentPerMinute: number;
    readonly contentPerHour: number;
    /** What `retry-after` says. */
    readonly retryAfterSeconds: number;
  };
}

export const githubLimits: LimitSettings = {
  primary: { enabled: true, restPerHour: 5000, graphqlPerHour: 5000, anonymousPerHour: 60 },
  secondary: {
    enabled: true,
    concurrent: 100,
    restPointsPerMinute: 900,
    graphqlPointsPerMinute: 2000,
    contentPerMinute: 80,
    contentPerHour: 500,
    retryAfterSeconds: 60,
  },
};

export const noLimits: LimitSettings = {
  primary: { ...githubLimits.primary, enabled: false },
  secondary: { ...githubLimits.secondary, enabled: false },
};

export type Resource = 'core' | 'graphql';

export interface Cost {
  readonly resource: Resource;
  /** Of the secondary limit per minute: 1 to read, 5 to write. */
  readonly points: number;
  readonly createsContent: boolean;
}

export interface Standing {
  readonly limit: number;
  readonly remaining: number;
  readonly used: number;
  /** Seconds since the epoch. */
  readonly reset: number;
}

interface Window {
  used: number;
  endsAtMs: number;
}

interface Spent {
  readonly atMs: number;
  readonly points: number;
}

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** Counts what each account has used. Windows move with the world's clock. */
export class Limits {
  readonly #now: () => Date;
  readonly #windows = new Map<string, Window>();
  readonly #points = new Map<string, Spent[]>();
  readonly #content = new Map<string, Spent[]>();
  readonly #running = new Map<string, number>();
  settings: LimitSettings;

  constructor(options: { readonly now: () => Date; readonly settings: LimitSettings }) {
    this.#now = options.now;
    this.settings = options.settings;
  }

  /**
   * Takes a request off the budget, or throws GitHub's 403. `release` must be called when it has ended; `refund` gives back what it
   * took of the primary limit.
   */
  enter(caller: Caller, cost: Cost): { release(): void; refund(): void } {
    const account = budgetOf(caller);
    this.#checkSecondary(account, cost);
    const window = this.#window(account, cost.resource);
    const { primary } = this.settings;
    if (primary.enabled && window.used >= this.#limit(caller, cost.resource)) {
      throw new GithubError(403, `API rate limit exceeded for ${account.replace(':', ' ID ')}.`, {
        headers: this.headers(caller, cost.resource),
      });
    }
    window.used += 1;
    this.#running.set(account, (this.#running.get(account) ?? 0) + 1);
    return {
      release: () => this.#running.set(account, (this.#running.get(account) ?? 1) - 1),
      refund: () => {
        window.used -= 1;
      },
    };
  }

  standing(caller: Caller, resource: Resource): Standing {
    const window = this.#window(budgetOf(caller), resource);
    const limit = this.#limit(caller, resource);
    return {
      limit,
      remaining: Math.max(0, limit - window.used),
      used: window.used,
      reset: Math.ceil(window.endsAtMs / 1000),
    };
  }

  /** None where limits are off, as GitHub Enterprise Server has it by default. */
  headers(caller: Caller, resource: Resource): Record<string, string> {
    if (!this.settings.primary.enabled) return {};
    const { limit, remaining, used, reset } = this.standing(caller, resource);
    return {
      'x-ratelimit-limit': `${limit}`,
      'x-ratelimit-remaining': `${remaining}`,
      'x-ratelimit-used': `${used}`,
      'x-ratelimit-reset': `${reset}`,
      'x-ratelimit-resource': resource,
    };
  }

  #limit(caller: Caller, resource: Resource): number {
    const { primary } = this.settings;
    if (caller.kind === 'anonymous') return resource === 'graphql' ? 0 : primary.anonymousPerHour;
    return resource === 'graphql' ? primary.graphqlPerHour : primary.restPerHour;
  }

  #window(account: string, resource: Resource): Window {
    const nowMs = this.#now().getTime();
    const key = `${account} ${resource}`;
    const known = this.#windows.get(key);
    if (known && known.endsAtMs > nowMs) return known;
    const window = { used: 0, endsAtMs: nowMs + hourMs };
    this.#windows.set(key, window);
    return window;
  }

  #checkSecondary(account: string, cost: Cost): void {
    const { secondary } = this.settings;
    if (!secondary.enabled) return;
    if ((this.#running.get(account) ?? 0) >= secondary.concurrent) throw this.#secondary();
    const perMinute =
      cost.resource === 'graphql' ? secondary.graphqlPointsPerMinute : secondary.restPointsPerMinute;
    const points = this.#recent(this.#points, `${account} ${cost.resource}`, minuteMs);
    if (sum(points) + cost.points > perMinute) throw this.#secondary();
    const spent = { atMs: this.#now().getTime(), points: cost.points };
    if (cost.createsContent) {
      const content = this.#recent(this.#content, account, hourMs);
      const lastMinute = content.filter((one) => one.atMs > spent.atMs - minuteMs).length;
      if (lastMinute >= secondary.contentPerMinute || content.length >= secondary.contentPerHour) {
        throw this.#secondary();
      }
      content.push(spent);
    }
    points.push(spent);
  }

  #recent(spent: Map<string, Spent[]>, key: string, ms: number): Spent[] {
    const since = this.#now().getTime() - ms;
    const recent = (spent.get(key) ?? []).filter((one) => one.atMs > since);
    spent.set(key, recent);
    return recent;
  }

  #secondary(): GithubError {
    return new GithubError(
      403,
      'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
      { headers: { 'retry-after': `${this.settings.secondary.retryAfterSeconds}` } },
    );
  }
}

function sum(spent: readonly Spent[]): number {
  return spent.reduce((total, { points }) => total + points, 0);
}
