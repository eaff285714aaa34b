import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from './eventually.ts';
import { isProcessRunning } from './is-process-running.ts';
import { ServerProcess, lastLines } from './server-process.ts';
import { startWatchdog } from './watchdog.ts';
import type { Watchdog } from './watchdog.ts';

let folder: string;
let watchdog: Watchdog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockkeeper-test-'));
  watchdog = startWatchdog({ folder });
});
afterEach(async () => {
  await watchdog.close();
  rmSync(folder, { recursive: true, force: true });
});

const serverThat = (script: string): ServerProcess =>
  new ServerProcess({
    command: { file: '/bin/sh', args: ['-c', script, 'server'] },
    args: ['--a', 'flag'],
    cwd: folder,
    logFile: join(folder, 'log'),
    watchdog,
  });
const logged = (text: string) => () => readFileSync(join(folder, 'log'), 'utf8').includes(text);

test('a server gets its flags, its folder and no setting of the user', async () => {
  process.env['ETCD_DATA_DIR'] = '/elsewhere';
  const server = serverThat('echo "$@ $PWD ${ETCD_DATA_DIR-unset}"');
  await server.ended();
  delete process.env['ETCD_DATA_DIR'];
  expect(lastLines(join(folder, 'log'), 3)).toBe(`  --a flag ${folder} unset`);
  expect({ running: server.isRunning, ending: server.ending }).toEqual({
    running: false,
    ending: 'ended with code 0',
  });
});

test('a server that ignores being asked to end is made to', async () => {
  const server = serverThat('trap "" TERM; echo ready; while :; do sleep 0.02; done');
  await eventually('it runs', logged('ready'));
  await server.terminate({ graceMs: 100 });
  expect({ running: isProcessRunning(server.pid ?? 0), ending: server.ending }).toEqual({
    running: false,
    ending: 'was ended by SIGKILL',
  });
});

test('a server that ends when asked is left the time to', async () => {
  const server = serverThat('trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.02; done');
  await eventually('it runs', logged('ready'));
  await server.terminate({ graceMs: 10_000 });
  expect({ ending: server.ending, saidBye: logged('bye')() }).toEqual({
    ending: 'ended with code 7',
    saidBye: true,
  });
});

test('a watchdog that is closed ends what it still watches, with all that this started, and no more', async () => {
  const [watched, forgotten] = [serverThat('sleep 60 & echo $!; wait'), serverThat('exec sleep 60')];
  await eventually('its child runs', () => /^\d+$/m.test(readFileSync(join(folder, 'log'), 'utf8')));
  const child = Number(/^\d+$/m.exec(readFileSync(join(folder, 'log'), 'utf8'))?.[0]);
  watchdog.forget(forgotten.pid ?? 0);
  await watchdog.close();
  await watched.ended();
  await eventually('its child has ended', () => !isProcessRunning(child));
  expect(isProcessRunning(forgotten.pid ?? 0)).toBe(true);
  await forgotten.terminate({ graceMs: 10_000 });
});
