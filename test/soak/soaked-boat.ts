import { createHash } from 'node:crypto';
import { z } from 'zod';
import { keyOf, type Stored } from '../../src/kube/reflector/store.ts';
import { boats } from '../kube/boat-definition.ts';

/** The kind that is soaked in a cluster of its own. */
export const resource = boats;

/** What is kept of a boat, by the runtime under soak and by us who compare. */
export interface SoakedBoat extends Stored {
  readonly town: string;
  readonly level: number;
  /** The level in its status; undefined: none was written. */
  readonly written: number | undefined;
}

const boat = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
  }),
  spec: z.object({ town: z.string(), level: z.number() }),
  status: z.object({ level: z.number().optional() }).optional(),
});

/** Throws what zod throws. */
export function projectBoat(object: unknown): SoakedBoat {
  const { metadata, spec, status } = boat.parse(object);
  return { metadata, town: spec.town, level: spec.level, written: status?.level };
}

/** A boat in one line: of two that differ in anything the lines do too. */
export function lineOf(of: SoakedBoat): string {
  const { uid, resourceVersion } = of.metadata;
  return JSON.stringify([keyOf(of), uid, resourceVersion, of.town, of.level, of.written ?? null]);
}

/** What a pass over a boat saw, in one line. */
export function sightOf(key: string, { uid, resourceVersion }: Stored['metadata']): string {
  return `${key} ${uid}@${resourceVersion}`;
}

/** One hash of many lines, in whatever order they come. */
export function digestOf(lines: Iterable<string>): string {
  const hash = createHash('sha256');
  for (const line of [...lines].sort()) hash.update(line).update('\n');
  return hash.digest('hex');
}
