import type { ElectionClock, ElectionTimings } from '../../../src/kube/leader/election.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import { LeaderElector } from '../../../src/kube/leader/leader.ts';
import type { Request } from '../../../src/kube/transport/send.ts';
import type { Transport } from '../../../src/kube/transport/transport.ts';
import type { SimulatedLease } from './simulated-lease.ts';

const start = Date.parse('2026-11-25T08:00:00Z');

/** Time that passes when it is told to, for all processes of a test. */
export class SimulatedTime {
  now = 0;
  readonly #due = new Set<{ readonly at: number; readonly run: () => void }>();

  after(ms: number, run: () => void): () => void {
    const entry = { at: this.now + Math.max(0, ms), run };
    this.#due.add(entry);
    return () => void this.#due.delete(entry);
  }

  /** Timers that are running. */
  get pending(): number {
    return this.#due.size;
  }

  /** Lets what is due happen in its order, and what follows from each before the next. @param each told after every step */
  async pass(ms: number, each: () => void = () => undefined): Promise<void> {
    const until = this.now + ms;
    await settled();
    for (;;) {
      const next = [...this.#due].reduce<{ at: number; run: () => void } | undefined>(
        (first, one) => (first === undefined || one.at < first.at ? one : first),
        undefined,
      );
      if (next === undefined || next.at > until) break;
      this.#due.delete(next);
      this.now = Math.max(this.now, next.at);
      each();
      next.run();
      await settled();
      each();
    }
    this.now = until;
  }
}

/** Until nothing happens any more by itself. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What becomes of a request or a watch: where it fails, or how long its way takes and whether its answer is lost. */
export type Fate =
  | KubeError
  | {
      readonly thereMs?: number;
      readonly backMs?: number;
      readonly isLost?: boolean;
      /** The first answer is lost, and it is sent once more. */
      readonly isRepeated?: boolean;
    };

/** A process with a clock, a line to the server, and code that does not run while it is stopped. */
export class SimulatedProcess {
  readonly clock: ElectionClock;
  readonly transport: Pick<Transport, 'call' | 'watch'>;
  /** For each request; a watch counts as one. */
  fate: (request: Pick<Request, 'method' | 'path'> & { readonly isWatch: boolean }) => Fate = () => ({});
  readonly #time: SimulatedTime;
  #runsFrom = 0;

  /**
   * @param skewMs how far its wall clock is ahead
   * @param rate how fast both of its clocks go
   */
  constructor(
    time: SimulatedTime,
    server: SimulatedLease,
    { skewMs = 0, rate = 1 }: { readonly skewMs?: number; readonly rate?: number } = {},
  ) {
    this.#time = time;
    this.clock = {
      wall: () => new Date(start + time.now * rate + skewMs),
      elapsed: () => 5_000 + time.now * rate,
      sleep: (ms, signal) => this.#sleep(ms / rate, signal),
    };
    this.transport = {
      call: (request) => this.#call(request, server),
      watch: (path, _query, signal) => this.#watch(path, signal, server),
    };
  }

  /** As SIGSTOP and, after so long, SIGCONT. */
  stop(ms: number): void {
    this.#runsFrom = Math.max(this.#runsFrom, this.#time.now + ms);
  }

  get isStopped(): boolean {
    return this.#time.now < this.#runsFrom;
  }

  /** Runs it in so long, or when the process runs again. */
  #after(ms: number, run: () => void): () => void {
    let cancel = this.#time.after(ms, () => {
      if (this.isStopped) cancel = this.#after(this.#runsFrom - this.#time.now, run);
      else run();
    });
    return () => cancel();
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#until(signal, (resolve) => [this.#after(ms, resolve)]);
  }

  #until<T>(
    signal: AbortSignal,
    begin: (resolve: (value: T) => void, reject: (reason: unknown) => void) => (() => void)[],
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const end = (): void => {
        for (const cancel of cancels) cancel();
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        end();
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const cancels = begin(
        (value) => {
          end();
          resolve(value);
        },
        (reason) => {
          end();
          reject(reason);
        },
      );
    });
  }

  #call(request: Request, server: SimulatedLease): Promise<unknown> {
    const { method, path, signal, timeoutMs = 15_000 } = request;
    if (signal.aborted) return Promise.reject(signal.reason);
    const fate = this.fate({ method, path, isWatch: false });
    return this.#until(signal, (resolve, reject) => {
      const late = this.#after(timeoutMs, () => reject(new KubeError('Timeout', 'no answer')));
      if ('code' in fate) return [late, this.#after(1, () => reject(fate))];
      const { thereMs = 1, backMs = 1, isLost = false, isRepeated = false } = fate;
      const cancels = [late];
      // What was sent arrives, whatever becomes of who sent it.
      this.#time.after(thereMs, () => {
        let answered: () => void;
        if (isRepeated) server.answer(request);
        try {
          const body = structuredClone(server.answer(request));
          answered = () => resolve(body);
        } catch (thrown) {
          answered = () => reject(thrown);
        }
        if (!isLost) cancels.push(this.#after(backMs, answered));
      });
      return cancels;
    });
  }

  async #watch(
    path: string,
    signal: AbortSignal,
    server: SimulatedLease,
  ): Promise<AsyncIterable<Uint8Array>> {
    await Promise.resolve();
    signal.throwIfAborted();
    const fate = this.fate({ method: 'GET', path, isWatch: true });
    if ('code' in fate) throw fate;
    return this.#events(fate.isLost === true ? undefined : server, fate.backMs ?? 1, signal);
  }

  async *#events(
    server: SimulatedLease | undefined,
    backMs: number,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    const heard: object[] = [];
    let wake = (): void => undefined;
    const stop = server?.watch((event) => {
      this.#after(backMs, () => {
        heard.push(event);
        wake();
      });
    });
    try {
      for (;;) {
        for (const event of heard.splice(0)) yield Buffer.from(`${JSON.stringify(event)}\n`);
        await this.#until<void>(signal, (resolve) => {
          wake = resolve;
          return [];
        });
      }
    } finally {
      stop?.();
    }
  }
}

/** An elector on a simulated process, with what it told of. */
export function elector(
  process: SimulatedProcess,
  identity: string,
  timings?: ElectionTimings,
): { readonly elector: LeaderElector; readonly told: unknown[] } {
  const told: unknown[] = [];
  const made = new LeaderElector({
    transport: process.transport,
    lease: { namespace: 'lockkeeper', name: 'controller' },
    identity,
    onTrouble: (error) => told.push(error),
    clock: process.clock,
    ...(timings === undefined ? {} : { timings }),
  });
  return { elector: made, told };
}
