import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Connection } from '../../../src/kube/transport/connection.ts';
import { inCluster } from '../../../src/kube/clusters/in-cluster.ts';
import { AccountVolume, type Files } from './account-volume.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockkeeper-account-'));
  writeFileSync(join(folder, 'ca.crt'), 'CA');
  writeFileSync(join(folder, 'token'), 'first\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

test("a Pod's environment and its service account's folder are a connection", () => {
  const { server, tls, token } = inCluster(folder, env);
  expect([server, tls({ fresh: false }).ca, token({ fresh: false })?.expose()]).toEqual([
    'https://10.96.0.1:443',
    'CA',
    'first',
  ]);
});

test('an address of IPv6 is one too', () => {
  expect(inCluster(folder, { ...env, KUBERNETES_SERVICE_HOST: 'fd00::1' }).server).toBe(
    'https://[fd00::1]:443',
  );
});

test.each(['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT'])(
  'without %s it says what to do outside of a cluster',
  (name) => {
    expect(() => inCluster(folder, { ...env, [name]: undefined })).toThrow(
      expect.objectContaining({
        code: 'NotInCluster',
        message:
          'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: outside of a cluster give --kubeconfig',
      }),
    );
  },
);

test.each(['ca.crt', 'token'])('a folder without %s is named', (name) => {
  const path = join(folder, name);
  unlinkSync(path);
  expect(() => inCluster(folder, env)).toThrow(
    expect.objectContaining({ code: 'NotInCluster', message: `cannot read ${path} (ENOENT)` }),
  );
});

test.each(['ca.crt', 'token'])('an empty %s is named', (name) => {
  const path = join(folder, name);
  writeFileSync(path, '\n');
  expect(() => inCluster(folder, env)).toThrow(
    expect.objectContaining({ code: 'NotInCluster', message: `cannot use ${path}: it is empty` }),
  );
});

describe('what the kubelet has replaced, by moving the link to its folder,', () => {
  let volume: AccountVolume;
  let connection: Connection;
  const troubles: string[] = [];
  beforeEach(() => {
    jest.useFakeTimers();
    volume = new AccountVolume({ token: 'first\n', 'ca.crt': 'CA' });
    connection = inCluster(volume.folder, env, ({ code, message }) => {
      troubles.push(`${code}: ${message.replace(volume.folder, 'FOLDER')}`);
    });
  });
  afterEach(() => {
    jest.useRealTimers();
    volume.remove();
    troubles.length = 0;
  });

  const seen = (fresh = false): (string | undefined)[] => [
    connection.token({ fresh })?.expose(),
    connection.tls({ fresh }).ca,
  ];
  const second = { token: 'second', 'ca.crt': 'other CA' };

  test('is used within a minute', () => {
    volume.replace(second);
    jest.advanceTimersByTime(59_000);
    expect(seen()).toEqual(['first', 'CA']);
    jest.advanceTimersByTime(2_000);
    expect(seen()).toEqual(['second', 'other CA']);
  });

  test('is read once a minute, however many requests there are', () => {
    volume.replace(second);
    jest.advanceTimersByTime(61_000);
    expect(seen()).toEqual(['second', 'other CA']);
    volume.replace({ token: 'third', 'ca.crt': 'third CA' });
    jest.advanceTimersByTime(59_000);
    expect(seen()).toEqual(['second', 'other CA']);
    jest.advanceTimersByTime(2_000);
    expect(seen()).toEqual(['third', 'third CA']);
  });

  test('is used at once when the old one did not serve, and from then on', () => {
    volume.replace(second);
    expect(seen(true)).toEqual(['second', 'other CA']);
    expect(seen()).toEqual(['second', 'other CA']);
  });

  test('is the same object until it is read again', () => {
    expect(connection.tls({ fresh: false })).toBe(connection.tls({ fresh: false }));
  });

  test.each<[string, Partial<Files>, string, string]>([
    ['that is gone', {}, 'cannot read FOLDER/token (ENOENT)', 'cannot read FOLDER/ca.crt (ENOENT)'],
    [
      'that is empty',
      { token: '', 'ca.crt': ' \n' },
      'cannot use FOLDER/token: it is empty',
      'cannot use FOLDER/ca.crt: it is empty',
    ],
  ])('leaves the old one in use where it is a file %s, and says so once', (_, files, ...said) => {
    volume.replace(files);
    for (let time = 0; time < 3; time += 1) {
      jest.advanceTimersByTime(61_000);
      expect(seen()).toEqual(['first', 'CA']);
      expect(seen(true)).toEqual(['first', 'CA']);
    }
    const both = said.map((each) => `NotInCluster: ${each}`);
    expect(troubles).toEqual(both);
    volume.replace(second);
    jest.advanceTimersByTime(61_000);
    expect(seen()).toEqual(['second', 'other CA']);
    volume.replace(files);
    expect(seen(true)).toEqual(['second', 'other CA']);
    expect(troubles).toEqual([...both, ...both]);
  });
});
