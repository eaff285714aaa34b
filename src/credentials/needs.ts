import { LRUCache } from 'lru-cache';
import type { Permission } from '../forges/identity.ts';
import type { Provider } from '../forges/provider.ts';

/** A permission that some promotions take beyond what every one does. */
export interface Need {
  readonly permission: Permission;
  /** Completes "it is needed since …": `apps/podinfo staging changes .github/workflows/ci.yaml` */
  readonly why: string;
}

/** What changing these files takes beyond what every promotion does, each permission once. */
export function needsOf(
  { permissionsFor }: Provider,
  { by, paths }: { readonly by: string; readonly paths: readonly string[] },
): readonly Need[] {
  const needs = paths.flatMap((path) =>
    (permissionsFor?.(path) ?? []).map((permission) => ({ permission, why: `${by} changes ${path}` })),
  );
  return needs.filter(
    ({ permission }, index) => needs.findIndex((each) => each.permission === permission) === index,
  );
}

/** Which permissions each credential was asked for since the process started, beyond what every promotion takes. */
export class Needs {
  readonly #known = new LRUCache<string, ReadonlyMap<Permission, Need>>({ max: 1_000 });

  note(credential: string, needs: readonly Need[]): void {
    if (needs.length === 0) return;
    const known = new Map(this.#known.get(credential));
    for (const need of needs) known.set(need.permission, need);
    this.#known.set(credential, known);
  }

  of(credential: string): readonly Need[] {
    return [...(this.#known.get(credential)?.values() ?? [])];
  }

  forget(credential: string): void {
    this.#known.delete(credential);
  }
}
