import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boatDefinition } from '../kube/boat-definition.ts';
import { startFaultProxy } from '../kube/fault-proxy.ts';
import { startControlPlane } from '../sandbox/cluster/control-plane.ts';
import { startWatchdog } from '../sandbox/cluster/watchdog.ts';
import { Endings } from '../sandbox/endings.ts';
import { makeAccount } from './account.ts';
import { makeNamespaces } from './churn.ts';
import type { Breakable } from './faults.ts';
import { RuntimeProcess } from './runtime-process.ts';

export interface World extends Omit<Breakable, 'runtime'> {
  /** Starts the runtime under soak; once. */
  readonly startRuntime: (seed: number) => RuntimeProcess;
  /** Ends everything that is there, and leaves nothing. */
  readonly stop: () => Promise<void>;
}

/** A control plane with the kind and namespaces, and the proxy before it. Nothing is left when the promise rejects. */
export async function startWorld(say: (line: string) => void, signal: AbortSignal): Promise<World> {
  const endings = new Endings();
  try {
    const controlPlane = await startControlPlane({ say, signal });
    endings.push(() => controlPlane.stop());
    const folder = await mkdtemp(join(tmpdir(), 'lockkeeper-soak-'));
    const watchdog = startWatchdog({ folder });
    endings.push(() => watchdog.close());
    const proxy = await startFaultProxy(controlPlane);
    endings.push(() => proxy.close());
    await controlPlane.applyYaml(boatDefinition);
    await makeNamespaces(controlPlane);
    const account = await makeAccount(controlPlane, folder, proxy.ca);
    signal.throwIfAborted();
    return {
      controlPlane,
      proxy,
      account,
      startRuntime: (seed) => {
        const runtime = new RuntimeProcess(proxy.server, { accountFolder: folder, seed }, watchdog);
        endings.push(() => runtime.kill());
        return runtime;
      },
      stop: () => endings.run(),
    };
  } catch (thrown) {
    await endings.run();
    throw thrown;
  }
}
