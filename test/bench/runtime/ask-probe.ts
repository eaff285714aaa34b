import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** For `--import`. */
export const probeProgram = fileURLToPath(new URL('probe.ts', import.meta.url));

const told = z.object({
  stalls: z.array(z.object({ endMs: z.number(), ms: z.number(), cpuMs: z.number() })),
  loadedMs: z.number().optional(),
});

/** How long the event loop of a process stood still, in milliseconds. */
export interface Stalls {
  /** While modules were loaded, before the first request. */
  readonly loadingMs: number;
  readonly afterMs: number;
  /** The longest that the main thread itself ran in one of those, while others may have had the processor in the rest. */
  readonly afterCpuMs: number;
  /** The longest ones, for people: how long, and when since the start of the process. */
  readonly told: string;
}

/** What `probe.ts` saw up to now; it sees nothing from now on. */
export async function askProbe(socketPath: string): Promise<Stalls> {
  const { stalls, loadedMs = 0 } = told.parse(JSON.parse(await text(connect(socketPath))));
  const longest = (of: typeof stalls): number => Math.max(0, ...of.map(({ ms }) => ms));
  // The first request goes out in the turn that has loaded the last module.
  const isLoading = ({ endMs, ms }: (typeof stalls)[number]): boolean => endMs - ms < loadedMs;
  const after = stalls.filter((each) => !isLoading(each));
  return {
    loadingMs: longest(stalls.filter(isLoading)),
    afterMs: longest(after),
    afterCpuMs: Math.max(0, ...after.map(({ cpuMs }) => cpuMs)),
    told: stalls
      .toSorted((a, b) => b.ms - a.ms)
      .slice(0, 8)
      .map(
        ({ ms, cpuMs, endMs }) =>
          `${Math.round(ms)} (ran ${Math.round(cpuMs)}) ms at ${(endMs / 1000).toFixed(1)} s`,
      )
      .join(', '),
  };
}
