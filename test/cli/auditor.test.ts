import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readAuditorConfig } from '../../src/cli/auditor-config.ts';
import { lockkeeper } from './lockkeeper.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockkeeper-auditor-'));
  writeFileSync(join(folder, 'namespace'), 'canal\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the controller that may read the Secrets', () => {
  const controllerBy = (...args: readonly string[]): unknown => Object(readAuditorConfig(args))['controller'];

  test('is beside the auditor', () => {
    expect(controllerBy('--service-account-folder', folder)).toEqual({
      namespace: 'canal',
      name: 'lockkeeper-controller',
    });
  });

  test('is where the README installs it when the auditor runs somewhere else', () => {
    const args = ['--service-account-folder', folder, '--kubeconfig', 'x'];
    expect(controllerBy(...args)).toEqual({ namespace: 'lockkeeper-system', name: 'lockkeeper-controller' });
  });

  test('is who one says', () => {
    const args = ['--controller-namespace', 'lock', '--controller-service-account', 'keeper'];
    expect(controllerBy(...args)).toEqual({ namespace: 'lock', name: 'keeper' });
  });
});

describe('whom the operator trusts', () => {
  test('is nobody, unless one names them', () => {
    expect(readAuditorConfig([])).toMatchObject({ trusted: [] });
    const all = ['ServiceAccount flux-system/helm-controller', 'User jane', 'Group cn=ops, dc=example'];
    expect(readAuditorConfig(all.flatMap((each) => ['--trusted', each]))).toMatchObject({ trusted: all });
  });

  const form = 'is no subject as reports write it: ServiceAccount NAMESPACE/NAME, User NAME or Group NAME';
  const everybody = 'is everybody: trust those whom you mean, by name';
  const accounts = 'is every service account that is made there: trust those whom you mean, by name';
  test.each([
    ['helm-controller', form],
    ['ServiceAccount helm-controller', form],
    ['ServiceAccount flux-system/helm/x', form],
    ['ServiceAccount flux-system/*', form],
    ['Role apps/x', form],
    ['Group ', form],
    ['User jane\n', form],
    ['Group system:authenticated', everybody],
    ['Group system:unauthenticated', everybody],
    ['User system:anonymous', everybody],
    ['Group system:serviceaccounts', accounts],
    ['Group system:serviceaccounts:ci', accounts],
    [
      'ServiceAccount apps/default',
      'is what every Pod there runs as that names no service account: trust one with a name of its own',
    ],
    [
      'User system:serviceaccount:apps:default',
      'is written "ServiceAccount apps/default" in reports: write it so',
    ],
  ])('is not %j', (subject, why) => {
    expect(() => readAuditorConfig(['--trusted', 'User ada', '--trusted', subject])).toThrow(
      `1 mistake(s) in its flags:\n  --trusted: ${JSON.stringify(subject)} ${why}\n`,
    );
  });
});

test('other authorizers are doubted unless one trusts them', () => {
  expect(readAuditorConfig([])).toMatchObject({ otherAuthorizers: 'Doubted' });
  expect(readAuditorConfig(['--other-authorizers', 'Trusted'])).toMatchObject({
    otherAuthorizers: 'Trusted',
  });
});

test('Flux is locked down where one says so, without a value', () => {
  expect(readAuditorConfig([])).toMatchObject({ fluxLockedDown: false });
  expect(readAuditorConfig(['--flux-locked-down'])).toMatchObject({ fluxLockedDown: true });
  expect(() => readAuditorConfig(['--flux-locked-down=false'])).toThrow('--flux-locked-down: takes no value');
});

describe('lockkeeper auditor', () => {
  test('--help tells of every flag', async () => {
    const { code, stdout, stderr } = await lockkeeper(['auditor', '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.match(/^ +(-h, )?--[a-z-]+/gm)?.map((each) => each.replace(/.*--/, '--'))).toEqual([
      '--controller-namespace',
      '--controller-service-account',
      '--trusted',
      '--flux-locked-down',
      '--other-authorizers',
      '--log-level',
      '--telemetry-address',
      '--kubeconfig',
      '--context',
      '--service-account-folder',
      '--help',
    ]);
  });

  test('tells of all mistakes at once', async () => {
    expect(
      await lockkeeper(['auditor', '--log-level', 'loud', '--context', 'x', '--config', 'y', 'now']),
    ).toEqual({
      code: 2,
      stdout: '',
      stderr: `lockkeeper auditor: 4 mistake(s) in its flags:
  --config: there is no such flag
  unexpected argument "now"
  --log-level: Invalid option: expected one of "error"|"warn"|"info"|"debug"
  --context: says which context of a kubeconfig: give --kubeconfig too
See: lockkeeper auditor --help
`,
    });
  });

  test('outside of a cluster says what to do, and that it is no use to try again', async () => {
    const { code, stdout, stderr } = await lockkeeper(['auditor']);
    expect([code, stderr]).toEqual([2, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      level: 'error',
      msg: 'the auditor failed',
      err: {
        code: 'NotInCluster',
        message: expect.stringMatching(/outside of a cluster give --kubeconfig$/),
      },
    });
  });
});
