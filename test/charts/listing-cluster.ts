import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFaultProxy } from '../kube/fault-proxy.ts';
import { startControlPlane, type ControlPlane } from '../sandbox/cluster/control-plane.ts';
import type { ControllerOptions } from '../sandbox/controller-process.ts';

/** A control plane that nobody else uses, before which lists are not streamed, as by older API servers: else nobody would need to list. */
export interface ListingCluster {
  readonly cluster: ControlPlane;
  /** Where processes under test are to ask. */
  readonly shown: Pick<ControllerOptions, 'server' | 'ca'>;
  /** For what those processes need. */
  readonly folder: string;
  readonly stop: () => Promise<void>;
}

export async function startListingCluster(): Promise<ListingCluster> {
  const cluster = await startControlPlane({ say: () => undefined });
  const proxy = await startFaultProxy(cluster);
  proxy.plan({
    on: ({ query }) => query['sendInitialEvents'] === 'true',
    effect: { kind: 'refuse', status: 422 },
    times: Infinity,
  });
  const folder = await mkdtemp(join(tmpdir(), 'lockkeeper-listing-'));
  return {
    cluster,
    shown: { server: proxy.server, ca: proxy.ca },
    folder,
    stop: async () => {
      await proxy.close();
      await cluster.stop();
      await rm(folder, { recursive: true });
    },
  };
}
