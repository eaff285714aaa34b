import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Typed {
  readonly cwd?: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** As people run it in a shell: with what they type and with nothing of our own environment but the path. */
export async function lockkeeper(
  args: readonly string[],
  { cwd, stdin = '', env = {} }: Typed = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nowhere', ...env },
    timeout: 60_000,
  });
  const outputs = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outputs.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outputs.stderr += text));
  child.stdin.on('error', () => undefined); // one that reads nothing may be gone before we have written
  child.stdin.end(stdin);
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve(exitCode ?? -1));
  });
  return { code, ...outputs };
}
