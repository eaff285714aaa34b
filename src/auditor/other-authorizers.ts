import { z } from 'zod';
import { codeOf } from '../base/error.ts';
import { sentence } from '../base/sentence.ts';
import { jittered, sleep, type Clock } from '../base/time.ts';
import { KubeError } from '../kube/errors.ts';
import { pathOf, type Resource } from '../kube/resource.ts';
import type { Transport } from '../kube/transport/transport.ts';

export interface OtherAuthorizersParts {
  readonly transport: Pick<Transport, 'call'>;
  /** The API server wants one, that need not exist; each has the same authorizers. */
  readonly namespace: string;
  readonly clock: Clock;
  /** There is another doubt than before, or none any more. May not throw. */
  readonly onChange: () => void;
  /** Told of each question that had no answer. May not throw. */
  readonly onTrouble: (thrown: unknown) => void;
  /** Waits between two questions; rejects once the signal is aborted. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const reviews: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectrulesreviews',
};
const reviewed = z.object({
  status: z.object({ incomplete: z.boolean(), evaluationError: z.string().optional() }),
});

const everyMs = 3_600_000;
/** What had no answer is asked again after this. */
const againMs = 60_000;
/** That there is none is believed for so long while the API server does not answer. */
const believedMs = 6 * 3_600_000;

/**
 * Whether the API server has authorizers that let in whom no rule names: those of clouds do, by an account there. Asked what we may do
 * ourselves, the API server says that its answer is incomplete if one of them cannot list rules, which webhooks never can
 * (`SubjectRulesReviewStatus`, authorization.k8s.io/v1). Every login may ask (ClusterRole system:basic-user). ABAC can list rules, and is
 * not noticed by this.
 */
export class OtherAuthorizers {
  readonly #parts: OtherAuthorizersParts;
  readonly #stopping = new AbortController();
  /** What was answered last. */
  #answer: { readonly at: number; readonly doubt: string | undefined } | undefined;
  #doubt: string | undefined = noAnswer('not asked yet');
  #running: Promise<void> = Promise.resolve();

  constructor(parts: OtherAuthorizersParts) {
    this.#parts = parts;
  }

  /** Why somebody may be let in whom no rule names, as a sentence; undefined where nobody can be. */
  doubt(): string | undefined {
    return this.#doubt;
  }

  /** Asks now, each hour, and a minute after a question without an answer, until the signal or `stop` ends it. Resolves when it has asked once. */
  async start(given: AbortSignal): Promise<void> {
    const { wait = sleep, onTrouble } = this.#parts;
    const signal = AbortSignal.any([given, this.#stopping.signal]);
    const first = this.#ask(signal);
    this.#running = (async () => {
      for (let isAnswered = await first; ; isAnswered = await this.#ask(signal))
        await wait(jittered(isAnswered ? everyMs : againMs), signal);
    })().catch((thrown: unknown) => {
      if (!signal.aborted) onTrouble(thrown);
    });
    await first.catch(() => undefined); // told where it runs
  }

  /** Ends what runs. Doing it twice is doing it once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** False where there was no answer. Rejects with the signal's reason alone. */
  async #ask(signal: AbortSignal): Promise<boolean> {
    const { clock, onChange, onTrouble } = this.#parts;
    const before = this.#doubt;
    const now = clock.now().getTime();
    let isAnswered = true;
    try {
      this.#doubt = await this.#found(signal);
      this.#answer = { at: now, doubt: this.#doubt };
    } catch (thrown) {
      signal.throwIfAborted();
      isAnswered = false;
      onTrouble(thrown);
      if (!isBelieved(this.#answer, now)) this.#doubt = noAnswer(codeOf(thrown));
    }
    if (this.#doubt !== before) onChange();
    return isAnswered;
  }

  async #found(signal: AbortSignal): Promise<string | undefined> {
    const { transport, namespace } = this.#parts;
    const path = pathOf(reviews);
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace },
    };
    const { data } = reviewed.safeParse(await transport.call({ method: 'POST', path, body, signal }));
    if (data === undefined)
      throw new KubeError('Malformed', `POST ${path}: the answer does not say whether it is complete`);
    const { incomplete, evaluationError = '' } = data.status;
    // Without `incomplete` it is of RBAC itself: a role that we are bound to is not there.
    return incomplete ? anotherOne(evaluationError) : undefined;
  }
}

/** That there is another stands until the opposite is said. */
function isBelieved(answer: { at: number; doubt: string | undefined } | undefined, now: number): boolean {
  if (answer === undefined) return false;
  return answer.doubt !== undefined || Math.abs(now - answer.at) < believedMs;
}

const step = 'if you trust it, set auditor.otherAuthorizers to Trusted';

function anotherOne(why: string): string {
  const says = why === '' ? '' : ` (${sentence(why, 100)})`;
  return `no rule lets in anybody else, but the API server has another authorizer than RBAC, which may; ${step}${says}`;
}

function noAnswer(code: string): string {
  return `no rule lets in anybody else, and the API server does not say whether it has another authorizer than RBAC (SelfSubjectRulesReview: ${code}); see the log of the auditor`;
}
