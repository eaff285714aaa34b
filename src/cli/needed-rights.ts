import { group } from '../api/meta.ts';
import { jittered, sleep } from '../base/time.ts';
import type { Right } from '../kube/access-review.ts';
import { KubeError } from '../kube/errors.ts';
import type { Denials } from '../telemetry/denials.ts';

export interface NeededRightsParts {
  readonly rights: readonly Right[];
  /** Whether we have a right. */
  readonly haveRight: (right: Right, signal: AbortSignal) => Promise<boolean>;
  /** Told of each answer. */
  readonly denials: Pick<Denials, 'asked'>;
  /** Told of each right that is missing, and of each question that had no answer. May not throw. */
  readonly onTrouble: (thrown: unknown) => void;
  /** Waits between two rounds; rejects once the signal is aborted. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** To write the statuses of these, wherever they are, as the chart grants it. */
export function statusRights(...resources: readonly string[]): readonly Right[] {
  return resources.map((resource) => ({ verb: 'patch', group, resource, subresource: 'status' }));
}

const everyMs = 60 * 60_000;
/** What is missing, or had no answer, is asked about again after this: a roll-out may wait for it. */
const againMs = 10_000;

/**
 * Asks for the rights that are first used by whoever acts, so that a standby that could not act is not ready: else a roll-out ends the
 * leader for it. The last answer stands while there is none.
 */
export class NeededRights {
  readonly #parts: NeededRightsParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: NeededRightsParts) {
    this.#parts = parts;
  }

  /** Asks now and each hour, and more often while anything is missing, until the signal or `stop` ends it. Once. */
  start(given: AbortSignal): void {
    const { wait = sleep, onTrouble } = this.#parts;
    const signal = AbortSignal.any([given, this.#stopping.signal]);
    this.#running = (async () => {
      for (;;) {
        const held = await Promise.all(this.#parts.rights.map((right) => this.#ask(right, signal)));
        await wait(jittered(held.includes(false) ? againMs : everyMs), signal);
      }
    })().catch((thrown: unknown) => {
      if (!signal.aborted) onTrouble(thrown);
    });
  }

  /** Ends what runs. Doing it twice is doing it once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Whether it is known to be held. Rejects with the signal's reason alone. */
  async #ask(right: Right, signal: AbortSignal): Promise<boolean> {
    const { haveRight, denials, onTrouble } = this.#parts;
    const { verb, subresource } = right;
    const resource = subresource === undefined ? right.resource : `${right.resource}/${subresource}`;
    try {
      const isHeld = await haveRight(right, signal);
      denials.asked({ verb, resource, isHeld });
      if (!isHeld) onTrouble(missing(`${verb} ${resource}.${right.group}`));
      return isHeld;
    } catch (thrown) {
      signal.throwIfAborted();
      onTrouble(thrown);
      return false;
    }
  }
}

function missing(right: string): KubeError {
  const next = 'install the roles and bindings of the chart again';
  return new KubeError('Forbidden', `we may not ${right}, and need to once we act; ${next}`);
}
