import { randomBytes } from 'node:crypto';
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

const events: Resource = { group: 'events.k8s.io', version: 'v1', plural: 'events' };
const budget = 20;
const refillMs = 60_000;
const maxNoteBytes = 1024;

/** Writes Kubernetes Events. At most 20 at once and one a minute per object; one that cannot be written is told of and dropped. */
export class Events {
  readonly #transport: Transport;
  readonly #controller: { readonly name: string; readonly instance: string };
  readonly #onTrouble: (error: unknown) => void;
  readonly #spent = new Map<string, { count: number; at: number }>();
  readonly #writing = new Set<Promise<void>>();

  constructor(
    transport: Transport,
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
    const { count, at } = this.#spent.get(uid) ?? { count: 0, at: now };
    const left = Math.max(0, count - Math.floor((now - at) / refillMs));
    if (left >= budget) return false;
    if (this.#spent.size > 10_000) this.#spent.clear();
    this.#spent.set(uid, { count: left + 1, at: now });
    return true;
  }

  async #create(regarding: Regarding, { type, reason, action, note }: EventContent): Promise<void> {
    const { namespace, name } = regarding;
    await this.#transport.call({
      method: 'POST',
      path: pathOf(events, { namespace }),
      body: {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name: `${name.slice(0, 200)}.${randomBytes(8).toString('hex')}`, namespace },
        eventTime: `${new Date().toISOString().slice(0, 23)}000Z`,
        type,
        reason,
        action,
        note: Buffer.from(note).subarray(0, maxNoteBytes).toString('utf8'),
        regarding,
        reportingController: `lockkeeper.dev/${this.#controller.name}`,
        reportingInstance: this.#controller.instance.slice(0, 128),
      },
      signal: AbortSignal.timeout(10_000),
    });
  }
}
