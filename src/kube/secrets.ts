import { z } from 'zod';
import { Secret } from '../base/secret.ts';
import { pathOf } from './resource.ts';
import type { Transport } from './transport/transport.ts';

const secrets = { group: '', version: 'v1', plural: 'secrets' };
const stored = z.object({
  metadata: z.object({ uid: z.string(), resourceVersion: z.string() }),
  data: z.record(z.string(), z.string()).optional(),
});

/** One Secret by its name, never listed or watched. Rejects with a KubeError: NotFound, Forbidden. */
export async function readSecret(
  transport: Pick<Transport, 'call'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<{
  readonly uid: string;
  readonly resourceVersion: string;
  readonly data: ReadonlyMap<string, Secret>;
}> {
  const { metadata, data } = stored.parse(
    await transport.call({ method: 'GET', path: pathOf(secrets, { namespace, name }), signal }),
  );
  const values = Object.entries(data ?? {}).map(
    ([key, value]) => [key, new Secret(Buffer.from(value, 'base64'), 'stored')] as const,
  );
  return { ...metadata, data: new Map(values) };
}
