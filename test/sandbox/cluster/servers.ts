import { existsSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../../src/base/error.ts';
import { sleep } from '../../../src/base/time.ts';
import type { Binaries } from './binaries.ts';
import { apiserverFlags, etcdFlags, files } from './server-flags.ts';
import { ServerProcess, lastLines } from './server-process.ts';
import { startWatchdog } from './watchdog.ts';
import type { Watchdog } from './watchdog.ts';

const graceMs = 5_000;
const pollMs = 20;
const saidLines = 12;

export type ServerName = 'etcd' | 'kube-apiserver';
export type ServerSignal = 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT';

/** The two processes, their folder, and the promise that both end with us. */
export class Servers {
  readonly #folder: string;
  readonly #binaries: Binaries;
  readonly #watchdog: Watchdog;
  readonly #running = new Map<ServerName, ServerProcess>();
  readonly #onExit = (): void => this.#endAtOnce();
  #stopped: Promise<void> | undefined;

  /** @param folder exists, is ours alone, and goes with the servers */
  constructor({ folder, binaries }: { folder: string; binaries: Binaries }) {
    this.#folder = folder;
    this.#binaries = binaries;
    this.#watchdog = startWatchdog({ folder });
    // The watchdog would do it a moment later; who sees us gone should see nothing of ours.
    process.once('exit', this.#onExit);
  }

  logFile(name: ServerName): string {
    return join(this.#folder, `${name}.log`);
  }

  pid(name: ServerName): number | undefined {
    const server = this.#running.get(name);
    return server?.isRunning ? server.pid : undefined;
  }

  /** Starts etcd on the data it had, if any; resolves when it listens. */
  async startEtcd({ signal, deadlineMs }: { signal: AbortSignal; deadlineMs: number }): Promise<void> {
    const socket = join(this.#folder, files.etcdSocket);
    await rm(socket, { force: true }); // one that was killed leaves it
    this.#start('etcd', etcdFlags());
    const deadline = Date.now() + deadlineMs;
    // An apiserver that comes before the socket waits a whole second before it tries again.
    while (!existsSync(socket)) {
      this.refuseEnded();
      if (Date.now() > deadline) throw this.failure('etcd', `did not listen within ${deadlineMs / 1000} s`);
      await sleep(pollMs, signal);
    }
  }

  /** Starts the apiserver, which asks another authorizer beside RBAC if the folder says where one is; resolves at once. */
  startApiserver({ port }: { port: number }): void {
    const hasAuthorizer = existsSync(join(this.#folder, files.authorizer));
    this.#start('kube-apiserver', apiserverFlags({ port, asks: hasAuthorizer ? 'RBAC,Webhook' : 'RBAC' }));
  }

  #start(name: ServerName, args: readonly string[]): void {
    if (this.pid(name) !== undefined)
      throw new CodedError('ServerRunning', `${name} runs already: end it first`);
    this.#running.set(
      name,
      new ServerProcess({
        command: name === 'etcd' ? this.#binaries.etcd : this.#binaries.kubeApiserver,
        args,
        cwd: this.#folder,
        logFile: this.logFile(name),
        watchdog: this.#watchdog,
      }),
    );
  }

  /** Throws `ServerEnded` with the last lines of its log when one that was started has ended. */
  refuseEnded(): void {
    for (const [name, server] of this.#running) {
      if (!server.isRunning) throw this.failure(name, server.ending, 'ServerEnded');
    }
  }

  failure(name: ServerName, what: string, code = 'ServerNotReady'): CodedError {
    const log = lastLines(this.logFile(name), saidLines);
    return new CodedError(code, `${name} ${what}${log === '' ? '' : `; the end of its log:\n${log}`}`);
  }

  /** Sends a signal; resolves when the process is gone, or at once for the two that end none. */
  async kill(name: ServerName, signal: ServerSignal): Promise<void> {
    const server = this.#running.get(name);
    server?.signal(signal);
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return;
    await server?.ended();
    this.#running.delete(name); // it was meant to end, so nobody is told of it
  }

  /** Ends both and removes the folder. Repeating it does nothing. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    for (const server of this.#running.values()) server.signal('SIGCONT'); // one that a test stopped would hear nothing
    // In this order, for an apiserver without its etcd does not end in peace.
    await this.#running.get('kube-apiserver')?.terminate({ graceMs });
    await this.#running.get('etcd')?.terminate({ graceMs });
    await this.#watchdog.close();
    process.removeListener('exit', this.#onExit);
  }

  #endAtOnce(): void {
    for (const server of this.#running.values()) server.signal('SIGKILL');
    try {
      rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // A server that is not quite dead has written once more: the watchdog comes after us.
    }
  }
}
