import { attachControlPlane } from './attach-control-plane.ts';
import type { Cluster } from './cluster.ts';
import { startControlPlane } from './control-plane.ts';
import type { Starting } from './control-plane.ts';

/**
 * A cluster for a test file: the one that `LOCKKEEPER_TEST_CLUSTER` describes (the path of a control plane's `connectionFile`),
 * else one of its own. Stop it in `afterAll`. As it may be shared, a test keeps to namespaces of its own (`freshNamespace`); one
 * that kills servers calls `startControlPlane`.
 */
export function obtainControlPlane(options: Starting): Promise<Cluster> {
  const { say, env = process.env } = options;
  const connectionFile = env['LOCKKEEPER_TEST_CLUSTER'];
  return connectionFile ? attachControlPlane({ connectionFile, say, env }) : startControlPlane(options);
}
