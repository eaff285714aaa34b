import { z } from 'zod';
import { redactOurs } from '../base/redaction.ts';
import { isKubeError } from './errors.ts';
import { pathOf, type Resource } from './resource.ts';
import type { Transport } from './transport/transport.ts';

const maxAttempts = 4;
const stored = z.object({ metadata: z.object({ uid: z.string(), resourceVersion: z.string() }) });
const found = z.object({ items: z.array(z.unknown()) });

type Caller = Pick<Transport, 'call'>;

export interface StatusWrite {
  readonly resource: Resource;
  readonly kind: string;
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    /** As far as we know; an older one costs two requests more. */
    readonly resourceVersion: string;
  };
  /** The whole status: what one field owner leaves out is removed. It is written without the secrets that are known. */
  readonly status: unknown;
  /** Whether an object, as the server has it, holds the status that this one was decided upon. */
  readonly isDecidedUpon: (live: unknown) => boolean;
  readonly fieldManager: string;
}

/**
 * Server-side apply of a status. Gives the new resourceVersion; undefined when the object is gone or another one has its name now.
 * Repeating it changes nothing. Rejects with a KubeError; Conflict when the object changed all the time, or when somebody else has
 * written its status since: what that says was not considered, so decide again once the cache holds it.
 */
export async function applyStatus(
  transport: Caller,
  write: StatusWrite,
  signal: AbortSignal,
): Promise<string | undefined> {
  let { resourceVersion } = write.metadata;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await apply(transport, write, resourceVersion, signal);
    } catch (thrown) {
      if (isKubeError(thrown, 'NotFound')) return undefined;
      if (!isKubeError(thrown, 'Conflict') || attempt === maxAttempts) throw thrown;
      const live = await read(transport, write, signal);
      const metadata = stored.safeParse(live).data?.metadata;
      if (metadata?.uid !== write.metadata.uid) return undefined;
      if (!write.isDecidedUpon(live)) throw thrown;
      ({ resourceVersion } = metadata);
    }
  }
}

async function apply(
  transport: Caller,
  { resource, kind, metadata: { namespace, name }, status, fieldManager }: StatusWrite,
  resourceVersion: string,
  signal: AbortSignal,
): Promise<string> {
  const body = await transport.call({
    method: 'PATCH',
    path: pathOf(resource, { namespace, name, subresource: 'status' }),
    query: { fieldManager, force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: {
      apiVersion: `${resource.group}/${resource.version}`,
      kind,
      // The version, since a uid is not looked at here: it would go to whatever object has the name now.
      metadata: { namespace, name, resourceVersion },
      status: redactOurs(status, 'status'),
    },
    signal,
  });
  return stored.parse(body).metadata.resourceVersion;
}

/** By a list of one, since whoever follows a kind may list it but need not have the right to get. */
async function read(
  transport: Caller,
  { resource, metadata: { namespace, name } }: StatusWrite,
  signal: AbortSignal,
): Promise<unknown> {
  const query = { fieldSelector: `metadata.name=${name}` };
  const answer = await transport.call({
    method: 'GET',
    path: pathOf(resource, { namespace }),
    query,
    signal,
  });
  return found.parse(answer).items[0];
}
