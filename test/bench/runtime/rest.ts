import { sleep } from '../../../src/base/time.ts';
import { cpuMs } from '../process-meter.ts';

const lookEveryMs = 100;
const windowMs = 2_000;
/** What a process may use in that time and still be taken to have nothing to do. */
const restingMs = 60;

export interface Rest {
  /** Processor time up to then, in milliseconds. */
  readonly cpuMs: number;
  /** When the rest began, as `performance.now()` has it, to within 0.1 s. */
  readonly at: number;
}

/** Waits until a process has used next to no processor time for two seconds. Rejects when it does not come to rest in time. */
export async function untilAtRest(pid: number, deadlineMs: number, signal: AbortSignal): Promise<Rest> {
  const deadline = performance.now() + deadlineMs;
  const seen: Rest[] = [];
  for (;;) {
    const now: Rest = { cpuMs: await cpuMs(pid), at: performance.now() };
    const before = seen.findLast(({ at }) => now.at - at >= windowMs);
    if (before !== undefined && now.cpuMs - before.cpuMs <= restingMs) return before;
    if (now.at > deadline) throw new Error(`process ${pid} did not come to rest within ${deadlineMs} ms`);
    seen.push(now);
    await sleep(lookEveryMs, signal);
  }
}
