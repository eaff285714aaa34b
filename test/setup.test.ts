import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const setup = fileURLToPath(new URL('../setup.mjs', import.meta.url));

/** Does what `npm ci` does for `setup.mjs`: it takes a while, and writes its record of what it installed last. */
const npm = `
  const { appendFileSync, cpSync, mkdirSync, rmSync } = require('node:fs');
  appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n');
  console.log('added 2 packages');
  if (process.env.BROKEN) { console.error('npm error code E418'); process.exit(1); }
  rmSync('node_modules', { recursive: true, force: true });
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  mkdirSync('node_modules', { recursive: true });
  cpSync(process.env.INSTALLS ?? 'package-lock.json', 'node_modules/.package-lock.json');
`;

const here = { os: [process.platform], cpu: [process.arch] };
const elsewhere = { os: ['plan9'], cpu: ['mips'] };
const packages = {
  '': { name: 'boat' },
  'node_modules/zod': { version: '4.0.0', integrity: 'sha512-a' },
  'node_modules/native-here': { version: '1.0.0', integrity: 'sha512-b', optional: true, ...here },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockkeeper-setup-test-'));
  copyFileSync(setup, join(folder, 'setup.mjs'));
  mkdirSync(join(folder, 'npm'));
  mkdirSync(join(folder, 'locks'));
  writeFileSync(join(folder, 'npm', 'npm-cli.js'), npm);
  writeLock('package-lock.json', packages);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeLock(name: string, entries: object): void {
  writeFileSync(join(folder, name), JSON.stringify({ packages: entries }));
}

function calls(): string[] {
  const file = join(folder, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(env: Readonly<Record<string, string>> = {}): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, ['setup.mjs'], {
    cwd: folder,
    env: {
      ...process.env,
      TMPDIR: join(folder, 'locks'),
      npm_execpath: join(folder, 'npm', 'npm-cli.js'),
      npm_node_execpath: process.execPath,
      ...env,
    },
  });
}

async function run(env?: Readonly<Record<string, string>>): Promise<Ran> {
  const child = start(env);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

test('packages are installed without their scripts when there are none, in one line on stderr', async () => {
  const { code, stdout, stderr } = await run();
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(stderr).toMatch(/^lockkeeper: node_modules is missing or incomplete: installing [^\n]*\n$/);
  expect(calls()).toEqual([expect.stringMatching(/^ci --ignore-scripts /)]);
  expect(readdirSync(join(folder, 'locks'))).toEqual([]);
});

test('nothing happens and nothing is said when the packages are those of the lock file', async () => {
  await run();
  expect(await run()).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(calls()).toHaveLength(1);
});

describe('packages are installed anew', () => {
  const zod = packages['node_modules/zod'];
  test.each([
    ['when a version changes', { ...packages, 'node_modules/zod': { ...zod, version: '4.0.1' } }],
    ['when a content changes', { ...packages, 'node_modules/zod': { ...zod, integrity: 'sha512-z' } }],
    ['when one is added', { ...packages, 'node_modules/yaml': zod }],
    ['when one is gone', { '': {}, 'node_modules/zod': zod }],
  ])('%s', async (_, entries) => {
    await run();
    writeLock('package-lock.json', entries);
    expect(await run()).toMatchObject({ code: 0, stdout: '' });
    expect(calls()).toHaveLength(2);
  });

  test('when npm was interrupted', async () => {
    await run();
    rmSync(join(folder, 'node_modules', '.package-lock.json'));
    await run();
    expect(calls()).toHaveLength(2);
  });
});

test('native packages of other machines, and peers that are left out, may be missing', async () => {
  writeLock('installed.json', packages);
  writeLock('package-lock.json', {
    ...packages,
    'node_modules/native-elsewhere': { version: '1.0.0', optional: true, ...elsewhere },
    'node_modules/wasm': { version: '1.0.0', optional: true },
    'node_modules/peer': { version: '1.0.0', peer: true },
  });
  await run({ INSTALLS: 'installed.json' });
  expect(await run({ INSTALLS: 'installed.json' })).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('a native package of this machine that npm leaves out is not passed over', async () => {
  writeLock('installed.json', { 'node_modules/zod': packages['node_modules/zod'] });
  const { code, stderr } = await run({ INSTALLS: 'installed.json' });
  expect(code).toBe(1);
  expect(stderr).toContain('node_modules/native-here is out of date, although npm ci has just succeeded');
});

test('what npm says is shown when it fails, and then what to do', async () => {
  const { code, stdout, stderr } = await run({ BROKEN: 'yes' });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('npm error code E418');
  expect(stderr).toMatch(/lockkeeper: npm ci failed \(exit code 1\)[^\n]*run the same command again\.\n$/);
  expect(readdirSync(join(folder, 'locks'))).toEqual([]);
});

test('of several at once one installs and the others wait for it', async () => {
  const all = await Promise.all([run(), run(), run()]);
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(calls()).toHaveLength(1);
});

test('who is killed in the middle holds nobody up', async () => {
  const killed = start();
  const deadline = Date.now() + 10_000;
  while (readdirSync(join(folder, 'locks')).length === 0) {
    if (Date.now() > deadline) throw new Error('no lock was taken');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  killed.kill('SIGKILL');
  await new Promise((resolve) => killed.once('close', resolve));
  expect(readdirSync(join(folder, 'locks'))).toHaveLength(1);

  expect(await run()).toMatchObject({ code: 0, stdout: '' });
  expect(readdirSync(join(folder, 'locks'))).toEqual([]);
});
