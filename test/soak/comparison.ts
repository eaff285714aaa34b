import { keyOf } from '../../src/kube/reflector/store.ts';
import { pathOf } from '../../src/kube/resource.ts';
import type { Cluster } from '../sandbox/cluster/cluster.ts';
import type { LaneDigest, LaneLines } from './questions.ts';
import { digestOf, lineOf, projectBoat, resource, sightOf, type SoakedBoat } from './soaked-boat.ts';

/** What a lane lacks against the server, and what it has too much. */
export interface Difference {
  /** Last states, of all boats there ever were, that no pass has seen. */
  readonly missed: number;
  /** The first few, for people. */
  readonly sentences: readonly string[];
}

const told = 10;

/** All boats, as the server has them now. */
export async function boatsOf(cluster: Cluster): Promise<readonly SoakedBoat[]> {
  const { status, body } = await cluster.api<{ items: unknown[] }>('GET', pathOf(resource));
  if (status !== 200) throw new Error(`the server does not list its boats: ${status}`);
  return body.items.map(projectBoat);
}

/** Whether a lane has what the server has, and has passed over the last state of each. */
export function isEqual(boats: readonly SoakedBoat[], { store, seen, indexFaults }: LaneDigest): boolean {
  return store === digestOf(boats.map(lineOf)) && seen === digestOf(sights(boats)) && indexFaults === 0;
}

export function differenceOf(boats: readonly SoakedBoat[], { name, store, seen }: LaneLines): Difference {
  const stored = differences(new Set(boats.map(lineOf)), new Set(store));
  const passed = differences(new Set(sights(boats)), new Set(seen));
  const sentences = [
    ...stored.lacking.map((line) => `${name}: not in the store: ${line}`),
    ...stored.surplus.map((line) => `${name}: in the store and not at the server: ${line}`),
    ...passed.lacking.map((line) => `${name}: no pass has seen ${line}`),
    ...passed.surplus.map((line) => `${name}: the last pass saw ${line}`),
  ];
  const keys = new Set([...passed.lacking, ...passed.surplus].map((line) => line.split(' ')[0]));
  return {
    missed: keys.size,
    sentences: [
      `${name}: ${stored.lacking.length} lacking and ${stored.surplus.length} too many in the store, ${keys.size} keys whose last state no pass has seen`,
      ...sentences.slice(0, told),
    ],
  };
}

function sights(boats: readonly SoakedBoat[]): string[] {
  return boats.map((boat) => sightOf(keyOf(boat), boat.metadata));
}

function differences(
  server: ReadonlySet<string>,
  lane: ReadonlySet<string>,
): { lacking: string[]; surplus: string[] } {
  return {
    lacking: [...server].filter((each) => !lane.has(each)),
    surplus: [...lane].filter((each) => !server.has(each)),
  };
}
