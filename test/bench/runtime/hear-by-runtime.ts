import { createInterface } from 'node:readline';
import { Secret } from '../../../src/base/secret.ts';
import type { AppObject } from '../../../src/engines/engine.ts';
import { engines } from '../../../src/engines/index.ts';
import { Controller } from '../../../src/kube/controller.ts';
import { Reflector } from '../../../src/kube/reflector/reflector.ts';
import type { Stored } from '../../../src/kube/reflector/store.ts';
import { Transport } from '../../../src/kube/transport/transport.ts';
import { hearSetting, monotonicMs, tellLater } from './hearing.ts';

/** The runtime alone, with the projection of HelmReleases and a reconcile that does nothing but to tell that it was called. */
for await (const line of createInterface({ input: process.stdin })) {
  const { server, ca, token } = hearSetting.parse(JSON.parse(line));
  const tell = tellLater();
  const secret = new Secret(token);
  const transport = new Transport({ server, tls: () => ({ ca }), token: () => secret });
  const helmRelease = engines['helm.toolkit.fluxcd.io/HelmRelease'];
  const controller = new Controller({
    name: 'apps',
    concurrency: 8,
    deadlineMs: 10_000,
    reconcile: async (key) => {
      const atMs = monotonicMs();
      const version = reflector.store.get(key)?.metadata.resourceVersion ?? '';
      tell({ key, version, atMs });
      return await Promise.resolve({});
    },
    onFailure: (key, error) => process.stderr.write(`${key}: ${String(error)}\n`),
  });
  const reflector = new Reflector<AppObject & Stored>({
    transport,
    resource: { group: helmRelease.group, version: 'v2', plural: 'helmreleases' },
    project: (object) => helmRelease.project(object),
    onChange: ({ key }) => {
      if (synced) controller.queue.add(key);
    },
    onTrouble: (error) => process.stderr.write(`${String(error)}\n`),
  });
  let synced = false;
  controller.start();
  await reflector.start();
  synced = true;
  process.stdout.write('synced\n');
}
process.exit(0);
