import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { Cluster } from '../../sandbox/cluster/cluster.ts';
import type { KubeObject } from '../../sandbox/cluster/cluster-client.ts';
import { obtainControlPlane } from '../../sandbox/cluster/obtain-control-plane.ts';
import { Fleet } from './fleet.ts';
import { openScene, type Scene, type SceneOptions } from './scene.ts';

/** Where the tests of one file play: a group of their own on the shared control plane. */
export interface Stage {
  readonly cluster: Cluster;
  /** In a namespace of its own. */
  readonly fleet: Fleet;
  /** Before three boats at least; closed after the test. */
  readonly open: (options?: StageOptions) => Promise<Scene>;
  /** The same, once the store has all and the watch is open. */
  readonly start: (options?: StageOptions) => Promise<Scene>;
  /** Writes something of another kind; gives the version of the write, which the server then knows to be past. */
  readonly writeElsewhere: () => Promise<string>;
}

export interface StageOptions extends SceneOptions {
  /** Whose changes have to be seen to, in place of the stage's own. */
  readonly fleet?: Fleet;
}

/** To be called once at the top of a test file. */
export function setStage(word: string): Stage {
  let cluster: Cluster;
  let fleet: Fleet;
  const scenes: Scene[] = [];

  beforeAll(async () => {
    cluster = await obtainControlPlane({ say: () => undefined });
    fleet = new Fleet(cluster, `${word}.faults.test`, await cluster.freshNamespace('faults'));
    await cluster.applyYaml(fleet.definition);
    await fleet.createMany(3);
  }, 600_000); // the first start on a machine builds the servers
  afterEach(async () => {
    const [first, ...others] = scenes.splice(0);
    await Promise.all(others.map((scene) => scene.end()));
    // It knows what there was before all of them.
    await first?.close();
  }, 60_000);
  afterAll(() => cluster.stop());

  const open = async ({ fleet: other = fleet, ...options }: StageOptions = {}): Promise<Scene> => {
    const scene = await openScene(cluster, other, options);
    scenes.push(scene);
    return scene;
  };
  return {
    get cluster() {
      return cluster;
    },
    get fleet() {
      return fleet;
    },
    open,
    start: async (options) => {
      const scene = await open(options);
      await scene.start();
      return scene;
    },
    writeElsewhere: async () => {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'elsewhere-' } };
      const path = `/api/v1/namespaces/${fleet.namespace}/configmaps`;
      const { body: written } = await cluster.api<KubeObject>('POST', path, body);
      // A list that is up to date: until somebody asks, the server's cache of a quiet kind stays where it is.
      await fleet.all();
      return written.metadata.resourceVersion ?? '';
    },
  };
}
