import { randomBytes } from 'node:crypto';
import type { EventsV1Event } from '@kubernetes/client-node';
import { sentence } from '../base/sentence.ts';
import { pathOf, type Resource } from './resource.ts';
import type { Transport } from './transport.ts';

export interface EventContent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** As it goes over the wire, where an instant is text. */
type EventBody = Omit<EventsV1Event, 'eventTime'> & { readonly eventTime: string };

const events: Resource = { group: 'events.k8s.io', version: 'v1', plural: 'events' };
const budget = 20;
const refillMs = 60_000;
const maxNoteBytes = 1024;
const maxBudgets = 10_000;

/** Writes Kubernetes Events. At most 20 at once and one a minute per object; one that cannot be written is told of and dropped. */
export class Events {
  readonly #transport: Pick<Transport, 'call'>;
  readonly #controller: { readonly name: string; readonly instance: string };
  readonly #onTrouble: (error: unknown) => void;
  /** By uid, the instant at which the whole budget is there again; who wrote last stands last. */
  readonly #fullAt = new Map<string, number>();
  readonly #writing = new Set<Promise<void>>();

  constructor(
    transport: Pick<Transport, 'call'>,
    controller: { readonly name: string; readonly instance: string },
    onTrouble: (error: unknown) => void,
  ) {
    this.#transport = transport;
    this.#controller = controller;
    this.#onTrouble = onTrouble;
  }

  write(regarding: Regarding, content: EventContent): void {
    if (!this.#affords(regarding.uid)) return;
    const writing = this.#create(regarding, content)
      .catch((error: unknown) => this.#onTrouble(error))
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Resolves when what was written so far has arrived or failed. */
  async drain(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #affords(uid: string): boolean {
    const now = performance.now();
    const fullAt = Math.max(now, this.#fullAt.get(uid) ?? now) + refillMs;
    if (fullAt - now > budget * refillMs) return false;
    this.#fullAt.delete(uid);
    this.#fullAt.set(uid, fullAt);
    const [oldest] = this.#fullAt.keys();
    if (oldest !== undefined && this.#fullAt.size > maxBudgets) this.#fullAt.delete(oldest);
    return true;
  }

  async #create(regarding: Regarding, { type, reason, action, note }: EventContent): Promise<void> {
    const { namespace, name } = regarding;
    const body = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: eventName(name), namespace },
      eventTime: `${new Date().toISOString().slice(0, 23)}000Z`,
      type,
      reason,
      action,
      note: sentence(note, maxNoteBytes),
      regarding,
      reportingController: `lockkeeper.dev/${this.#controller.name}`,
      reportingInstance: this.#controller.instance.slice(0, 128),
    } satisfies EventBody;
    await this.#transport.call({
      method: 'POST',
      path: pathOf(events, { namespace }),
      body,
      signal: AbortSignal.timeout(10_000),
    });
  }
}

/** The object's name and 16 random digits: names of objects and Events are at most 253 long, and no word of them ends with a dash. */
function eventName(of: string): string {
  return `${of.slice(0, 200).replace(/[-.]+$/, '')}.${randomBytes(8).toString('hex')}`;
}
