import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Secret } from '../../../src/base/secret.ts';
import { renderChart, systemNamespace, type ChartProcess } from '../../sandbox/chart.ts';
import { startControlPlane, type ControlPlane } from '../../sandbox/cluster/control-plane.ts';
import { startWatchdog, type Watchdog } from '../../sandbox/cluster/watchdog.ts';
import { startController, type ControllerProcess } from '../../sandbox/controller-process.ts';
import { Endings } from '../../sandbox/endings.ts';
import { fill } from '../runtime/fill.ts';
import type { Wishes } from '../wishes.ts';
import { rbacFleet, type RbacSize } from './rbac-fleet.ts';

/** A real API server with the chart installed and a fleet of rights in it; auditors are started and ended one by one. */
export interface AuditStage {
  readonly cluster: ControlPlane;
  /** Of the auditor's account. */
  token(): Promise<Secret>;
  startAuditor(): Promise<ControllerProcess>;
  stop(): Promise<void>;
}

interface Made {
  readonly cluster: ControlPlane;
  readonly folder: string;
  readonly watchdog: Watchdog;
  readonly process: ChartProcess;
}

export async function startAuditStage(
  size: RbacSize,
  { say, signal, nodeArgs }: Pick<Wishes, 'say' | 'signal' | 'nodeArgs'>,
): Promise<AuditStage> {
  const endings = new Endings();
  try {
    const made = await install(endings, { say, signal });
    const { cluster, folder, watchdog } = made;
    const filling = { cluster, say, signal };
    const fleet = rbacFleet(size);
    await fill(filling, 'namespaces', fleet.namespaces);
    await fill(filling, 'service accounts', fleet.accounts);
    await fill(filling, 'roles', fleet.roles);
    await fill(filling, 'bindings', fleet.bindings);
    await fill(filling, 'Credentials', fleet.credentials);
    let starts = 0;
    const token = (): Promise<Secret> =>
      cluster.requestToken({ namespace: systemNamespace, serviceAccount: 'lockkeeper-auditor' });
    return {
      cluster,
      token,
      startAuditor: async () => {
        starts += 1;
        const auditor = await startController({
          folder: join(folder, `auditor-${starts}`),
          chart: made.process,
          server: cluster.server,
          ca: cluster.ca,
          token: await token(),
          nodeArgs,
          readyWithinMs: 120_000,
          watchdog,
        });
        endings.push(() => auditor.stop());
        return auditor;
      },
      stop: () => endings.run(),
    };
  } catch (thrown) {
    await endings.run();
    throw thrown;
  }
}

async function install(endings: Endings, { say, signal }: Pick<Wishes, 'say' | 'signal'>): Promise<Made> {
  const folder = await mkdtemp(join(tmpdir(), 'lockkeeper-bench-'));
  const watchdog = startWatchdog({ folder });
  endings.push(() => watchdog.close());
  const cluster = await startControlPlane({ say, signal });
  endings.push(() => cluster.stop());
  const { objects, auditor } = await renderChart((await cluster.tools()).helm, {});
  if (auditor === undefined) throw new Error('the chart has no auditor');
  await cluster.ensureNamespace(systemNamespace);
  const applied = objects.filter(({ kind }) => kind !== 'Deployment');
  await cluster.applyYaml(applied.map((object) => stringify(object)).join('---\n'));
  return { cluster, folder, watchdog, process: auditor };
}
