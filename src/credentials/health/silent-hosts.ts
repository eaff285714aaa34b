import { addMs, type Clock } from '../../base/time.ts';
import type { Problem } from '../problem.ts';
import type { Said } from './probed.ts';

/** What is known of a host that kept us waiting for nothing. */
interface Silence {
  /** How often in a row. */
  readonly times: number;
  /** When it is to be asked again. */
  readonly until: Date;
  /** Whether somebody is finding out just now. */
  readonly isAsked: boolean;
}

/** A question that is not put to a host now. */
export interface Hold {
  /** When it is worth another try. */
  readonly until: Date;
  /** What to say of it; absent while the host has been silent once only, which may have been the fault of that question. */
  readonly problem?: Problem;
}

/** A host that takes so long, and then gives no answer, is silent; one that fails sooner keeps nobody from work. */
const silentMs = 5_000;

/** How soon a silent host is asked again, by one question. */
const askAgainMs = 30_000;

/** How soon to look whether that one was answered. */
const lookAgainMs = 10_000;

/**
 * Hosts that do not answer, each known for as long. Every question to such a host takes a worker for ten seconds and more: with forty
 * Credentials there would be none left for the hosts that do. So one question at a time is put to it, in 30 seconds, until one is answered.
 */
export class SilentHosts {
  readonly #silences = new Map<string, Silence>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Why a question is not to be put to this host now; undefined: put it. */
  hold(host: string): Hold | undefined {
    const silence = this.#silences.get(host);
    const now = this.#clock.now();
    if (silence === undefined || (!silence.isAsked && silence.until <= now)) return undefined;
    const until = silence.isAsked ? addMs(now, lookAgainMs) : silence.until;
    if (silence.times < 2) return { until };
    const message = `${host} does not answer; it is asked again within two minutes`;
    return { until, problem: { reason: 'ForgeUnreachable', message } };
  }

  /** Puts a question to a host, and keeps in mind whether it answers. What it rejects with tells nothing of the host. */
  async ask(host: string, question: () => Promise<Said>): Promise<Said> {
    const silence = this.#silences.get(host);
    if (silence !== undefined) this.#silences.set(host, { ...silence, isAsked: true });
    const began = this.#clock.now();
    try {
      const said = await question();
      const now = this.#clock.now();
      const isSilent = said.problem?.reason === 'ForgeUnreachable' && addMs(began, silentMs) <= now;
      const times = (this.#silences.get(host)?.times ?? 0) + 1;
      if (isSilent) this.#silences.set(host, { times, until: addMs(now, askAgainMs), isAsked: false });
      else this.#silences.delete(host);
      return said;
    } catch (thrown) {
      const known = this.#silences.get(host);
      if (known !== undefined) this.#silences.set(host, { ...known, isAsked: false });
      throw thrown;
    }
  }
}
