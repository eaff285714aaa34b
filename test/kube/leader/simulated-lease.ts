import { KubeError } from '../../../src/kube/errors.ts';
import type { Request } from '../../../src/kube/transport/send.ts';

interface Stored {
  readonly metadata: Record<string, unknown> & { readonly uid: string; readonly resourceVersion: string };
  readonly spec: unknown;
}

/** The one Lease of a test, as an API server keeps it. */
export class SimulatedLease {
  stored: Stored | undefined;
  /** What arrived, refusals included. */
  readonly asked: Request[] = [];
  readonly #watchers = new Set<(event: object) => void>();
  #version = 100;

  /** Somebody else's writing, which asks for nothing. */
  put(spec: unknown, metadata: object = {}): void {
    const type = this.stored === undefined ? 'ADDED' : 'MODIFIED';
    this.#version += 1;
    const resourceVersion = String(this.#version);
    const uid = this.stored?.metadata.uid ?? `uid-${resourceVersion}`;
    this.stored = { metadata: { ...this.stored?.metadata, ...metadata, uid, resourceVersion }, spec };
    this.#tell({ type, object: this.stored });
  }

  delete(): void {
    if (this.stored === undefined) return;
    this.#version += 1;
    const object = { ...this.stored, metadata: { ...this.stored.metadata, resourceVersion: this.#version } };
    this.stored = undefined;
    this.#tell({ type: 'DELETED', object });
  }

  get spec(): Record<string, unknown> {
    return { ...(this.stored?.spec as Record<string, unknown>) }; // the test compares what it expects
  }

  /** Answers one request, or throws as it is refused. */
  answer(request: Request): unknown {
    this.asked.push(request);
    const { method } = request;
    const body = request.body as { metadata: Partial<Stored['metadata']>; spec: unknown } | undefined; // ours, as we write it
    if (method === 'POST') {
      if (this.stored !== undefined) throw new KubeError('AlreadyExists', 'it already exists');
      this.put(body?.spec, { ...body?.metadata });
      return this.stored;
    }
    if (this.stored === undefined) throw new KubeError('NotFound', 'not found');
    if (method === 'GET') return this.stored;
    if (body?.metadata.resourceVersion !== this.stored.metadata.resourceVersion)
      throw new KubeError('Conflict', 'the object has been modified');
    this.put(body.spec, body.metadata);
    return this.stored;
  }

  watch(hear: (event: object) => void): () => void {
    this.#watchers.add(hear);
    return () => void this.#watchers.delete(hear);
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  #tell(event: object): void {
    for (const hear of this.#watchers) hear(event);
  }
}
