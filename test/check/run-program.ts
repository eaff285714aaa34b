import { spawn } from 'node:child_process';

/** Most take seconds; on a machine that does other things as well, formatting has taken more than one minute. */
const patienceMs = 4 * 60_000;

/**
 * Nothing if it succeeds, else all that it said, and what ended it if that was a signal or the deadline.
 *
 * @param deadlineMs when it is ended by one, SIGTERM
 */
export async function complaintsOf(
  program: string,
  args: readonly string[],
  cwd: string,
  deadlineMs: number = patienceMs,
): Promise<string> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: deadlineMs });
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const end = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  if (end === 0 && !child.killed) return '';
  const text = Buffer.concat(said).toString('utf8').trim();
  const ended = `${program} ended with ${end}${child.killed ? `: not done within ${deadlineMs / 1000} s` : ''}`;
  return text !== '' && typeof end === 'number' && !child.killed ? text : `${text}\n${ended}`.trim();
}
