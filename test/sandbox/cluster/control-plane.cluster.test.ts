import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { locateBinaries } from './binaries.ts';
import { Cluster } from './cluster.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { isProcessRunning } from './is-process-running.ts';
import { obtainControlPlane } from './obtain-control-plane.ts';

/** With nothing in the cache the first test file that comes here builds for minutes. */
const patientMs = 15 * 60_000;
const startMs = 60_000;
const say = (): void => undefined;

/** Others run clusters too: what is left is looked for in a folder of our own. */
const temporary = mkdtempSync(join(tmpdir(), 'lockkeeper-test-'));
const env = { ...process.env, TMPDIR: temporary };
afterAll(() => rmSync(temporary, { recursive: true }));

const here = fileURLToPath(new URL('.', import.meta.url));

describe('a control plane', () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startControlPlane({ say, env });
  }, patientMs);
  afterAll(() => plane?.stop());

  test('is a real kube-apiserver 1.36 with the namespaces that every cluster has', async () => {
    expect(await plane.api('GET', '/version')).toMatchObject({
      status: 200,
      body: { major: '1', minor: '36' },
    });
    const { body } = await plane.api<{ items: { metadata: { name: string } }[] }>(
      'GET',
      '/api/v1/namespaces',
    );
    expect(body.items.map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['default', 'kube-public', 'kube-system']),
    );
  });

  test("a service account's token is that account, and may do what it was granted and nothing else", async () => {
    const namespace = await plane.freshNamespace('rbac');
    await plane.applyYaml(`
apiVersion: v1
kind: ServiceAccount
metadata: { name: reader, namespace: ${namespace} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader, namespace: ${namespace} }
rules: [{ apiGroups: [''], resources: [configmaps], verbs: [list] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: reader, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }
subjects: [{ kind: ServiceAccount, name: reader, namespace: ${namespace} }]
`);
    const token = await plane.requestToken({ namespace, serviceAccount: 'reader', expirationSeconds: 600 });
    const reader = plane.as(token);
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    expect(
      await reader.api('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', review),
    ).toMatchObject({
      body: { status: { userInfo: { username: `system:serviceaccount:${namespace}:reader` } } },
    });
    const read = async (path: string): Promise<number> => (await reader.api('GET', path)).status;
    const granted = `/api/v1/namespaces/${namespace}/configmaps`;
    await eventually('the role counts', async () => (await read(granted)) !== 403);
    expect({
      granted: await read(granted),
      otherKind: await read(`/api/v1/namespaces/${namespace}/secrets`),
      otherNamespace: await read('/api/v1/namespaces/default/configmaps'),
    }).toEqual({ granted: 200, otherKind: 403, otherNamespace: 403 });
    const refused = await plane.kubectl(['get', 'secrets', '-n', namespace], { token });
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot list resource "secrets"'),
    });
  });

  test('a token for a service account that is not there is refused by name', async () => {
    const asking = plane.requestToken({ namespace: 'default', serviceAccount: 'nobody' });
    await expect(asking).rejects.toMatchObject({
      code: 'ClusterRefused',
      message: 'the apiserver answered 404 to the request for a token of service account default/nobody',
    });
  });

  test('a kubeconfig is enough for kubectl, and is for our eyes only', async () => {
    expect(statSync(plane.adminKubeconfig).mode & 0o777).toBe(0o600);
    const { kubectl } = await plane.tools();
    const child = spawn(kubectl, ['--kubeconfig', plane.adminKubeconfig, 'auth', 'can-i', '*', '*'], {
      stdio: 'pipe',
    });
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('kubectl takes what is given to it, and leaves nothing in the home of the user', async () => {
    const namespace = await plane.freshNamespace('kubectl');
    const stdin = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"${namespace}"}}`;
    expect(await plane.kubectl(['apply', '-f', '-'], { stdin })).toEqual({
      code: 0,
      stdout: 'configmap/a created\n',
      stderr: '',
    });
    expect(existsSync(join(dirname(plane.adminKubeconfig), '.kube', 'cache'))).toBe(true);
  });

  test('a definition and objects of it can be applied in one text, and again', async () => {
    const text = readFileSync(join(here, 'boat.yaml'), 'utf8');
    await plane.applyYaml(text);
    const [, boat] = await plane.applyYaml(text);
    expect(boat).toMatchObject({
      kind: 'Boat',
      metadata: { name: 'ida', namespace: 'default', generation: 1 },
    });
  });

  test('applying what the server refuses rejects with the server’s own sentence', async () => {
    const applying = plane.applyYaml('{ apiVersion: v1, kind: ConfigMap, metadata: { name: Bad_Name } }');
    await expect(applying).rejects.toMatchObject({
      code: 'ApplyFailed',
      message: expect.stringMatching(/^ConfigMap Bad_Name was refused \(422\): .*Invalid value: "Bad_Name"/),
    });
    const unknown = plane.applyYaml('{ apiVersion: v1, kind: Ship, metadata: { name: ida } }');
    await expect(unknown).rejects.toMatchObject({
      message: 'v1 has no kind Ship: apply its definition first',
    });
  });

  test('making a namespace that is there is no mistake', async () => {
    const namespace = await plane.freshNamespace('again');
    await expect(plane.ensureNamespace(namespace)).resolves.toBeUndefined();
  });

  test('a server with a certificate of another authority is not spoken to', async () => {
    const caData = Buffer.from(rootCertificates[0] ?? '').toString('base64');
    const { server, adminToken } = plane;
    const stranger = new Cluster({ server, adminToken, caData, folder: tmpdir(), say, env: {} });
    await expect(stranger.api('GET', '/version')).rejects.toMatchObject({
      code: 'SELF_SIGNED_CERT_IN_CHAIN',
    });
    await stranger.stop();
  });

  test('other processes use it through its connection file, and cannot end it', async () => {
    const before = readdirSync(temporary);
    const other = await obtainControlPlane({
      say,
      env: { ...env, LOCKKEEPER_TEST_CLUSTER: plane.connectionFile },
    });
    const namespace = await other.freshNamespace('shared');
    expect(await other.kubectl(['get', 'namespace', namespace, '-o', 'name'])).toMatchObject({
      stdout: `namespace/${namespace}\n`,
    });
    await other.stop();
    expect({ server: other.server, folders: readdirSync(temporary) }).toEqual({
      server: plane.server,
      folders: before,
    });
    expect(await plane.api('GET', `/api/v1/namespaces/${namespace}`)).toMatchObject({ status: 200 });
  });

  test('a connection file that leads nowhere is named', async () => {
    const attaching = obtainControlPlane({ say, env: { LOCKKEEPER_TEST_CLUSTER: '/nowhere.json' } });
    await expect(attaching).rejects.toMatchObject({
      code: 'ClusterUnreachable',
      message: '/nowhere.json describes no running cluster: unset LOCKKEEPER_TEST_CLUSTER to start one',
    });
  });

  test(
    'a server that was killed comes back with its data, at the same address',
    async () => {
      const namespace = await plane.freshNamespace('kept');
      for (const name of ['etcd', 'kube-apiserver'] as const) {
        const { [name]: pid } = plane.pids;
        await plane.kill(name);
        expect({ gone: !isProcessRunning(pid ?? 0), pid: plane.pids[name] }).toEqual({
          gone: true,
          pid: undefined,
        });
        await plane.restart(name);
        expect(await plane.api('GET', `/api/v1/namespaces/${namespace}`)).toMatchObject({ status: 200 });
      }
    },
    startMs,
  );

  test(
    'both servers can be away at once',
    async () => {
      await plane.kill('kube-apiserver', 'SIGTERM');
      await plane.kill('etcd', 'SIGTERM');
      await plane.restart('etcd');
      await plane.restart('kube-apiserver');
      expect(await plane.api('GET', '/readyz')).toMatchObject({ status: 200 });
    },
    startMs,
  );

  test('a server that is stopped answers again when it goes on', async () => {
    await plane.kill('kube-apiserver', 'SIGSTOP');
    const answer = plane.api('GET', '/readyz');
    await plane.kill('kube-apiserver', 'SIGCONT');
    expect(await answer).toMatchObject({ status: 200 });
  });

  test('starting a server that runs is refused', async () => {
    await expect(plane.restart('kube-apiserver')).rejects.toMatchObject({ code: 'ServerRunning' });
  });
});

describe('what is left of a control plane', () => {
  test(
    'that is stopped, twice and with a server that does not listen: no process and no folder',
    async () => {
      const plane = await startControlPlane({ say, env });
      const folder = dirname(plane.connectionFile);
      const pids = Object.values(plane.pids).map(Number);
      await plane.kill('etcd', 'SIGSTOP');
      await Promise.all([plane.stop(), plane.stop()]);
      expect({ running: pids.filter(isProcessRunning), folder: existsSync(folder) }).toEqual({
        running: [],
        folder: false,
      });
    },
    startMs,
  );

  test.each([
    ['is killed', 'process.kill(process.pid, "SIGKILL")', 'later'],
    ['is interrupted', 'process.kill(process.pid, "SIGINT")', 'later'],
    ['fails', 'throw new Error("a mistake")', 'at once'],
    ['ends without a word', 'process.exit(0)', 'at once'],
  ])(
    'when the process that started it %s: no process and no folder',
    async (_how, end, when) => {
      const before = readdirSync(temporary).length;
      const code = `
      import { dirname } from 'node:path';
      import { startControlPlane } from './control-plane.ts';
      const plane = await startControlPlane({ say: () => undefined });
      await new Promise((resolve) => process.stdout.write(JSON.stringify([dirname(plane.connectionFile), ...Object.values(plane.pids)]) + '\\n', resolve));
      ${end};`;
      const parent = spawn(process.execPath, ['--input-type=module', '--eval', code], {
        cwd: here,
        env,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let output = '';
      parent.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      const pipeEmpty = once(parent.stdout, 'end');
      await once(parent, 'exit');
      const foldersAtOnce = readdirSync(temporary).length;
      await pipeEmpty;
      const [folder, ...pids] = JSON.parse(output) as [string, number, number]; // written by the lines above
      expect(pids).toHaveLength(2);
      if (when === 'at once') expect(foldersAtOnce).toBe(before);
      await eventually(
        'its servers and its folder are gone',
        () => !pids.some(isProcessRunning) && !existsSync(folder),
      );
    },
    startMs,
  );

  test(
    'whose start is given up half-way: no folder',
    async () => {
      const before = readdirSync(temporary);
      const giveUp = new AbortController();
      const starting = startControlPlane({ say, env, signal: giveUp.signal });
      starting.catch(() => undefined);
      await eventually(
        'etcd listens',
        () =>
          readdirSync(temporary).some(
            (name) => !before.includes(name) && existsSync(join(temporary, name, 'etcd.sock')),
          ),
        { deadlineMs: startMs / 2 },
      );
      giveUp.abort();
      await expect(starting).rejects.toMatchObject({ name: 'AbortError' });
      expect(readdirSync(temporary)).toEqual(before);
    },
    startMs,
  );
});

describe('a control plane that cannot start', () => {
  test('says which server and the last lines of its log, and leaves no folder', async () => {
    const before = readdirSync(temporary);
    const { etcd } = await locateBinaries({ say });
    const kubeApiserver = { file: '/bin/sh', args: ['-c', 'echo no such flag; exit 3'] };
    const starting = startControlPlane({ say, env, binaries: { etcd, kubeApiserver } });
    await expect(starting).rejects.toMatchObject({
      code: 'ServerEnded',
      message: 'kube-apiserver ended with code 3; the end of its log:\n  no such flag',
    });
    expect(readdirSync(temporary)).toEqual(before);
  });

  test('names a program that is not there', async () => {
    const nothing = { file: '/nowhere/etcd', args: [] };
    const starting = startControlPlane({ say, env, binaries: { etcd: nothing, kubeApiserver: nothing } });
    await expect(starting).rejects.toMatchObject({ message: 'etcd could not be started from /nowhere/etcd' });
  });

  test(
    'on a port that another process has just taken takes another port',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'lockkeeper-test-'));
      const { etcd, kubeApiserver } = await locateBinaries({ say });
      const once = `mkdir ${folder}/refused 2>/dev/null && { echo "bind: address already in use"; exit 1; }; exec "$0" "$@"`;
      const refusing = { file: '/bin/sh', args: ['-c', once, kubeApiserver.file, ...kubeApiserver.args] };
      const plane = await startControlPlane({ say, env, binaries: { etcd, kubeApiserver: refusing } });
      expect(await plane.api('GET', '/readyz')).toMatchObject({ status: 200 });
      await plane.stop();
      rmSync(folder, { recursive: true });
    },
    startMs,
  );
});
