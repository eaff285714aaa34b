import { CodedError } from '../../base/error.ts';
import { isKubeError } from '../errors.ts';
import { eventBody, type EventContent, type Regarding, type Reporter } from './event-body.ts';
import { EventBudget } from './event-budget.ts';
import { RecentEvents, seriesBody, type Series, type SeriesBody } from './event-series.ts';
import { pathOf, type Resource } from '../resource.ts';
import type { Request, Transport } from '../transport/transport.ts';

const events: Resource = { group: 'events.k8s.io', version: 'v1', plural: 'events' };
const batchMs = 10_000;
const timeoutMs = 10_000;
const maxUnderWay = 1_000;

/**
 * Writes Kubernetes Events. What happens again within six minutes is counted in the Event that says so already, at first after
 * ten seconds and then more and more seldom, so that a failure that lasts costs one write in five minutes. An object is worth
 * twenty writes at once and one a minute. An Event that cannot be written is told of and dropped; one of a namespace that is being
 * deleted is dropped in silence. Nothing is ever thrown.
 */
export class Events {
  readonly #transport: Pick<Transport, 'call'>;
  readonly #reporter: Reporter;
  readonly #onTrouble: (error: unknown) => void;
  readonly #budget = new EventBudget();
  readonly #recent = new RecentEvents();
  readonly #underWay = new Set<Promise<unknown>>();
  #isOverrun = false;
  #batch: NodeJS.Timeout | undefined;
  /** Aborted when a drain is out of time. */
  readonly #ending = new AbortController();

  constructor(transport: Pick<Transport, 'call'>, reporter: Reporter, onTrouble: (error: unknown) => void) {
    this.#transport = transport;
    this.#reporter = reporter;
    this.#onTrouble = onTrouble;
  }

  /** Sends it, counts it as a repetition, or drops it; returns at once. */
  write(regarding: Regarding, content: EventContent): void {
    const body = eventBody(regarding, content, this.#reporter);
    if (this.#recent.repeats(body)) return this.#writeSoon();
    if (this.#isFull() || !this.#budget.affords(regarding.uid, 'news')) return;
    const series = this.#recent.add(body);
    series.created = this.#track(this.#create(series));
  }

  /**
   * Resolves when what was written and counted so far has arrived or failed, within ten seconds or so many: what has not arrived by
   * then is told of and dropped, as is what is written after that. What is written after one that ended in time is sent, and not waited for.
   */
  async drain(withinMs: number = timeoutMs): Promise<void> {
    clearTimeout(this.#batch);
    this.#batch = undefined;
    this.#writeDue(true);
    const late = setTimeout(() => {
      this.#ending.abort(
        new CodedError('EventsDropped', 'some events had not arrived when it was time to go'),
      );
    }, withinMs);
    await Promise.all(this.#underWay);
    clearTimeout(late);
  }

  #writeSoon(): void {
    this.#batch ??= setTimeout(() => {
      this.#batch = undefined;
      this.#writeDue(false);
      if (this.#recent.hasUnwritten) this.#writeSoon();
    }, batchMs).unref();
  }

  #writeDue(isLast: boolean): void {
    const affords = ({ body }: Series): boolean => this.#budget.affords(body.regarding.uid, 'repetition');
    for (const series of this.#recent.takeDue(affords, isLast)) void this.#track(this.#repeat(series));
  }

  /** Resolves to whether the server has it; what it does not have is news the next time. */
  async #create(series: Series, more: { readonly series?: SeriesBody } = {}): Promise<boolean> {
    const { body } = series;
    try {
      await this.#send({
        method: 'POST',
        path: pathOf(events, { namespace: body.metadata.namespace }),
        body: { ...body, ...more },
      });
      return true;
    } catch (thrown) {
      this.#recent.forget(series);
      this.#tell(thrown);
      return false;
    }
  }

  async #repeat(series: Series): Promise<void> {
    if (!(await series.created)) return;
    const { metadata } = series.body;
    const more = { series: seriesBody(series) };
    try {
      await this.#send({
        method: 'PATCH',
        path: pathOf(events, metadata),
        contentType: 'application/merge-patch+json',
        body: more,
      });
    } catch (thrown) {
      if (!isKubeError(thrown, 'NotFound')) return this.#tell(thrown);
      // Somebody deleted it, or the server does not keep it for longer; what it says is true still.
      series.created = this.#create(series, more);
      await series.created;
    }
  }

  #send(request: Pick<Request, 'method' | 'path' | 'contentType' | 'body'>): Promise<unknown> {
    return this.#transport.call({ ...request, timeoutMs, signal: this.#ending.signal });
  }

  #tell(thrown: unknown): void {
    const isNamespaceEnding =
      isKubeError(thrown, 'Forbidden') && thrown.message.includes('because it is being terminated');
    if (!isNamespaceEnding) this.#onTrouble(thrown);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
    return tracked;
  }

  /** A server that does not answer is no reason to keep everything that happens meanwhile; told of once, until there is room again. */
  #isFull(): boolean {
    const isFull = this.#underWay.size >= maxUnderWay;
    if (isFull && !this.#isOverrun) {
      this.#onTrouble(
        new CodedError(
          'EventsDropped',
          `${maxUnderWay} events are under way, so others are dropped until some arrive`,
        ),
      );
    }
    this.#isOverrun = isFull;
    return isFull;
  }
}
