import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { messageOf } from '../src/base/error.ts';
import { startControlPlane } from './sandbox/cluster/control-plane.ts';
import { untilInterrupted } from './sandbox/interrupted.ts';

/**
 * `npm test`: Jest over everything, with one control plane for all tests that need a cluster (`*.cluster.test.ts`); it starts
 * only when one of them is to run. `--unit` leaves them out; other arguments go to Jest. `LOCKKEEPER_TEST_RESULT` names a file
 * for Jest's JSON result, and `LOCKKEEPER_TEST_CLUSTER` a running control plane to use instead.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const jestResult = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
});

interface Run {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

async function main(words: readonly string[], signal: AbortSignal): Promise<number> {
  const args = words.filter((word) => word !== '--unit');
  if (words.includes('--unit')) {
    // Last, since it is a list that would take a path behind it for one more pattern.
    return await runTests({ args: [...args, '--testPathIgnorePatterns=\\.cluster\\.test\\.ts$'], signal });
  }
  if (process.env['LOCKKEEPER_TEST_CLUSTER'] !== undefined || !(await needsCluster({ args, signal }))) {
    return await runTests({ args, signal });
  }
  const controlPlane = await startControlPlane({ say, signal });
  try {
    return await runTests({ args, env: { LOCKKEEPER_TEST_CLUSTER: controlPlane.connectionFile }, signal });
  } finally {
    await controlPlane.stop();
  }
}

async function needsCluster({ args, signal }: Run): Promise<boolean> {
  const { stdout } = await jest({ args: ['--listTests', ...args], signal }, 'pipe');
  return stdout.split('\n').some((file) => file.endsWith('.cluster.test.ts'));
}

/** The exit code. Counts a run in which nothing passed as failed: a pattern that finds nothing proves nothing. */
async function runTests(run: Run): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'lockkeeper-test-'));
  const file = process.env['LOCKKEEPER_TEST_RESULT'] ?? join(folder, 'result.json');
  const startedAt = Date.now();
  try {
    const args = ['--json', `--outputFile=${file}`, ...run.args];
    const { code } = await jest({ ...run, args }, 'ignore');
    if (!existsSync(file)) return code === 0 ? 1 : code;
    const result = jestResult.parse(JSON.parse(await readFile(file, 'utf8')));
    const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    say(
      `${result.numPassedTests} passed, ${failed} failed, ${result.numPendingTests} skipped in ${seconds} s`,
    );
    return code === 0 && (failed > 0 || result.numPassedTests === 0) ? 1 : code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Jest shows its progress on stderr; its stdout holds a list or JSON, for programs. */
async function jest(run: Run, stdout: 'pipe' | 'ignore'): Promise<{ code: number; stdout: string }> {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const program = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const child = spawn(process.execPath, [...flags, program, ...run.args], {
    cwd: root,
    stdio: ['inherit', stdout, 'inherit'],
    env: { ...process.env, ...run.env },
  });
  const stop = (): void => void child.kill('SIGTERM');
  run.signal.addEventListener('abort', stop, { once: true });
  if (run.signal.aborted) stop();
  const lines: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => lines.push(chunk));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve(run.signal.aborted ? 130 : (exitCode ?? 1)));
  });
  return { code, stdout: Buffer.concat(lines).toString('utf8') };
}

const { signal } = untilInterrupted();
try {
  process.exitCode = await main(process.argv.slice(2), signal);
} catch (thrown) {
  if (!signal.aborted) say(messageOf(thrown));
  process.exitCode = signal.aborted ? 130 : 1;
}
