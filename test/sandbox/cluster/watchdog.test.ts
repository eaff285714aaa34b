import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { isProcessRunning } from './is-process-running.ts';
import { startWatchdog } from './watchdog.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockkeeper-test-'));
  await writeFile(join(folder, 'file'), '');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A process group that would stay. */
function startGroup(): number {
  const { pid = 0 } = spawn('/bin/sleep', ['60'], { detached: true, stdio: 'ignore' });
  return pid;
}

/** That of the shell over this folder. */
async function pidOfWatchdog(): Promise<number | undefined> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.endsWith(`\0watchdog\0${folder}\0`)) return Number(pid);
  }
  return undefined;
}

const isLinux = existsSync('/proc/self/cmdline');

test.each<[string, boolean]>([
  ['closed', false],
  ...(isLinux ? [['closed when somebody has killed its shell', true] as [string, boolean]] : []),
])('%s, it has ended what is still watched and removed the folder', async (_, isKilled) => {
  const [watched, forgotten] = [startGroup(), startGroup()];
  try {
    const watchdog = startWatchdog({ folder });
    watchdog.watch(watched);
    watchdog.watch(forgotten);
    watchdog.forget(forgotten);
    if (isKilled) {
      let shell: number | undefined;
      await eventually('its shell runs', async () => (shell = await pidOfWatchdog()) !== undefined);
      process.kill(shell ?? 0, 'SIGKILL');
    }
    await watchdog.close();
    await watchdog.close();
    expect(existsSync(folder)).toBe(false);
    await eventually('what is watched has ended', () => !isProcessRunning(watched));
    expect(isProcessRunning(forgotten)).toBe(true);
  } finally {
    process.kill(-forgotten, 'SIGKILL');
  }
});
