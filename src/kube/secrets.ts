import { z } from 'zod';
import { Secret } from '../base/secret.ts';
import { pathOf } from './resource.ts';
import type { Transport } from './transport/transport.ts';

const secrets = { group: '', version: 'v1', plural: 'secrets' };
const stored = z.object({
  metadata: z.object({ uid: z.string() }),
  data: z.record(z.string(), z.string()).optional(),
});

/** One Secret by its name, never listed or watched. Rejects with a KubeError: NotFound, Forbidden. */
export async function readSecret(
  transport: Pick<Transport, 'call'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<{ readonly uid: string; readonly data: ReadonlyMap<string, Secret> }> {
  const read = stored.parse(
    await transport.call({ method: 'GET', path: pathOf(secrets, { namespace, name }), signal }),
  );
  const data = Object.entries(read.data ?? {}).map(
    ([key, value]) => [key, new Secret(Buffer.from(value, 'base64'))] as const,
  );
  return { uid: read.metadata.uid, data: new Map(data) };
}
