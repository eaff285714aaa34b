import { z } from 'zod';
import type { Clock } from '../base/time.ts';
import { KubeError } from '../kube/errors.ts';
import type { Resource } from '../kube/resource.ts';
import { pathOf } from '../kube/resource.ts';
import type { Transport } from '../kube/transport/transport.ts';
import { disagreements, subjectsToAsk, type Ask } from './disagreement.ts';
import type { AccessReport } from './report.ts';

const reviews: Resource = { group: 'authorization.k8s.io', version: 'v1', plural: 'subjectaccessreviews' };
const reviewed = z.object({ status: z.object({ allowed: z.boolean() }) });

/** An answer is believed for so long: another authorizer may be added. */
const believedMs = 6 * 3_600_000;
/** And one that contradicts the rules for so long. */
const contradictionMs = 600_000;
/** About one Secret nothing more is asked for so long, whatever changes. */
const gapMs = 30_000;
/** The API server may know of a change later than we do, so that one contradiction is none yet. */
const confirmMs = 3_000;
/** How many of those that a report names are asked about, by three questions each. */
const mostOthers = 10;
/** At the end of all questions: three about the controller, and three about nobody, whom no rule can name. */
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

interface Answered {
  readonly at: number;
  readonly allowed: boolean;
}

/** What is known of one Credential. */
interface Known {
  /** By question and what was expected of it. */
  readonly answers: Map<string, Answered>;
  /** Undefined: never. */
  askedAt: number | undefined;
  /** A contradiction that was confirmed. */
  doubt: string | undefined;
  /** There is one that was not. */
  isSuspect: boolean;
}

/**
 * Asks the API server about what a report says, since RBAC need not be its only authorizer. At first about the controller and nobody,
 * which shows whether anything goes; half a minute later about the others; and then about whom it was not asked yet.
 */
export class CrossCheck {
  readonly #transport: Pick<Transport, 'call'>;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor({ transport, clock }: { readonly transport: Pick<Transport, 'call'>; readonly clock: Clock }) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /**
   * By what the API server has answered, asked anew where it is time to. Rejects with a KubeError where it gives no answer.
   * @param key of the Credential
   */
  async of(key: string, { report, secret }: Checked, signal: AbortSignal): Promise<CrossChecked> {
    const known: Known = this.#known.get(key) ?? {
      answers: new Map(),
      askedAt: undefined,
      doubt: undefined,
      isSuspect: false,
    };
    this.#known.set(key, known);
    const now = this.#clock.now().getTime();
    const asks = subjectsToAsk(report).map((ask) => ({ ...ask, key: JSON.stringify([secret, ask]) }));
    forgetOld(known, asks, now);
    const heldMs = known.askedAt === undefined || known.isSuspect ? 0 : known.askedAt + gapMs - now;
    // A clock that was put back holds nothing up.
    const isHeld = heldMs > 0 && heldMs <= gapMs;
    const unanswered = (wanted: readonly KeyedAsk[]): KeyedAsk[] =>
      wanted.filter((ask) => !known.answers.has(ask.key));
    const others = asks.slice(0, Math.min(3 * mostOthers, asks.length - alwaysAsked));
    const always = asks.slice(-alwaysAsked);
    const due = isHeld ? [] : unanswered(known.askedAt === undefined ? always : [...others, ...always]);
    for (const ask of due)
      known.answers.set(ask.key, { at: now, allowed: await this.#ask(ask, secret, signal) });
    if (due.length > 0) known.askedAt = now;
    const left = unanswered([...others, ...always]).length;
    const [found] = disagreements(
      report,
      asks.map((ask) => known.answers.get(ask.key)?.allowed),
    );
    const isNew = found !== undefined && known.doubt === undefined && !known.isSuspect;
    known.isSuspect = isNew;
    if (isNew) return { kind: 'unsure', againMs: confirmMs };
    // What was found before stands until all was asked again.
    known.doubt = found ?? (left > 0 ? known.doubt : undefined);
    const againMs = left > 0 ? (isHeld ? heldMs : gapMs) : expiryMs(known, now);
    return { kind: 'known', ...(known.doubt === undefined ? {} : { doubt: known.doubt }), againMs };
  }

  forget(key: string): void {
    this.#known.delete(key);
  }

  async #ask(
    { user, groups, verb }: Ask,
    { namespace, name }: Checked['secret'],
    signal: AbortSignal,
  ): Promise<boolean> {
    const resourceAttributes = { namespace, verb, group: '', version: 'v1', resource: 'secrets', name };
    const path = pathOf(reviews);
    const answer = await this.#transport.call({
      method: 'POST',
      path,
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { ...(user === undefined ? {} : { user }), groups, resourceAttributes },
      },
      signal,
    });
    const { data } = reviewed.safeParse(answer);
    if (data === undefined)
      throw new KubeError('Malformed', `POST ${path}: the answer says neither yes nor no`);
    return data.status.allowed;
  }
}

type KeyedAsk = Ask & { readonly key: string };

/** Answers to what is no question any more, and those that are not believed any more. */
function forgetOld({ answers, isSuspect }: Known, asks: readonly KeyedAsk[], now: number): void {
  const expected = new Map(asks.map((ask) => [ask.key, ask.expected]));
  for (const [key, { at, allowed }] of answers) {
    const contradicts = expected.get(key) !== allowed;
    const isOld = now - at >= (contradicts ? contradictionMs : believedMs) || now < at;
    if (!expected.has(key) || isOld || (isSuspect && contradicts)) answers.delete(key);
  }
}

/** Until the first answer is not believed any more; sooner while one contradicts. */
function expiryMs({ answers, doubt }: Known, now: number): number {
  const oldest = Math.min(...[...answers.values()].map(({ at }) => at));
  return Math.max(confirmMs, oldest + (doubt === undefined ? believedMs : contradictionMs) - now);
}
