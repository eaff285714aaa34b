import { z } from 'zod';
import { KubeError } from '../errors.ts';
import { readLines } from './lines.ts';
import { pathOf, type Resource } from '../resource.ts';
import { failureOf, jsonOf } from '../transport/api-status.ts';
import type { Transport } from '../transport/transport.ts';

export interface WatchRequest {
  readonly transport: Pick<Transport, 'watch'>;
  readonly resource: Resource;
  /** Undefined: begin with an event for each object that is there (KEP-3157). */
  readonly from: string | undefined;
  /** Milliseconds; a stream that brings nothing for so long is cut. */
  readonly silenceMs: number;
  /** Milliseconds; the same for its first word, once it is open. */
  readonly firstWordMs: number;
  /** Milliseconds; so long after a line that could not be read the stream is cut, since nobody knows what it said. */
  readonly rereadMs: number;
  readonly signal: AbortSignal;
}

export type WatchEvent =
  /** The server has answered: what comes from now on is not missed. */
  | { readonly type: 'OPENED' }
  | {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly object: unknown;
      readonly resourceVersion: string;
    }
  /** Nothing else has changed up to this version. `endsInitial`: all objects that were there have come. */
  | {
      readonly type: 'BOOKMARK';
      readonly resourceVersion: string | undefined;
      readonly endsInitial: boolean;
    }
  | { readonly type: 'UNREADABLE' };

/** Seconds after which the server ends a watch: at random, so that many do not begin anew together. */
const shortestSeconds = 300;
const longestSeconds = 600;

const initialEventsEnd = 'k8s.io/initial-events-end';
const wire = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.unknown(),
});
const versioned = z.object({
  metadata: z.object({
    resourceVersion: z.string(),
    name: z.string().optional(),
    annotations: z.record(z.string(), z.string()).optional().catch(undefined),
  }),
});

/**
 * What the server tells of a kind, until it ends the watch as it does every few minutes. Rejects with a KubeError: Gone when it has
 * forgotten `from`, Timeout after a silence, Malformed after what could not be read; or with the signal's reason.
 */
export async function* watchEvents(request: WatchRequest): AsyncGenerator<WatchEvent, void> {
  const { transport, resource, from, silenceMs, firstWordMs, rereadMs, signal } = request;
  const what = `watch ${resource.plural}`;
  const cut = new AbortController();
  const stop = (): void => cut.abort(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const silent = new KubeError('Timeout', `${what}: nothing came for ${silenceMs} ms`);
  let silence = setTimeout(() => cut.abort(silent), silenceMs);
  const within = (ms: number): void => {
    clearTimeout(silence);
    silence = setTimeout(() => cut.abort(silent), ms);
  };
  const unread = new KubeError('Malformed', `${what}: all is read anew, as an event could not be read`);
  let reread: NodeJS.Timeout | undefined;
  try {
    const stream = await transport.watch(pathOf(resource), queryOf(from), cut.signal);
    within(firstWordMs);
    yield { type: 'OPENED' };
    let isFirst = true;
    for await (const line of readLines(stream)) {
      if (isFirst) within(silenceMs);
      else silence.refresh();
      isFirst = false;
      const event = eventOf(line, resource);
      if (event.type === 'UNREADABLE') reread ??= setTimeout(() => cut.abort(unread), rereadMs);
      yield event;
    }
    if (reread !== undefined) throw unread;
  } catch (thrown) {
    // However it ends before its time: what could not be read is not made good by going on from here.
    if (reread !== undefined && !signal.aborted) throw unread;
    throw thrown;
  } finally {
    clearTimeout(silence);
    clearTimeout(reread);
    signal.removeEventListener('abort', stop);
    // Whoever stops reading in the middle leaves nothing open.
    cut.abort();
  }
}

function queryOf(from: string | undefined): Record<string, string> {
  const spread = Math.random() * (longestSeconds - shortestSeconds);
  return {
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(Math.round(shortestSeconds + spread)),
    // Servers that do not know the second refuse the third, so none answers with a stream whose beginning has no end.
    ...(from === undefined
      ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
      : { resourceVersion: from }),
  };
}

/** Throws what an ERROR event says. What has no name or no version may be about anything, as a line that is no JSON. */
function eventOf(line: string, { plural }: Resource): WatchEvent {
  const read = wire.safeParse(jsonOf(line)).data;
  if (read === undefined) return { type: 'UNREADABLE' };
  const { type, object } = read;
  if (type === 'ERROR') throw failureOf(`watch ${plural}`, object);
  const metadata = versioned.safeParse(object).data?.metadata;
  const resourceVersion = metadata?.resourceVersion;
  if (type !== 'BOOKMARK') {
    if (resourceVersion === undefined || metadata?.name === undefined) return { type: 'UNREADABLE' };
    return { type, object, resourceVersion };
  }
  return { type, resourceVersion, endsInitial: metadata?.annotations?.[initialEventsEnd] === 'true' };
}
