import type { V1LeaseSpec } from '@kubernetes/client-node';
import { z } from 'zod';
import { isKubeError, KubeError } from '../errors.ts';
import { readLines } from '../reflector/lines.ts';
import { pathOf, type Resource } from '../resource.ts';
import { failureOf, jsonOf } from '../transport/api-status.ts';
import type { Request } from '../transport/send.ts';
import type { Transport } from '../transport/transport.ts';

/** Who holds a Lease and until when, as far as it says. */
export interface LeaseRecord {
  /** '' while nobody does. */
  readonly holder: string;
  /** How long it is the holder's after each renewal; undefined where that is missing or no length of time. */
  readonly durationMs: number | undefined;
  /** By the clock of whoever wrote it, as it stands there: to be compared with itself alone. */
  readonly acquireTime: string | undefined;
  readonly renewTime: string | undefined;
  /** How often it went from one holder to another. */
  readonly transitions: number;
}

/** A Lease as it was read or written last. */
export interface Lease {
  readonly record: LeaseRecord;
  /** All of it, to be written back: an update that left labels out would remove them. */
  readonly metadata: { readonly resourceVersion: string };
}

/** One request: what ends it, and how long it may take. */
export interface Sending {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** As it goes over the wire, where an instant is text. */
type SpecBody = Omit<V1LeaseSpec, 'acquireTime' | 'renewTime'> & {
  readonly acquireTime?: string;
  readonly renewTime?: string;
};

const leases: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };

// What cannot be read counts as not said: no record that anybody wrote may stop the election.
const record = z
  .object({
    holderIdentity: z.string().catch(''),
    leaseDurationSeconds: z.number().positive().optional().catch(undefined),
    acquireTime: z.string().optional().catch(undefined),
    renewTime: z.string().optional().catch(undefined),
    leaseTransitions: z.number().int().nonnegative().catch(0),
  })
  .catch({
    holderIdentity: '',
    leaseDurationSeconds: undefined,
    acquireTime: undefined,
    renewTime: undefined,
    leaseTransitions: 0,
  });
const stored = z.object({
  metadata: z.looseObject({ resourceVersion: z.string().min(1) }),
  spec: record,
});
const event = z.object({ type: z.string(), object: z.unknown() });

/** One Lease at the API server, by its name. Every method rejects with a KubeError or the signal's reason. */
export class SharedLease {
  /** For messages: `Lease lockkeeper/controller`. */
  readonly title: string;
  readonly #transport: Pick<Transport, 'call' | 'watch'>;
  readonly #namespace: string;
  readonly #name: string;

  constructor(
    transport: Pick<Transport, 'call' | 'watch'>,
    { namespace, name }: { readonly namespace: string; readonly name: string },
  ) {
    this.title = `Lease ${namespace}/${name}`;
    this.#transport = transport;
    this.#namespace = namespace;
    this.#name = name;
  }

  /** Undefined when there is none. */
  async read(sending: Sending): Promise<Lease | undefined> {
    try {
      return await this.#call('get', { method: 'GET', path: this.#path(), ...sending });
    } catch (thrown) {
      if (isKubeError(thrown, 'NotFound')) return undefined;
      throw thrown;
    }
  }

  /** AlreadyExists when somebody else was faster. Never repeated by itself. */
  async create(written: LeaseRecord, sending: Sending): Promise<Lease> {
    const path = pathOf(leases, { namespace: this.#namespace });
    const body = bodyOf(written, { namespace: this.#namespace, name: this.#name });
    return await this.#call('create', { method: 'POST', path, body, ...sending });
  }

  /**
   * Writes a new record over the one that was read. Conflict, and nothing is written, when that is no longer what stands there; Conflict
   * or NotFound when the Lease is gone. It is sent again where no answer comes: Conflict may also mean that it was written by ourselves.
   */
  async update({ metadata }: Lease, written: LeaseRecord, sending: Sending): Promise<Lease> {
    const body = bodyOf(written, metadata);
    return await this.#call('update', { method: 'PUT', path: this.#path(), body, ...sending });
  }

  /**
   * Each state after the one that was read, undefined for none: `from` undefined begins with what there is now. Ends when the server
   * ends it; Gone when it has forgotten what came after `from`.
   */
  async *watch(from: Lease | undefined, signal: AbortSignal): AsyncGenerator<Lease | undefined, void> {
    const query = {
      watch: 'true',
      fieldSelector: `metadata.name=${this.#name}`,
      ...(from === undefined ? {} : { resourceVersion: from.metadata.resourceVersion }),
    };
    const path = pathOf(leases, { namespace: this.#namespace });
    const stream = await this.#transport.watch(path, query, signal).catch((thrown: unknown) => {
      throw this.#explained('watch', thrown);
    });
    for await (const line of readLines(stream)) {
      const { type, object } = event.safeParse(jsonOf(line)).data ?? {};
      if (type === 'ERROR') throw failureOf(`watch of ${this.title}`, object);
      if (type === 'DELETED') yield undefined;
      else yield this.#parse(object);
    }
  }

  async #call(verb: string, request: Request): Promise<Lease> {
    let answer: unknown;
    try {
      answer = await this.#transport.call({ ...request, priority: 'high' });
    } catch (thrown) {
      throw this.#explained(verb, thrown);
    }
    return this.#parse(answer);
  }

  #parse(object: unknown): Lease {
    const read = stored.safeParse(object).data;
    if (read === undefined) throw new KubeError('Malformed', `${this.title}: the answer is no Lease`);
    const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = read.spec;
    return {
      metadata: read.metadata,
      record: {
        holder: holderIdentity,
        durationMs: leaseDurationSeconds === undefined ? undefined : leaseDurationSeconds * 1000,
        acquireTime,
        renewTime,
        transitions: leaseTransitions,
      },
    };
  }

  #explained(verb: string, thrown: unknown): unknown {
    if (!isKubeError(thrown, 'Forbidden')) return thrown;
    return new KubeError(
      'Forbidden',
      `${this.title}: we may not ${verb} it; grant our service account ${verb} on leases of coordination.k8s.io in namespace ${this.#namespace}`,
      { cause: thrown },
    );
  }

  #path(): string {
    return pathOf(leases, { namespace: this.#namespace, name: this.#name });
  }
}

function bodyOf(
  { holder, durationMs, acquireTime, renewTime, transitions }: LeaseRecord,
  metadata: object,
): object {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata,
    spec: {
      holderIdentity: holder,
      // Whole seconds, and rather longer: whoever waits must not be done before the holder is.
      ...(durationMs === undefined ? {} : { leaseDurationSeconds: Math.ceil(durationMs / 1000) }),
      ...(acquireTime === undefined ? {} : { acquireTime }),
      ...(renewTime === undefined ? {} : { renewTime }),
      leaseTransitions: transitions,
    } satisfies SpecBody,
  };
}
