import type { PermissionFacts } from './health.ts';

/** What is denied is tried again every two minutes at most: what was not for so long is no longer wanted. */
const believedMs = 5 * 60_000;

/** A request to the API server that was answered. */
interface Answered {
  /** `update` */
  readonly verb: string;
  /** `pipelines/status` */
  readonly resource: string;
  /** The HTTP status; anything else where there was none. */
  readonly code: string;
}

/** Remembers what the API server last said to the requests that we cannot act without: whether we may. */
export class Denials {
  readonly #uses: readonly (readonly [use: string, resource: string])[];
  /** When it was denied last, by resource and verb. */
  readonly #denied = new Map<string, Map<string, number>>();

  /** @param uses what each resource is for, as a check is called: `{ election: 'leases' }` */
  constructor(uses: Readonly<Record<string, string>>) {
    this.#uses = Object.entries(uses);
    for (const [, resource] of this.#uses) this.#denied.set(resource, new Map());
  }

  /**
   * Takes an answer; of resources that were not named nothing is kept, nor of answers that do not tell whether we may.
   * @param now milliseconds of a clock that never goes back
   */
  note({ verb, resource, code }: Answered, now: number = performance.now()): void {
    const denied = this.#denied.get(resource);
    if (denied === undefined) return;
    if (code === '401' || code === '403') denied.set(verb, now);
    // Whoever may not is told so before anything else is looked at.
    else if (/^[234]\d\d$/.test(code) && code !== '429') denied.delete(verb);
  }

  facts(now: number = performance.now()): readonly PermissionFacts[] {
    return this.#uses.map(([use, resource]) => ({
      use,
      denied: [...(this.#denied.get(resource) ?? [])]
        .filter(([, at]) => now - at < believedMs)
        .map(([verb]) => `${verb} ${resource}`),
    }));
  }
}
