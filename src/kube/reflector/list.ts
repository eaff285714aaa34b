import { z } from 'zod';
import { isKubeError, KubeError } from '../errors.ts';
import { pathOf, type Resource } from '../resource.ts';
import type { Transport } from '../transport/transport.ts';

const pageSize = 500;
const pageTimeoutMs = 60_000;
const list = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.unknown()),
});

/** What is listed. */
export interface Listed extends Resource {
  /** Absent: of all namespaces. */
  readonly namespace?: string;
}

/**
 * All objects of a kind as they were at one moment, a page of 500 at a time, or of half as many whenever a page is too large; returns the
 * version that they were read at. What was too large comes as a page of nothing. Rejects with a KubeError: Gone when it took so long that the server has forgotten the moment.
 */
export async function* listPages(
  transport: Pick<Transport, 'call'>,
  resource: Listed,
  signal: AbortSignal,
): AsyncGenerator<readonly unknown[], string> {
  let limit = pageSize;
  let next: string | undefined;
  for (;;) {
    const from = next === undefined ? {} : { continue: next };
    const page = await readPage(transport, resource, { limit: String(limit), ...from }, signal).catch(
      (thrown: unknown) => {
        if (!isKubeError(thrown, 'TooLarge') || limit === 1) throw thrown;
        limit = Math.floor(limit / 2);
      },
    );
    if (page === undefined) {
      // It said something, if nothing that helps.
      yield [];
      continue;
    }
    yield page.items;
    ({ continue: next } = page.metadata);
    if (next === undefined || next === '') return page.metadata.resourceVersion;
  }
}

/** The version that a kind is at now, read by a list of one. Rejects with a KubeError. */
export async function currentVersion(
  transport: Pick<Transport, 'call'>,
  resource: Resource,
  signal: AbortSignal,
): Promise<string> {
  const { metadata } = await readPage(transport, resource, { limit: '1' }, signal);
  return metadata.resourceVersion;
}

async function readPage(
  transport: Pick<Transport, 'call'>,
  resource: Listed,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<z.infer<typeof list>> {
  const page = list.safeParse(
    await transport.call({
      method: 'GET',
      path: pathOf(resource, resource),
      query,
      signal,
      timeoutMs: pageTimeoutMs,
    }),
  );
  if (!page.success) throw new KubeError('Malformed', `list ${resource.plural}: the answer is not a list`);
  return page.data;
}
