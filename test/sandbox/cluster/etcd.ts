import { cp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from 'undici';
import { z } from 'zod';
import { CodedError } from '../../../src/base/error.ts';
import type { ControlPlane } from './control-plane.ts';
import { files } from './server-flags.ts';

const deadlineMs = 10_000;
const ranged = z.object({ header: z.object({ revision: z.string() }) });

/**
 * Makes etcd forget all versions before the present one, as every cluster does every few minutes; gives that version. An apiserver that runs
 * still has what it holds in memory. Rejects with `EtcdRefused`.
 */
export async function compact(plane: ControlPlane): Promise<string> {
  const { header } = ranged.parse(
    await ask(plane, 'kv/range', { key: Buffer.from('none').toString('base64') }),
  );
  await ask(plane, 'kv/compaction', { revision: header.revision, physical: true });
  return header.revision;
}

/** Keeps a copy of what etcd has now for `restore`, in place of an earlier one; both servers are restarted for it. */
export async function backUp(plane: ControlPlane): Promise<void> {
  await whileDown(plane, (folder) => replace(join(folder, files.etcdBackup), join(folder, files.etcdData)));
}

/** Puts etcd back to what it had at `backUp`; both servers are restarted for it. What was written since then has never been. */
export async function restore(plane: ControlPlane): Promise<void> {
  await whileDown(plane, (folder) => replace(join(folder, files.etcdData), join(folder, files.etcdBackup)));
}

async function whileDown(plane: ControlPlane, act: (folder: string) => Promise<void>): Promise<void> {
  await plane.kill('kube-apiserver');
  await plane.kill('etcd', 'SIGTERM');
  await act(dirname(plane.connectionFile));
  await plane.restart('etcd');
  await plane.restart('kube-apiserver');
}

async function replace(target: string, source: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await cp(source, target, { recursive: true });
}

/** etcd's own API, as JSON over its socket. */
async function ask(plane: ControlPlane, what: string, body: object): Promise<unknown> {
  const socketPath = join(dirname(plane.connectionFile), files.etcdSocket);
  const client = new Client('http://localhost', { socketPath });
  try {
    const answer = await client.request({
      path: `/v3/${what}`,
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(deadlineMs),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new CodedError('EtcdRefused', `etcd refused ${what}: ${text}`);
    return JSON.parse(text);
  } finally {
    await client.destroy();
  }
}
