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

/** What the API server has said of one verb on one resource. */
interface Word {
  /** When a request was denied last; undefined since one was taken, and of none. */
  readonly deniedAt?: number | undefined;
  /** A request has been taken. */
  readonly isTaken?: boolean;
  /** The answer to the question whether we may. */
  readonly isHeld?: boolean;
}

/**
 * Remembers whether we may do what we cannot act without. What a request met counts; of what was not tried, or was denied so long ago that
 * it would have been tried again, what the API server says when it is asked whether we may.
 */
export class Denials {
  readonly #uses: readonly (readonly [use: string, resource: string])[];
  /** By resource and verb. */
  readonly #words = new Map<string, Map<string, Word>>();

  /** @param uses what each resource is for, as a check is called: `{ election: 'leases' }` */
  constructor(uses: Readonly<Record<string, string>>) {
    this.#uses = Object.entries(uses);
    for (const [, resource] of this.#uses) this.#words.set(resource, new Map());
  }

  /**
   * Takes the answer to a request; of resources that were not named nothing is kept, nor of answers that do not tell whether we may.
   * @param now milliseconds of a clock that never goes back
   */
  note({ verb, resource, code }: Answered, now: number = performance.now()): void {
    if (code === '401' || code === '403') this.#learn(verb, resource, { deniedAt: now });
    // Whoever may not is told so before anything else is looked at.
    else if (/^[234]\d\d$/.test(code) && code !== '429')
      this.#learn(verb, resource, { deniedAt: undefined, isTaken: true });
  }

  /** Takes the answer to the question whether we may: it says nothing against what requests have met. */
  asked({ verb, resource, isHeld }: Omit<Answered, 'code'> & { readonly isHeld: boolean }): void {
    this.#learn(verb, resource, { isHeld });
  }

  facts(now: number = performance.now()): readonly PermissionFacts[] {
    return this.#uses.map(([use, resource]) => ({
      use,
      denied: [...(this.#words.get(resource) ?? [])]
        .filter(([, word]) => isDenied(word, now))
        .map(([verb]) => `${verb} ${resource}`),
    }));
  }

  #learn(verb: string, resource: string, word: Word): void {
    const words = this.#words.get(resource);
    words?.set(verb, { ...words.get(verb), ...word });
  }
}

function isDenied({ deniedAt, isTaken = false, isHeld }: Word, now: number): boolean {
  if (deniedAt !== undefined && now - deniedAt < believedMs) return true;
  // It may be granted in some namespaces alone, which suffices where it has sufficed.
  return isHeld === false && !isTaken;
}
