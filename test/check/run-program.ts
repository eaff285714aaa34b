import { spawn } from 'node:child_process';

/** Nothing if it succeeds, else all that it said. It is killed after a minute, which none of them needs. */
export async function complaintsOf(program: string, args: readonly string[], cwd: string): Promise<string> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const end = await new Promise<number | string | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  if (end === 0) return '';
  const text = Buffer.concat(said).toString('utf8').trim();
  return text === '' ? `${program} ended with ${end}` : text;
}
