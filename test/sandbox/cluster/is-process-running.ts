import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Whether a process exists and runs: one that has ended and waits for its parent to notice does not count. */
export function isProcessRunning(pid: number): boolean {
  const state = existsSync('/proc/self/stat') ? stateFromProc(pid) : stateFromPs(pid);
  return state !== '' && !state.startsWith('Z');
}

/** Small Linux machines have no `ps`. */
function stateFromProc(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Behind the name of the program, which stands in brackets and may hold any.
    return stat.slice(stat.lastIndexOf(')') + 1).trim();
  } catch {
    return '';
  }
}

function stateFromPs(pid: number): string {
  return spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
}
