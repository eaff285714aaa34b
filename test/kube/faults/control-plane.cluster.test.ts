import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../sandbox/cluster/control-plane.ts';
import { backUp, compact, restore } from '../../sandbox/cluster/etcd.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { Fleet } from './fleet.ts';
import { openScene, type Scene } from './scene.ts';

const testMs = 150_000;
let plane: ControlPlane;
let fleet: Fleet;
let scene: Scene;

beforeAll(async () => {
  plane = await startControlPlane({ say: () => undefined });
  fleet = new Fleet(plane, 'servers.faults.test', await plane.freshNamespace('faults'));
  await plane.applyYaml(fleet.definition);
  await fleet.createMany(20);
}, 600_000); // the first start on a machine builds the servers
afterEach(() => scene.close(), testMs);
afterAll(() => plane?.stop());

async function start(silenceMs?: number): Promise<void> {
  scene = await openScene(plane, fleet, silenceMs === undefined ? {} : { silenceMs });
  await scene.start();
}

test(
  'the apiserver is killed and started again on the same etcd',
  async () => {
    await start();
    await fleet.change();
    await plane.kill('kube-apiserver');
    await eventually('it is away', () => scene.troubles.length >= 2);
    await plane.restart('kube-apiserver');
    const since = performance.now();
    await fleet.change();
    await scene.recovered('apiserver killed and started again', { since, withinMs: 60_000 });
  },
  testMs,
);

test(
  'the apiserver is started again on an etcd that was compacted',
  async () => {
    await start();
    scene.proxy.cut();
    await fleet.change();
    await plane.kill('kube-apiserver');
    const version = await compact(plane);
    await plane.restart('kube-apiserver');
    // So the version that we were at is refused, and nothing can be resumed.
    const path = `/apis/${fleet.resource.group}/v1/boats?watch=1&resourceVersion=${Number(version) - 1}`;
    await fleet.change();
    expect(await refusalOf(path)).toBe(410);
    scene.proxy.mend();
    await scene.recovered('apiserver started again on a compacted etcd', { withinMs: 60_000 });
    expect(scene.asked().whole).toBe(2);
  },
  testMs,
);

test(
  'etcd stands still for 30 s',
  async () => {
    await start(3_000);
    await plane.kill('etcd', 'SIGSTOP');
    const endsAt = performance.now() + 30_000;
    await eventually('30 s are over', () => performance.now() > endsAt, { deadlineMs: 60_000 });
    await plane.kill('etcd', 'SIGCONT');
    const since = performance.now();
    await plane.untilReady(AbortSignal.timeout(60_000));
    await fleet.change();
    await scene.recovered('etcd stood still for 30 s', { since, withinMs: 60_000 });
  },
  testMs,
);

test(
  'etcd is put back to an older copy of its data',
  async () => {
    await backUp(plane);
    await start();
    for (const _ of [1, 2, 3, 4, 5]) await fleet.change();
    await scene.recovered();
    await restore(plane);
    const since = performance.now();
    await fleet.change();
    await scene.recovered('etcd put back to an older copy', { since, withinMs: 60_000 });
    expect(scene.troubles).toContain('Gone');
  },
  testMs,
);

/** The status in a watch's answer, or in its first event. */
async function refusalOf(path: string): Promise<unknown> {
  const { status, body } = await plane.api(`GET`, `${path}&timeoutSeconds=5`);
  if (status !== 200) return status;
  const { object } = (typeof body === 'string' ? JSON.parse(body.split('\n')[0] ?? '') : body) as {
    object: { code: number };
  }; // an ERROR event
  return object.code;
}
