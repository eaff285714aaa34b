import { LRUCache } from 'lru-cache';
import { addMs, type Clock } from '../base/time.ts';
import type { Permission } from '../forges/identity.ts';
import type { Provider } from '../forges/provider.ts';

/** A permission that some promotions take beyond what every one does. */
export interface Need {
  readonly permission: Permission;
  /** Completes "it is needed since …": `apps/podinfo staging changes .github/workflows/ci.yaml` */
  readonly why: string;
}

/** One that was met, and when. */
export interface MetNeed extends Need {
  readonly time: Date;
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

/** How long one is remembered: it may be that no promotion will have it again. */
const rememberMs = 7 * 24 * 3_600_000;

/** How often its time moves: it is shown in a status, and a time alone is not worth a write at each promotion. */
const timeEveryMs = 24 * 3_600_000;

/** Which permissions each credential was asked for beyond what every promotion takes, in the last week. */
export class Needs {
  readonly #known = new LRUCache<string, ReadonlyMap<Permission, MetNeed>>({ max: 1_000 });
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(credential: string, needs: readonly Need[]): void {
    if (needs.length === 0) return;
    const now = this.#clock.now();
    const known = new Map(this.#known.get(credential));
    for (const need of needs) {
      const before = known.get(need.permission);
      const isYoung = before !== undefined && addMs(before.time, timeEveryMs) > now;
      if (!isYoung) known.set(need.permission, { ...need, time: now });
    }
    this.#known.set(credential, known);
  }

  /**
   * What a status says that was met before the process started. What is known better stays.
   * @param possible what there may be a need of: a status may have been written by somebody else
   */
  recall(
    credential: string,
    written: readonly MetNeed[],
    { permissions: { sometimes: possible = [] } }: Pick<Provider, 'permissions'>,
  ): void {
    const known = this.#known.get(credential);
    const now = this.#clock.now();
    const news = written.filter(
      ({ permission, time }) =>
        known?.has(permission) !== true && possible.includes(permission) && time <= now,
    );
    if (news.length === 0) return;
    this.#known.set(
      credential,
      new Map([...(known ?? []), ...news.map((need) => [need.permission, need] as const)]),
    );
  }

  of(credential: string): readonly MetNeed[] {
    const forgotten = addMs(this.#clock.now(), -rememberMs);
    return [...(this.#known.get(credential)?.values() ?? [])].filter(({ time }) => time > forgotten);
  }

  forget(credential: string): void {
    this.#known.delete(credential);
  }
}
