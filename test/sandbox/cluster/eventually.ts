import { setTimeout as delay } from 'node:timers/promises';

/** Resolves as soon as `condition` holds; rejects, naming `what`, when it does not within `deadlineMs`. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { deadlineMs = 20_000 }: { deadlineMs?: number } = {},
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await delay(20);
  }
}
