import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Watchdog } from '../sandbox/cluster/watchdog.ts';
import type { Answer, Answers, Question, RuntimeOrders } from './questions.ts';

const program = fileURLToPath(new URL('runtime.ts', import.meta.url));
const answerWithinMs = 60_000;

interface Asked {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The process of the runtime under soak. It does not outlive us. */
export class RuntimeProcess {
  /** Resolves with its exit code or signal. */
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, Asked>();
  #questions = 0;
  #ending: number | NodeJS.Signals | undefined;
  #longestStallMs = 0;

  /** @param server where it finds the API, `https://127.0.0.1:port` */
  constructor(server: string, orders: RuntimeOrders, watchdog: Watchdog) {
    const { hostname, port } = new URL(server);
    this.#child = spawn(
      process.execPath,
      ['--disable-sigusr1', '--expose-gc', program, JSON.stringify(orders)],
      {
        stdio: ['ignore', 2, 2, 'ipc'],
        detached: true, // Ctrl-C is for us: we end it when its turn comes
        env: {
          PATH: process.env['PATH'],
          KUBERNETES_SERVICE_HOST: hostname,
          KUBERNETES_SERVICE_PORT: port,
        },
      },
    );
    const { pid } = this.#child;
    if (pid !== undefined) watchdog.watch(pid);
    this.exited = new Promise((resolve) => {
      const end = (how: number | NodeJS.Signals): void => {
        if (pid !== undefined) watchdog.forget(pid);
        this.#ending = how;
        for (const { reject } of this.#asked.values()) reject(hasEnded(how));
        resolve(how);
      };
      this.#child.once('exit', (code, signal) => end(code ?? signal ?? 1));
      this.#child.once('error', () => end(127));
    });
    this.#child.on('message', (answer: Answer) => this.#take(answer));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Rejects when it says why it cannot answer, when it ends, or has not answered in time. */
  async ask<What extends keyof Answers>(what: What, withinMs = answerWithinMs): Promise<Answers[What]> {
    if (this.#ending !== undefined) throw hasEnded(this.#ending);
    const id = (this.#questions += 1);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#asked.set(id, { resolve, reject });
    const timer = setTimeout(
      () => reject(new Error(`the runtime under soak did not answer within ${withinMs} ms: ${what}`)),
      withinMs,
    );
    try {
      this.#child.send({ id, what } satisfies Question, (error) => {
        if (error !== null) reject(error);
      });
      return (await promise) as Answers[What]; // runtime.ts answers with what the question asks for
    } finally {
      clearTimeout(timer);
      this.#asked.delete(id);
    }
  }

  /** The longest hold-up of its event loop that was not our doing, in milliseconds. */
  async longestStallMs(): Promise<number> {
    this.#longestStallMs = Math.max(this.#longestStallMs, await this.ask('stall'));
    return this.#longestStallMs;
  }

  /** It does not run for so long. */
  async pause(ms: number): Promise<void> {
    await this.longestStallMs();
    this.#child.kill('SIGSTOP');
    await delay(ms);
    this.#child.kill('SIGCONT');
    await this.ask('stall');
  }

  /** Tells it to stop; gives how long it took until it had ended by itself. Rejects when it does not within so long, or ends in another way. */
  async stop(withinMs: number): Promise<number> {
    const began = performance.now();
    const late = AbortSignal.timeout(withinMs);
    const tooLate = new Promise<'late'>((resolve) =>
      late.addEventListener('abort', () => resolve('late'), { once: true }),
    );
    const how = await Promise.race([this.ask('stop', withinMs).then(() => this.exited), tooLate]);
    if (how !== 0) throw new Error(`the runtime under soak stopped otherwise than it should: ${how}`);
    return performance.now() - began;
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  #take({ id, value, failure }: Answer): void {
    const asked = this.#asked.get(id);
    if (failure === undefined) asked?.resolve(value);
    else asked?.reject(new Error(`the runtime under soak: ${failure}`));
  }
}

function hasEnded(how: number | NodeJS.Signals): Error {
  return new Error(`the runtime under soak has ended (${how})`);
}
