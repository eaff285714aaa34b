import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { CodedError } from '../../../src/base/error.ts';
import { Secret } from '../../../src/base/secret.ts';
import { Cluster } from './cluster.ts';
import type { ClusterParts } from './cluster.ts';

const connectionSchema = z.object({
  server: z.url(),
  /** Base64 of a PEM. */
  caData: z.string().min(1),
  /** A file with nothing but the token of a member of `system:masters`. */
  adminTokenFile: z.string().min(1),
});

/** What it takes to be the administrator of a running cluster, as JSON in a file. */
export type Connection = z.infer<typeof connectionSchema>;

interface Attaching {
  readonly connectionFile: string;
  readonly say: (line: string) => void;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Uses a cluster that another process has started; stopping it leaves that cluster as it is, with the objects that were made.
 * Rejects with `ClusterUnreachable` when the file or the server is not there.
 */
export async function attachControlPlane({
  connectionFile,
  say,
  env = process.env,
}: Attaching): Promise<Cluster> {
  const { adminToken, ...connection } = await read(connectionFile);
  const folder = await mkdtemp(join(env['TMPDIR'] ?? tmpdir(), 'lockkeeper-attached-'));
  const cluster = new AttachedCluster({ ...connection, adminToken, folder, say, env });
  try {
    await cluster.kubeconfigFor({ token: adminToken, folder, name: 'admin' });
    const { status } = await cluster.api('GET', '/readyz');
    if (status !== 200)
      throw new CodedError('ClusterUnreachable', `${connection.server} answers ${status}, not ready`);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

class AttachedCluster extends Cluster {
  readonly #folder: string;

  constructor(parts: ClusterParts) {
    super(parts);
    this.#folder = parts.folder;
  }

  override async stop(): Promise<void> {
    await super.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function read(connectionFile: string): Promise<{ server: string; caData: string; adminToken: Secret }> {
  try {
    const { server, caData, adminTokenFile } = connectionSchema.parse(
      JSON.parse(await readFile(connectionFile, 'utf8')),
    );
    return { server, caData, adminToken: new Secret(await readFile(adminTokenFile, 'utf8')) };
  } catch (cause) {
    const message = `${connectionFile} describes no running cluster: unset LOCKKEEPER_TEST_CLUSTER to start one`;
    throw new CodedError('ClusterUnreachable', message, { cause });
  }
}
