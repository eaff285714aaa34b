import { z } from 'zod';
import { isKubeError } from './errors.ts';
import { pathOf, type Resource } from './resource.ts';
import type { Transport } from './transport.ts';

const answered = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

export interface StatusWrite {
  readonly resource: Resource;
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** The whole status: what one field owner leaves out is removed. */
  readonly status: unknown;
  readonly fieldManager: string;
}

/**
 * Server-side apply of a status. Gives the new resourceVersion; undefined when the object is gone or another one has its name now.
 * Repeating it changes nothing.
 */
export async function applyStatus(
  transport: Pick<Transport, 'call'>,
  write: StatusWrite,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { resource, kind, status, fieldManager } = write;
  // These and no more: with a resourceVersion a stale cache would be a conflict, and annotations are not ours to own.
  const { namespace, name, uid } = write.metadata;
  try {
    const body = await transport.call({
      method: 'PATCH',
      path: pathOf(resource, { namespace, name, subresource: 'status' }),
      query: { fieldManager, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: {
        apiVersion: `${resource.group}/${resource.version}`,
        kind,
        metadata: { namespace, name, uid },
        status,
      },
      signal,
    });
    return answered.parse(body).metadata.resourceVersion;
  } catch (thrown) {
    // Conflict: the uid that we name is not the object's any more.
    if (isKubeError(thrown, 'NotFound') || isKubeError(thrown, 'Conflict')) return undefined;
    throw thrown;
  }
}
