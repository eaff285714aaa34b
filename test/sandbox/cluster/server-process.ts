import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Command } from './binaries.ts';
import type { Watchdog } from './watchdog.ts';

interface ServerParts {
  readonly command: Command;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Standard output and error are appended to it. */
  readonly logFile: string;
  readonly watchdog: Watchdog;
}

/** One run of a server, in a process group of its own: a terminal's Ctrl-C is for us, and we decide what it means for servers. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor({ command, args, cwd, logFile, watchdog }: ServerParts) {
    const log = openSync(logFile, 'a', 0o600);
    // Neither etcd's own variables (every flag has one) nor a proxy of the user may change what a test runs against.
    const env = { PATH: process.env['PATH'], HOME: cwd };
    this.#child = spawn(command.file, [...command.args, ...args], {
      cwd,
      env,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    const { pid } = this.#child;
    if (pid !== undefined) watchdog.watch(pid);
    this.#ended = once(this.#child, 'exit').then(
      () => pid !== undefined && watchdog.forget(pid),
      () => undefined, // could not be started, as `ending` says
    );
  }

  /** Undefined for one that could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** How it ended, for people. */
  get ending(): string {
    const { exitCode, signalCode, pid } = this.#child;
    if (pid === undefined) return `could not be started from ${this.#child.spawnfile}`;
    return signalCode === null ? `ended with code ${exitCode}` : `was ended by ${signalCode}`;
  }

  /** Does nothing to one that has ended. */
  signal(name: NodeJS.Signals): void {
    if (this.isRunning) this.#child.kill(name);
  }

  async ended(): Promise<void> {
    await this.#ended;
  }

  /** Ends it by SIGTERM, or by SIGKILL after `graceMs`; resolves when it is gone. */
  async terminate({ graceMs }: { graceMs: number }): Promise<void> {
    this.signal('SIGTERM');
    const impatience = setTimeout(() => this.signal('SIGKILL'), graceMs);
    await this.#ended;
    clearTimeout(impatience);
  }
}

/** The last lines of a log, each cut to what a terminal shows; empty for an empty one. */
export function lastLines(logFile: string, count: number): string {
  const lines = readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines
    .slice(-count)
    .map((line) => `  ${line.slice(0, 300)}`)
    .join('\n');
}
