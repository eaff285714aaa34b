import { readFile } from 'node:fs/promises';

/** Linux counts processor time for programs in these, whatever its own clock does. */
const ticksPerSecond = 100;

/** Processor time of a process so far, in user and kernel mode, all of its threads, ended ones too. Milliseconds, to within 10. */
export async function cpuMs(pid: number): Promise<number> {
  return parseCpuMs(await readFile(`/proc/${pid}/stat`, 'utf8'));
}

/** @param stat as in proc_pid_stat(5) */
export function parseCpuMs(stat: string): number {
  // The name, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** The most memory that a process ever had resident, in MB (10⁶ bytes). */
export async function peakResidentMB(pid: number): Promise<number> {
  return parseMB(await readFile(`/proc/${pid}/status`, 'utf8'), 'VmHWM');
}

/** What it has resident now, in MB. */
export async function residentMB(pid: number): Promise<number> {
  return parseMB(await readFile(`/proc/${pid}/status`, 'utf8'), 'VmRSS');
}

/** @param status as in proc_pid_status(5) */
export function parseMB(status: string, name: 'VmHWM' | 'VmRSS'): number {
  const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  return (Number(kib) * 1024) / 1e6;
}
