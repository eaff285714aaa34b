import { createInterface } from 'node:readline';
import { Agent, request } from 'undici';
import { z } from 'zod';

/**
 * The limit that a cold start is measured against: reads the same objects as the beginning of a
 * watch, as the controller does, parses them as JSON and keeps nothing.
 * Reads its setting, one JSON line, from stdin; prints `{objects, bytes, cpuMs}` when it has them all.
 */
export const bareSetting = z.object({
  server: z.string(),
  ca: z.string(),
  token: z.string(),
  paths: z.array(z.string()),
});

const event = z.object({
  type: z.string(),
  object: z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()).optional() }) }),
});
const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

async function readAll({ server, ca, token, paths }: z.infer<typeof bareSetting>): Promise<object> {
  const dispatcher = new Agent({ connect: { ca } });
  let objects = 0;
  let bytes = 0;
  const read = async (path: string): Promise<void> => {
    const answer = await request(`${server}${path}?${query}`, {
      dispatcher,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    });
    for await (const line of createInterface({ input: answer.body })) {
      bytes += line.length;
      const { type, object } = event.parse(JSON.parse(line));
      if (type === 'BOOKMARK' && object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true')
        return;
      objects += 1;
    }
  };
  await Promise.all(paths.map(read));
  const { user, system } = process.cpuUsage();
  return { objects, bytes, cpuMs: (user + system) / 1000 };
}

if (import.meta.main) {
  for await (const line of createInterface({ input: process.stdin })) {
    const read = await readAll(bareSetting.parse(JSON.parse(line)));
    // The watches stay open, and would keep the process from its end.
    process.stdout.write(`${JSON.stringify(read)}\n`, () => process.exit(0));
  }
}
