import { spawnSync } from 'node:child_process';

/** Whether a process exists and runs: one that has ended and waits for its parent to notice does not count. */
export function isProcessRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  const state = stdout.trim();
  return state !== '' && !state.startsWith('Z');
}
