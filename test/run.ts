import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { messageOf } from '../src/base/error.ts';
import { startControlPlane } from './sandbox/cluster/control-plane.ts';

/**
 * `npm test`: Jest over everything, with one control plane for all tests that need a cluster (`*.cluster.test.ts`).
 * `--unit` leaves those out; other arguments go to Jest. LOCKKEEPER_TEST_RESULT names a file for Jest's JSON result.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const unit = process.argv.includes('--unit');
const passed = process.argv.slice(2).filter((argument) => argument !== '--unit');
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const result = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
});

async function main(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'lockkeeper-test-'));
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  try {
    if (unit)
      return await jest(
        folder,
        ['--testPathIgnorePatterns=\\.cluster\\.test\\.ts$', ...passed],
        {},
        stop.signal,
      );
    const controlPlane = await startControlPlane({ say, signal: stop.signal });
    try {
      return await jest(
        folder,
        passed,
        { LOCKKEEPER_TEST_CLUSTER: controlPlane.connectionFile },
        stop.signal,
      );
    } finally {
      await controlPlane.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function jest(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<number> {
  const file = process.env['LOCKKEEPER_TEST_RESULT'] ?? join(folder, 'result.json');
  const child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      join(root, 'node_modules/jest/bin/jest.js'),
      '--json',
      `--outputFile=${file}`,
      ...args,
    ],
    { cwd: root, stdio: ['inherit', 'ignore', 'inherit'], env: { ...process.env, ...env } },
  );
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  const code = await new Promise<number>((resolve) =>
    child.once('exit', (exitCode) => resolve(exitCode ?? 1)),
  );
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = result.parse(
    JSON.parse(await readFile(file, 'utf8')),
  );
  say(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`);
  return code === 0 && numPassedTests === 0 ? 1 : code;
}

try {
  process.exitCode = await main();
} catch (thrown) {
  say(messageOf(thrown));
  process.exitCode = 1;
}
