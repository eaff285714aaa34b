/** What tells an object, as it was at one moment, from every other one. */
export interface ObjectVersion {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/**
 * One version of one object as a number of 32 bits. Of many objects the sum modulo 2^32 stands for all of them in whatever order they came,
 * so that two who should know the same can be compared by one number. It guards against chance, not against intent.
 * @see FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/, over UTF-16 units; its last bits alone know of the last character, so it is mixed
 * once more as MurmurHash3 ends, lest one version too many and one too few make up for each other.
 */
export function checksumOf({ namespace, name, uid, resourceVersion }: ObjectVersion): number {
  let hash = 0x811c9dc5;
  for (const text of [namespace, name, uid, resourceVersion]) {
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ separator, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** In no name, uid or version. */
const separator = 0x2f;
