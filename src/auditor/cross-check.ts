import { z } from 'zod';
import type { Clock } from '../base/time.ts';
import type { Resource } from '../kube/resource.ts';
import { pathOf } from '../kube/resource.ts';
import type { Transport } from '../kube/transport/transport.ts';
import { disagreements, subjectsToAsk, type Ask } from './disagreement.ts';
import type { AccessReport } from './report.ts';

const reviews: Resource = { group: 'authorization.k8s.io', version: 'v1', plural: 'subjectaccessreviews' };
const reviewed = z.object({ status: z.object({ allowed: z.boolean() }) });

/** The same report is asked about again after so long: another authorizer may have been added. */
const againMs = 6 * 3_600_000;
/** A report that changes all the time is not asked about each time. */
const gapMs = 30_000;
/** The API server may know of a change later than we do, so that one contradiction is none yet. */
const confirmMs = 3_000;
/** Questions about one Secret. Who comes after the first forty is not asked about; the last six are the controller and nobody. */
const mostAsks = 126;
const alwaysAsked = 6;

/** What to ask about. */
export interface Checked {
  readonly report: AccessReport;
  readonly secret: { readonly namespace: string; readonly name: string };
}

/** Whether the API server decides as its rules say. */
export type CrossChecked =
  /** `doubt`: what it decides otherwise, in a sentence. */
  | { readonly kind: 'known'; readonly doubt?: string; readonly againMs: number }
  /** It contradicted for the first time: ask again before it is told. */
  | { readonly kind: 'unsure'; readonly againMs: number };

interface Last {
  readonly asks: string;
  readonly at: number;
  readonly doubt: string | undefined;
  readonly isUnsure: boolean;
}

/** Asks the API server about what a report says, since RBAC need not be its only authorizer. A few questions, and seldom. */
export class CrossCheck {
  readonly #transport: Pick<Transport, 'call'>;
  readonly #clock: Clock;
  readonly #last = new Map<string, Last>();

  constructor({ transport, clock }: { readonly transport: Pick<Transport, 'call'>; readonly clock: Clock }) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /**
   * By what the API server was asked last, if that was not long ago. Rejects with a KubeError where it gives no answer.
   * @param key of the Credential
   */
  async of(key: string, { report, secret }: Checked, signal: AbortSignal): Promise<CrossChecked> {
    const asks = subjectsToAsk(report);
    const written = JSON.stringify([secret, asks]);
    const last = this.#last.get(key);
    const now = this.#clock.now().getTime();
    const passedMs = last === undefined ? Infinity : now - last.at;
    if (last !== undefined && !last.isUnsure) {
      const waitMs = (last.asks === written ? againMs : gapMs) - passedMs;
      // What was found before stands until the API server was asked again.
      if (waitMs > 0 && passedMs >= 0) return known(last.doubt, waitMs);
    }
    const answers = await this.#ask(asks, secret, signal);
    const [doubt] = disagreements(report, answers);
    const isUnsure = doubt !== undefined && last?.isUnsure !== true && last?.doubt === undefined;
    this.#last.set(key, { asks: written, at: now, doubt, isUnsure });
    return isUnsure ? { kind: 'unsure', againMs: confirmMs } : known(doubt, againMs);
  }

  forget(key: string): void {
    this.#last.delete(key);
  }

  async #ask(
    asks: readonly Ask[],
    { namespace, name }: Checked['secret'],
    signal: AbortSignal,
  ): Promise<readonly (boolean | undefined)[]> {
    const answers: (boolean | undefined)[] = [];
    for (const [index, { user, groups, verb }] of asks.entries()) {
      const isAsked = index < mostAsks - alwaysAsked || index >= asks.length - alwaysAsked;
      if (!isAsked) {
        answers.push(undefined);
        continue;
      }
      const resourceAttributes = { namespace, verb, group: '', version: 'v1', resource: 'secrets', name };
      const answer = await this.#transport.call({
        method: 'POST',
        path: pathOf(reviews),
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec: { ...(user === undefined ? {} : { user }), groups, resourceAttributes },
        },
        signal,
      });
      answers.push(reviewed.parse(answer).status.allowed);
    }
    return answers;
  }
}

function known(doubt: string | undefined, waitMs: number): CrossChecked {
  return { kind: 'known', ...(doubt === undefined ? {} : { doubt }), againMs: waitMs };
}
