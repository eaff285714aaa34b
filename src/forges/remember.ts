import { z, type ZodType } from 'zod';
import type { Connection } from './connection.ts';

/** What seldom changes is asked for again after this. */
const rememberMs = 3_600_000;

/**
 * What was kept under this key within the last hour; undefined when nothing was, or it was forgotten.
 * @param key names whatever the value depends on: see `Connection.memory`
 */
export function recall<T>({ memory, now }: Connection, key: string, schema: ZodType<T>): T | undefined {
  const kept = memory.get(key);
  if (kept === undefined) return undefined;
  const { data } = z.object({ at: z.number(), value: schema }).safeParse(JSON.parse(kept));
  const age = data === undefined ? Infinity : now().getTime() - data.at;
  return age >= 0 && age < rememberMs ? data?.value : undefined;
}

/** @param value plain JSON */
export function keep({ memory, now }: Connection, key: string, value: unknown): void {
  memory.set(key, JSON.stringify({ at: now().getTime(), value }));
}
