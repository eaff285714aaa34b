import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Cluster } from '../../sandbox/cluster/cluster.ts';
import { obtainControlPlane } from '../../sandbox/cluster/obtain-control-plane.ts';
import { Fleet } from './fleet.ts';
import { errorEvent, startScene, type Scene } from './scene.ts';

let cluster: Cluster;
let fleet: Fleet;
let scene: Scene;

beforeAll(async () => {
  cluster = await obtainControlPlane({ say: () => undefined });
  fleet = new Fleet(cluster, 'connection.faults.test', await cluster.freshNamespace('faults'));
  await cluster.applyYaml(fleet.definition);
}, 600_000); // the first start on a machine builds the servers
afterEach(() => scene.close());
afterAll(() => cluster.stop());

async function start(): Promise<void> {
  await fleet.createMany(3);
  scene = await startScene(cluster, fleet);
}

test('reset in mid-watch', async () => {
  await start();
  scene.watch.reset();
  await fleet.change();
  await scene.recovered('reset in mid-watch');
  expect(scene.asked().whole).toBe(1);
  expect(scene.troubles).toEqual(['Unavailable']);
});

test('ERROR event 410', async () => {
  await start();
  scene.expire();
  await fleet.change();
  await scene.recovered('ERROR event 410');
  expect(scene.asked().whole).toBe(2);
  expect(scene.troubles).toEqual([]);
});

test('ERROR event 500', async () => {
  await start();
  scene.watch.inject(errorEvent(500));
  await fleet.change();
  await scene.recovered('ERROR event 500');
  expect(scene.asked().whole).toBe(1);
  expect(scene.troubles).toEqual(['Unavailable']);
});
