import { jittered, sleep } from '../../base/time.ts';
import type { Right } from '../../kube/access-review.ts';
import { rightsThatMustNotBe, type ForbiddenRight } from './must-not.ts';

export interface OverPrivilegeParts {
  /** Where the controller runs; undefined where nobody says. */
  readonly namespace: string | undefined;
  /** Whether we have a right. */
  readonly haveRight: (right: Right, signal: AbortSignal) => Promise<boolean>;
  /** Told when other rights than before are held that must not be; and at first, when there is one. May not throw. */
  readonly onChange: (rights: readonly string[]) => void;
  /** Told of each question that had no answer. May not throw. */
  readonly onTrouble: (thrown: unknown) => void;
  /** Waits between two checks; rejects once the signal is aborted. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const everyMs = 60 * 60_000;
/** What could not be asked is asked again after this. */
const againMs = 60_000;
/** Questions at once: they are no hurry, and a start has others. */
const concurrency = 4;

/** Which rights the controller has and must not have: asked at the start and each hour. A question without an answer keeps the last one. */
export class OverPrivilege {
  readonly #parts: OverPrivilegeParts;
  readonly #rights: readonly ForbiddenRight[];
  /** By name; what is not in it was never answered. */
  readonly #held = new Map<string, boolean>();
  #told: readonly string[] = [];
  #running: Promise<void> = Promise.resolve();
  readonly #stopping = new AbortController();

  constructor(parts: OverPrivilegeParts) {
    this.#parts = parts;
    this.#rights = rightsThatMustNotBe(parts.namespace);
  }

  /** The rights by name, in the table's order; `unknown` while nothing was answered yet. */
  current(): { readonly rights: readonly string[] } | 'unknown' {
    if (this.#held.size === 0) return 'unknown';
    return { rights: this.#rights.flatMap(({ name }) => (this.#held.get(name) === true ? [name] : [])) };
  }

  /**
   * Asks about each right; gives how many questions had no answer. What is held everywhere is held in each namespace too, and named once.
   * Rejects with the signal's reason alone.
   */
  async check(signal: AbortSignal): Promise<number> {
    const inOne = ({ everywhere }: ForbiddenRight): boolean => everywhere !== undefined;
    const isImplied = ({ everywhere = '' }: ForbiddenRight): boolean => this.#held.get(everywhere) === true;
    const wide = this.#rights.filter((right) => !inOne(right));
    let unanswered = await this.#askAll(wide, signal);
    for (const { name } of this.#rights.filter(isImplied)) this.#held.set(name, false);
    unanswered += await this.#askAll(
      this.#rights.filter((right) => inOne(right) && !isImplied(right)),
      signal,
    );
    this.#tell();
    return unanswered;
  }

  /**
   * Checks now, unless that was done, and each hour, until the signal or `stop` ends it. Resolves when each right was asked about once,
   * or it has ended, or after `withinMs`.
   */
  async start(given: AbortSignal, withinMs: number): Promise<void> {
    const { wait = sleep } = this.#parts;
    const signal = AbortSignal.any([given, this.#stopping.signal]);
    const isChecked = this.#held.size === this.#rights.length;
    const first = isChecked ? Promise.resolve(0) : this.check(signal);
    this.#running = (async () => {
      for (let unanswered = await first; ; unanswered = await this.check(signal)) {
        await wait(jittered(unanswered > 0 ? againMs : everyMs), signal);
      }
    })().catch((thrown: unknown) => {
      if (!signal.aborted) this.#parts.onTrouble(thrown);
    });
    const late = new AbortController();
    const ended = first.then(
      () => undefined,
      () => undefined, // told where it runs
    );
    await Promise.race([ended, sleep(withinMs, late.signal).catch(() => undefined)]);
    late.abort();
  }

  /** Ends what runs. Doing it twice is doing it once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  #tell(): void {
    const now = this.current();
    const rights = now === 'unknown' ? [] : now.rights;
    if (rights.join() === this.#told.join()) return;
    this.#told = rights;
    this.#parts.onChange(rights);
  }

  /** Gives how many had no answer. */
  async #askAll(rights: readonly ForbiddenRight[], signal: AbortSignal): Promise<number> {
    const waiting = rights.values();
    let unanswered = 0;
    const asker = async (): Promise<void> => {
      for (const { name, everywhere: _, ...right } of waiting) {
        signal.throwIfAborted();
        try {
          this.#held.set(name, await this.#parts.haveRight(right, signal));
        } catch (thrown) {
          signal.throwIfAborted();
          unanswered += 1;
          this.#parts.onTrouble(thrown);
        }
      }
    };
    await Promise.all(Array.from({ length: concurrency }, asker));
    return unanswered;
  }
}
