import { LRUCache } from 'lru-cache';
import { isOlder } from '../../kube/resource-version.ts';

/** One Secret as one kind of Credential for one host reads it. */
export interface SecretUse {
  /** `namespace/name` */
  readonly secret: string;
  readonly kind: 'app' | 'token';
  readonly host: string;
}

interface Seen {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Of what it held; undefined when that could not be used. */
  readonly identity: string | undefined;
}

/**
 * What each Secret held when it was last read, and for which Credentials, so that what came of an earlier key ends when another one takes
 * its place. Holds no key. What is returned are the identities that are not there any more.
 */
export class CurrentSecrets {
  readonly #seen = new LRUCache<string, Seen>({ max: 4_000 });
  readonly #useOf = new Map<string, string>();

  /** @param credential `namespace/name` */
  saw(credential: string, use: SecretUse, { uid, resourceVersion, identity }: Seen): string[] {
    const key = keyOf(use);
    const left = this.#useOf.get(credential) === key ? [] : this.leave(credential);
    this.#useOf.set(credential, key);
    const before = this.#seen.get(key);
    // Two reads may overtake each other.
    if (before?.uid === uid && isOlder(resourceVersion, before.resourceVersion)) return left;
    this.#seen.set(key, { uid, resourceVersion, identity });
    return before?.identity === undefined || before.identity === identity ? left : [...left, before.identity];
  }

  /** It cannot be read any more. */
  lost(use: SecretUse): string[] {
    return this.#forget(keyOf(use));
  }

  /** The Credential is gone, or for another Secret now. */
  leave(credential: string): string[] {
    const key = this.#useOf.get(credential);
    this.#useOf.delete(credential);
    if (key === undefined || [...this.#useOf.values()].includes(key)) return [];
    return this.#forget(key);
  }

  /** Whether something else has been seen in it since. */
  isReplaced(use: SecretUse, identity: string): boolean {
    const now = this.#seen.get(keyOf(use))?.identity;
    return now !== undefined && now !== identity;
  }

  #forget(key: string): string[] {
    const before = this.#seen.get(key);
    this.#seen.delete(key);
    return before?.identity === undefined ? [] : [before.identity];
  }
}

function keyOf({ secret, kind, host }: SecretUse): string {
  return [secret, kind, host].join(' ');
}
