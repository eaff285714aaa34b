import type { Stored } from '../../src/kube/reflector/store.ts';

/** An object with as little as a store needs. */
export interface Boat extends Stored {
  readonly harbour: string;
}

export interface BoatParts {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly version?: number;
  readonly harbour?: string;
}

/** A boat; of the same name the same one, unless `uid` says otherwise. */
export function boat({
  name = 'anna',
  namespace = 'canal',
  uid = `uid-of-${name}`,
  version = 1,
  harbour = 'Ghent',
}: BoatParts = {}): Boat {
  return { metadata: { name, namespace, uid, resourceVersion: String(version) }, harbour };
}
