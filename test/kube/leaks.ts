import { getEventListeners } from 'node:events';
import { eventually } from '../sandbox/cluster/eventually.ts';

/** What keeps the process busy, by kind: timers, sockets, and so on. */
export type Resources = Readonly<Record<string, number>>;

export function countResources(): Resources {
  const counted: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counted[kind] = (counted[kind] ?? 0) + 1;
  return counted;
}

/** Resolves once there is no more of anything than there was before; rejects, saying of what there is more, when that does not come. */
export async function nothingLeft(before: Resources): Promise<void> {
  const surplus = (): string[] =>
    Object.entries(countResources()).flatMap(([kind, count]) =>
      count > (before[kind] ?? 0) ? [`${kind}: ${count}, before ${before[kind] ?? 0}`] : [],
    );
  await eventually('nothing is left', () => surplus().length === 0).catch((late: unknown) => {
    throw new Error(`left behind: ${surplus().join('; ')}`, { cause: late });
  });
}

/** How many listeners hang on these signals, all together. */
export function countListeners(signals: Iterable<AbortSignal>): number {
  return [...signals].reduce((sum, signal) => sum + getEventListeners(signal, 'abort').length, 0);
}
