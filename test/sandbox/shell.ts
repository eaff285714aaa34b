import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { homedir, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolderOf } from './cluster/cache-folder.ts';
import { eventually } from './cluster/eventually.ts';
import { runCommand, type Finished } from './cluster/run-command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A command that a person has started in a terminal. */
export interface Foreground {
  /** All that it printed so far. */
  readonly shown: () => string;
  readonly stdout: () => string;
  /** Resolves when it has printed `text`; rejects with what it printed when it ends before, or not within a minute. */
  readonly untilShown: (text: string) => Promise<void>;
  /** Its exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** To the command and all that it started, as a terminal does. */
  readonly ctrlC: () => void;
  /** SIGKILL for the command alone. */
  readonly kill: () => void;
}

/** A person's shell in this checkout, with a home and a folder for temporary files that show what is left behind. */
export interface Shell {
  readonly folder: string;
  /** Runs a script to its end, stopping at the first command that fails. */
  readonly run: (script: string) => Promise<Finished>;
  readonly start: (command: string, args: readonly string[]) => Foreground;
  /** Files and processes of commands that have ended. Empty where there are none. */
  readonly leftBehind: () => Promise<string[]>;
  /** Ends what still runs and removes the folder. */
  readonly close: () => Promise<void>;
}

export async function openShell(): Promise<Shell> {
  const folder = await mkdtemp(join(tmpdir(), 'lockkeeper-shell-'));
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TMPDIR: folder,
    LOCKKEEPER_CACHE: cacheFolderOf({ env: process.env, home: homedir(), os: platform() }),
    LOCKKEEPER_SANDBOX: join(folder, 'sandbox.json'),
    NODE_DISABLE_COMPILE_CACHE: '1', // npm keeps one in TMPDIR
  };
  const children = new Set<ChildProcess>();
  return {
    folder,
    run: (script) =>
      runCommand({
        file: 'bash',
        args: ['--norc', '-euo', 'pipefail', '-c', script],
        cwd: root,
        env,
        signal: AbortSignal.timeout(120_000),
      }),
    start: (command, args) => {
      const child = spawn(command, [...args], {
        cwd: root,
        env,
        detached: true, // a process group of its own
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      children.add(child);
      return foreground(child, () => children.delete(child));
    },
    leftBehind: async () => {
      const files = (await readdir(folder)).filter((name) => !['.npm', '.kube'].includes(name));
      return [...files, ...(await processesNaming(folder))];
    },
    close: async () => {
      for (const { pid = 0 } of children) process.kill(-pid, 'SIGKILL');
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

function foreground(child: ChildProcess, gone: () => void): Foreground {
  let stdout = '';
  let all = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
    all += chunk.toString('utf8');
  });
  child.stderr?.on('data', (chunk: Buffer) => (all += chunk.toString('utf8')));
  let how: number | string | undefined;
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      gone();
      how = code ?? signal ?? 'gone';
      resolve(how);
    });
  });
  return {
    shown: () => all,
    stdout: () => stdout,
    ended,
    untilShown: async (text) => {
      const isShown = (): boolean => {
        if (how !== undefined && !all.includes(text)) throw new Error(`ended with ${how}: ${all}`);
        return all.includes(text);
      };
      await eventually(`it prints ${text}`, isShown, { deadlineMs: 60_000 });
    },
    kill: () => void child.kill('SIGKILL'),
    ctrlC: () => void process.kill(-(child.pid ?? 0), 'SIGINT'),
  };
}

/** On Linux; elsewhere none. */
async function processesNaming(text: string): Promise<string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const commands = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
  return (await Promise.all(commands)).filter((line) => line.includes(text));
}
