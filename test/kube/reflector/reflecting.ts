import { Reflector, type ReflectorOptions } from '../../../src/kube/reflector/reflector.ts';
import { Transport } from '../../../src/kube/transport/transport.ts';
import type { Boat } from '../boat.ts';
import { startScriptedApi, Stream, type Answer, type Asked, type ScriptedApi } from '../scripted-api.ts';

const boats = { group: 'canal.test', version: 'v1', plural: 'boats' };

export interface Reflecting {
  readonly api: ScriptedApi;
  readonly reflector: Reflector<Boat>;
  /** What was told, such as `added canal/anna@1`. */
  readonly changes: string[];
  readonly troubles: unknown[];
  readonly lists: () => readonly Asked[];
  readonly watches: () => readonly Asked[];
  readonly close: () => Promise<void>;
}

/** Answers in turn; when there are no more, lists are repeated and watches are silent. */
export interface Script extends Partial<
  Pick<
    ReflectorOptions<Boat>,
    'project' | 'onChange' | 'silenceMs' | 'rereadMs' | 'indexOf' | 'initial' | 'firstDelayMs'
  >
> {
  readonly lists?: readonly Answer[];
  readonly watches?: readonly Answer[];
  /** The version that the server says it is at when asked for nothing else. */
  readonly now?: number;
  /** How long a watch may be without the head of its answer. */
  readonly watchHeadMs?: number;
}

/** A reflector of boats before a scripted server; not started. It lists in pages unless told otherwise. */
export async function reflecting({
  lists = [page([])],
  watches = [],
  onChange = () => {},
  now = 1_000_000,
  watchHeadMs = 30_000,
  ...options
}: Script = {}): Promise<Reflecting> {
  const isWatch = ({ query }: Asked): boolean => query['watch'] === 'true';
  const count = { list: 0, watch: 0 };
  const isVersion = ({ query }: Asked): boolean => query['limit'] === '1';
  const api = await startScriptedApi((asked) => {
    if (isVersion(asked)) return page([], { version: now });
    return isWatch(asked)
      ? (watches[count.watch++] ?? new Stream())
      : (lists[Math.min(count.list++, lists.length - 1)] ?? 'lost');
  });
  const transport = new Transport(api.connection, { watchHeadMs });
  const changes: string[] = [];
  const troubles: unknown[] = [];
  const reflector = new Reflector<Boat>({
    transport,
    resource: boats,
    project: (object) => object as Boat, // the script holds nothing else
    onChange: (change) => {
      const { kind, key, object } = change;
      changes.push(`${kind} ${key}@${object.metadata.resourceVersion}`);
      onChange(change);
    },
    onTrouble: (trouble) => troubles.push(trouble),
    initial: 'pages',
    ...options,
  });
  return {
    api,
    reflector,
    changes,
    troubles,
    lists: () => api.asked.filter((asked) => !isWatch(asked) && !isVersion(asked)),
    watches: () => api.asked.filter(isWatch),
    close: async () => {
      await reflector.stop();
      await transport.close();
      await api.close();
    },
  };
}

/** A page of a list; `next` leads to the one after it. */
export function page(
  items: readonly unknown[],
  { version = 10, next }: { readonly version?: number; readonly next?: string } = {},
): Answer {
  const metadata = { resourceVersion: String(version), ...(next === undefined ? {} : { continue: next }) };
  return { body: { kind: 'BoatList', metadata, items } };
}

/** A line of a watch. */
export function event(type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'ERROR', object: object): object {
  return { type, object };
}

/** Nothing has changed up to this version. */
export function bookmark(version: number): object {
  return { type: 'BOOKMARK', object: { kind: 'Boat', metadata: { resourceVersion: String(version) } } };
}

/** All objects that were there have come, as of this version. */
export function end(version: number): object {
  const metadata = {
    resourceVersion: String(version),
    annotations: { 'k8s.io/initial-events-end': 'true' },
  };
  return { type: 'BOOKMARK', object: { kind: 'Boat', metadata } };
}
