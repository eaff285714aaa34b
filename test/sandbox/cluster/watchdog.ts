import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { codeOf } from '../../../src/base/error.ts';

/**
 * Its standard input is a pipe whose other end only our process holds, so its end of file is our end, however we died. The
 * folder goes last: a server that is still dying would write into it. Signals of a terminal reach it too and must not end it.
 */
const script = `
trap '' INT HUP TERM
groups=
while read -r verb group; do
  case $verb in
    watch) groups="$groups $group" ;;
    forget) rest=; for one in $groups; do [ "$one" = "$group" ] || rest="$rest $one"; done; groups=$rest ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done 2>/dev/null
for group in $groups; do
  tries=0
  while kill -0 -- "-$group" 2>/dev/null && [ "$tries" -lt 100 ]; do sleep 0.02; tries=$((tries + 1)); done
done
rm -rf -- "$1"
`;

/** Ends process groups and removes a folder when this process ends in any way, SIGKILL included. */
export interface Watchdog {
  /** From now on the process group led by `pid` dies with us. */
  watch(pid: number): void;
  /** The group has ended by itself; its number may soon be another's. */
  forget(pid: number): void;
  /** Ends what is still watched, removes the folder and the watchdog itself. Repeating it does nothing. */
  close(): Promise<void>;
}

export function startWatchdog({ folder }: { folder: string }): Watchdog {
  const shell = spawn('/bin/sh', ['-c', script, 'watchdog', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    detached: true,
  });
  const ended = once(shell, 'exit');
  ended.catch(() => undefined);
  shell.stdin.on('error', () => undefined); // a watchdog that somebody killed must not end us
  const watched = new Set<number>();
  return {
    watch: (pid) => {
      watched.add(pid);
      shell.stdin.write(`watch ${pid}\n`);
    },
    forget: (pid) => {
      watched.delete(pid);
      shell.stdin.write(`forget ${pid}\n`);
    },
    async close() {
      shell.stdin.end();
      if (shell.exitCode === null && shell.signalCode === null) await ended;
      // A Ctrl-C between its fork and its own session ends the shell before it can ignore any: then it is on us.
      if (shell.exitCode !== 0) for (const group of watched) killGroup(group);
      watched.clear();
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (thrown) {
    if (codeOf(thrown) !== 'ESRCH') throw thrown;
  }
}
