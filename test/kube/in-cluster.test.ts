import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { inCluster } from '../../src/kube/in-cluster.ts';

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

describe('a token that the kubelet has replaced', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('is used within a minute', () => {
    const { token } = inCluster(folder, env);
    writeFileSync(join(folder, 'token'), 'second');
    jest.advanceTimersByTime(59_000);
    expect(token({ fresh: false })?.expose()).toBe('first');
    jest.advanceTimersByTime(2_000);
    expect(token({ fresh: false })?.expose()).toBe('second');
  });

  test('is used at once when the old one was refused, and from then on', () => {
    const { token } = inCluster(folder, env);
    writeFileSync(join(folder, 'token'), 'second');
    expect(token({ fresh: true })?.expose()).toBe('second');
    expect(token({ fresh: false })?.expose()).toBe('second');
  });
});
