import { spawn } from 'node:child_process';
import { CodedError } from '../../../../src/base/error.ts';

/** git sees no configuration of the machine or the person: the same answer everywhere. */
export function gitEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    ...extra,
  };
}

export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export type GitInput = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/** Runs git in a folder and waits for its end; never rejects for an exit code. */
export async function runGit(cwd: string, args: readonly string[], input: GitInput = []): Promise<GitResult> {
  const child = spawn('git', args, { cwd, env: gitEnvironment(), stdio: 'pipe' });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => undefined); // git may end before it has read everything; its exit code tells
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 128));
  });
  for await (const part of input) {
    if (!child.stdin.write(part)) {
      await Promise.race([new Promise((resolve) => child.stdin.once('drain', resolve)), ended]);
    }
  }
  child.stdin.end();
  const code = await ended;
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString('utf8') };
}

/** As `runGit`, and any exit code but zero is an error that carries git's own words. */
export async function git(cwd: string, args: readonly string[], input: GitInput = []): Promise<Buffer> {
  const { code, stdout, stderr } = await runGit(cwd, args, input);
  if (code !== 0) {
    throw new CodedError('GitFailed', `git ${args[0] ?? ''} ended with ${code}: ${stderr.slice(0, 500)}`);
  }
  return stdout;
}
