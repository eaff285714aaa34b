import { afterEach, beforeEach, jest } from '@jest/globals';
import { Reflector, type ReflectorOptions } from '../../../src/kube/reflector/reflector.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import type { Boat } from '../boat.ts';

/** An open watch of which a test says what comes of it, and when. */
export class TimedWatch implements AsyncIterable<Uint8Array> {
  readonly query: Readonly<Record<string, string>>;
  readonly #pieces: Uint8Array[] = [];
  #ending: { readonly error?: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(query: Readonly<Record<string, string>>, signal: AbortSignal) {
    this.query = query;
    signal.addEventListener('abort', () => this.#end({ error: signal.reason }), { once: true });
  }

  write(...lines: readonly object[]): void {
    for (const line of lines) this.#pieces.push(Buffer.from(`${JSON.stringify(line)}\n`));
    this.#wake();
  }

  /** As the server does it. */
  end(): void {
    this.#end({});
  }

  /** The connection breaks. */
  lose(): void {
    this.#end({ error: new KubeError('Unavailable', 'watch boats: the answer broke off') });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) yield piece;
      else if (this.#ending === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if ('error' in this.#ending) throw this.#ending.error;
      else return;
    }
  }

  #end(how: { readonly error?: unknown }): void {
    this.#ending ??= how;
    this.#wake();
  }
}

/** What a list answers, or throws. */
type List = (query: Readonly<Record<string, string>>) => object;

interface Timed {
  readonly reflector: Reflector<Boat>;
  /** Down, it refuses whatever it is asked. */
  readonly server: { isDown: boolean };
  /** What it was asked for, in this order. */
  readonly asked: ('list' | 'version' | 'watch')[];
  readonly lists: Readonly<Record<string, string>>[];
  readonly watches: TimedWatch[];
  readonly changes: string[];
  readonly troubles: unknown[];
  /** How watches ended. */
  readonly restarts: string[];
}

/**
 * A reflector in pages before an API server without a network, so that all its time can be that of a test. Lists are answered in turn, the
 * last one again and again; a list of one, which asks for the version, says 1000.
 */
export function timedReflecting(
  lists: readonly List[],
  options: Partial<Pick<ReflectorOptions<Boat>, 'initial' | 'project'>> = {},
): Timed {
  const server = { isDown: false };
  const asked: Timed['asked'] = [];
  const answer = (what: Timed['asked'][number]): void => {
    asked.push(what);
    if (server.isDown) throw new KubeError('Unavailable', `${what}: the server is down`);
  };
  const queries: Timed['lists'] = [];
  const watches: TimedWatch[] = [];
  const changes: string[] = [];
  const troubles: unknown[] = [];
  const restarts: string[] = [];
  const reflector = new Reflector<Boat>({
    transport: {
      call: async ({ query = {} }) => {
        // Before the first watch nobody asks which version it is at.
        const isVersion = query['limit'] === '1' && watches.length > 0;
        answer(isVersion ? 'version' : 'list');
        if (isVersion) return listOf([], 1_000);
        queries.push(query);
        return lists[Math.min(queries.length, lists.length) - 1]?.(query);
      },
      watch: async (_path, query, signal) => {
        answer('watch');
        const watch = new TimedWatch(query, signal);
        watches.push(watch);
        return watch;
      },
    },
    resource: { group: 'canal.test', version: 'v1', plural: 'boats' },
    project: (object) => object as Boat, // the test holds nothing else
    onChange: ({ kind, key, object }) => changes.push(`${kind} ${key}@${object.metadata.resourceVersion}`),
    onTrouble: (trouble) => troubles.push(trouble),
    onRestart: (reason) => restarts.push(reason),
    initial: 'pages',
    ...options,
  });
  return { reflector, server, asked, lists: queries, watches, changes, troubles, restarts };
}

/** The same, started, before whatever a test has it hear next. Its time has to be the test's: see `useTimedApi`. */
export async function startedInTime(...parameters: Parameters<typeof timedReflecting>): Promise<Timed> {
  const timed = timedReflecting(...parameters);
  timed.reflector.start().catch(() => undefined); // of one that is stopped before it has all
  await jest.advanceTimersByTimeAsync(0);
  return timed;
}

/** Makes all time of the tests of a file their own. */
export function useTimedApi(): void {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });
}

export function listOf(items: readonly Boat[], version = 10): object {
  return { kind: 'BoatList', metadata: { resourceVersion: String(version) }, items };
}
