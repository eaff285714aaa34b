import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Watchdog } from './watchdog.ts';

export interface Finished {
  /** The exit code; 128 + the signal's number for a program that was killed, as a shell says it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string | undefined;
  readonly stdin?: string | undefined;
  /** Kills the program and all that it started; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Each whole line of standard error as it comes; standard error is then not kept. */
  readonly onErrorLine?: ((line: string) => void) | undefined;
  /** Makes the program die with us. For what runs longer than a moment. */
  readonly watchdog?: Watchdog | undefined;
}

/** Runs a program to its end. An exit code other than 0 is an answer; only a program that cannot be started rejects. */
export function runCommand({
  file,
  args,
  env,
  cwd,
  stdin,
  signal,
  onErrorLine,
  watchdog,
}: Running): Promise<Finished> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(file, [...args], { env, cwd, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const { pid } = child;
    if (pid !== undefined) watchdog?.watch(pid);
    const onAbort = (): void => killGroup(pid);
    signal?.addEventListener('abort', onAbort, { once: true });
    const said = { stdout: '', stderr: '', line: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (!onErrorLine) return (said.stderr += text);
      const lines = (said.line + text).split('\n');
      said.line = lines.pop() ?? '';
      return lines.forEach(onErrorLine);
    });
    child.stdin.on('error', () => undefined); // a program may end without reading all of it
    child.stdin.end(stdin ?? '');
    child.on('error', reject);
    child.on('close', (code, killedBy) => {
      if (pid !== undefined) watchdog?.forget(pid);
      signal?.removeEventListener('abort', onAbort);
      if (signal?.aborted) return reject(signal.reason);
      if (onErrorLine && said.line !== '') onErrorLine(said.line);
      return resolve({
        code: code ?? 128 + (killedBy ? constants.signals[killedBy] : 0),
        stdout: said.stdout,
        stderr: said.stderr,
      });
    });
  });
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}
