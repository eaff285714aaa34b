import { Pool } from 'undici';
import type { Cluster } from '../../sandbox/cluster/cluster.ts';
import type { Made } from './fleet-objects.ts';

const atOnce = 32;
const tellEveryMs = 5_000;

export interface Filling {
  readonly cluster: Pick<Cluster, 'server' | 'ca' | 'adminToken'>;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Makes objects, 32 at once, each by one create; gives their number. Rejects at the first refusal. */
export async function fill(
  { cluster, say, signal }: Filling,
  what: string,
  objects: Iterable<Made>,
): Promise<number> {
  const pool = new Pool(cluster.server, { connections: atOnce, connect: { ca: cluster.ca } });
  const headers = {
    authorization: `Bearer ${cluster.adminToken.expose()}`,
    'content-type': 'application/json',
    accept: 'application/json',
  };
  const left = objects[Symbol.iterator]();
  const began = performance.now();
  const told = { count: 0, at: began };
  const work = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true; next = left.next()) {
      signal.throwIfAborted();
      const { path, body } = next.value;
      const query = { fieldManager: 'helm-controller' };
      const answer = await pool.request({ method: 'POST', path, query, headers, body: JSON.stringify(body) });
      if (answer.statusCode !== 201) throw new Error(`POST ${path}: ${await answer.body.text()}`);
      await answer.body.dump();
      told.count += 1;
      const now = performance.now();
      if (now - told.at < tellEveryMs) continue;
      told.at = now;
      say(`${what}: ${told.count} after ${Math.round((now - began) / 1000)} s`);
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, work));
  } finally {
    await pool.destroy();
  }
  say(`${what}: ${told.count} in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return told.count;
}
