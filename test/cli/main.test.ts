import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'src/cli/main.ts');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockkeeper-main-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 20_000 };
    execFile(file, [...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

/** As users run it, from a folder of theirs. */
function lockkeeper(...args: readonly string[]): Promise<Ended> {
  return run(process.execPath, [main, ...args]);
}

const help = expect.stringMatching(
  /^Usage: lockkeeper COMMAND \[flags\]\n[\s\S]*\n {2}controller [\s\S]*\n {2}version /,
);

test.each(['--help', '-h', 'help'])('%s lists the commands on standard output', async (word) => {
  expect(await lockkeeper(word)).toEqual({ code: 0, stdout: help, stderr: '' });
});

test.each(['version', '--version'])('%s is one line, with no warning beside it', async (word) => {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { version } = Object(manifest) as { version?: unknown }; // our own
  expect(await lockkeeper(word)).toEqual({ code: 0, stdout: `lockkeeper ${String(version)}\n`, stderr: '' });
});

test('it can be run by its name: the file is a program, and npm finds it', async () => {
  expect(statSync(main).mode & 0o111).toBe(0o111);
  const { bin } = Object(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))) as { bin?: unknown }; // our own
  expect(bin).toEqual({ lockkeeper: 'src/cli/main.ts' });
  const PATH = join(root, 'node_modules/.bin') + ':' + (process.env['PATH'] ?? '');
  expect(await run(main, ['version'], { PATH })).toMatchObject({ code: 0, stderr: '' });
});

test('without a command it says on standard error which there are, and fails', async () => {
  expect(await lockkeeper()).toEqual({ code: 2, stdout: '', stderr: help });
});

test('a command that there is not is named on standard error', async () => {
  expect(await lockkeeper('controler', '--help')).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(
      /^lockkeeper: there is no command "controler"\n\nUsage: lockkeeper COMMAND/,
    ),
  });
});

test.each(['controller', 'auditor', 'access', 'rbac'])(
  '%s ends by what nobody handles with a line that holds no message, whatever Node would print',
  async (command) => {
    // Rejected by what is loaded first, as soon as the command says anything.
    const rejects = `data:text/javascript,const { write } = process.stdout;
      process.stdout.write = function (...all) {
        Promise.reject(Object.assign(new Error('ghp_' + 'y'.repeat(36) + ' hunter2'), { code: 'ECONNRESET' }));
        return Reflect.apply(write, this, all);
      };`;
    const { code, stdout, stderr } = await run(process.execPath, [
      '--import',
      rejects,
      main,
      command,
      '--help',
    ]);
    expect([code, stdout.split(' ')[0]]).toEqual([1, 'Usage:']);
    expect(stderr).not.toMatch(/ghp_|hunter2/);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'ECONNRESET', msg: 'unhandled rejection' });
  },
);

test('what looks like a secret is not repeated', async () => {
  const { code, stderr } = await lockkeeper(`ghp_${'y'.repeat(36)}`);
  expect([code, stderr.split('\n')[0]]).toEqual([2, 'lockkeeper: there is no command "[redacted]"']);
});

/** A file of this name that is right but for its user. */
function kubeconfig(name: string, user: object): void {
  const cluster = { server: 'https://127.0.0.1:1', 'certificate-authority-data': 'Q0E=' };
  writeFileSync(
    join(folder, name),
    JSON.stringify({
      'current-context': 'canal',
      contexts: [{ name: 'canal', context: { cluster: 'canal', user: 'canal' } }],
      clusters: [{ name: 'canal', cluster }],
      users: [{ name: 'canal', user }],
    }),
  );
}

describe('lockkeeper controller', () => {
  test.each(['--help', '-h'])('%s tells of every flag on standard output', async (word) => {
    const { code, stdout, stderr } = await lockkeeper('controller', word);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: lockkeeper controller \[flags\]\n/);
    expect(stdout.match(/--[a-z-]+(?= [A-Z]| {2})/g)).toEqual([
      '--config',
      '--instance',
      '--cross-namespace-targets',
      '--log-level',
      '--expiry-warning-days',
      '--concurrency',
      '--strict-rbac',
      '--telemetry-address',
      '--leader-elect',
      '--leader-election-namespace',
      '--kubeconfig',
      '--context',
      '--service-account-folder',
      '--help',
    ]);
  });

  test('tells of all mistakes at once on standard error, and of nothing else', async () => {
    writeFileSync(join(folder, 'config.yaml'), 'forges: []\nlogLevel: loud\n');
    expect(
      await lockkeeper('controller', '--config', 'config.yaml', '--speed', '--concurrency', '100'),
    ).toEqual({
      code: 2,
      stdout: '',
      stderr: `lockkeeper controller: 4 mistake(s) in flags or configuration:
  --speed: there is no such flag
  forges: Too small: expected array to have >=1 items
  logLevel: Invalid option: expected one of "error"|"warn"|"info"|"debug"
  --concurrency: Too big: expected number to be <=64
See: lockkeeper controller --help
`,
    });
  });

  test.each<[string, readonly string[], string, RegExp]>([
    ['outside of a cluster', [], 'NotInCluster', /outside of a cluster give --kubeconfig/],
    [
      'with a kubeconfig that it does not take',
      ['--kubeconfig', 'kubeconfig'],
      'KubeconfigInvalid',
      /kubeconfig: user canal has exec, which is not supported/,
    ],
    [
      'with an authority of a forge that cannot be read',
      ['--kubeconfig', 'right', '--config', 'authority.yaml'],
      'ConfigInvalid',
      /^forge git\.test: cannot read its caFile \/nowhere\/ca\.crt \(ENOENT\)$/,
    ],
    [
      'with an election of which nobody says where it is',
      ['--kubeconfig', 'right', '--leader-elect', 'true', '--telemetry-address', '127.0.0.1:0'],
      'ConfigInvalid',
      /give --leader-election-namespace too$/,
    ],
  ])(
    '%s says what to do as a line of its log, and that it is no use to try again',
    async (_, args, code, message) => {
      kubeconfig('kubeconfig', { exec: { command: 'canary' } });
      kubeconfig('right', { token: 'canary' });
      const forge = { host: 'git.test', provider: 'github', caFile: '/nowhere/ca.crt' };
      writeFileSync(join(folder, 'authority.yaml'), JSON.stringify({ forges: [forge] }));
      const ended = await lockkeeper('controller', ...args);
      expect([ended.code, ended.stderr]).toEqual([2, '']);
      expect(JSON.parse(ended.stdout)).toMatchObject({
        level: 'error',
        msg: 'the controller failed',
        err: { code, message: expect.stringMatching(message) },
      });
    },
  );

  test('that is asked to stop while it is loaded ends well', async () => {
    kubeconfig('unreachable', { token: 'canary' });
    const preload = `
      import { registerHooks } from 'node:module';
      registerHooks({
        resolve(specifier, context, next) {
          if (specifier === './config.ts') process.kill(process.pid, 'SIGTERM');
          return next(specifier, context);
        },
      });`;
    const args = ['--kubeconfig', 'unreachable', '--instance', 'canal', '--telemetry-address', '0'];
    const early = ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
    const { code, stdout } = await run(process.execPath, [...early, main, 'controller', ...args]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/"signal":"SIGTERM","msg":"stopping"[\s\S]*"msg":"stopped"/);
  });
});
